"""What statements of checks may be told of the customers.

*Shape*: %(zones)s are the time zones of organisations that PostgreSQL knows; %(currencies)s and %(digits)s their
currencies with the decimals of their minor units.
"""

from __future__ import annotations

import functools
from typing import Any

from django.db import connection

from portal.lib import money
from portal.verification import registry


@registry.declare_parameters
def parameters() -> dict[str, Any]:
    """Read them. Two queries, and at first a third."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT timezone FROM customers_organisation")
        # A zone that only Python knows can't be asked here.
        zones = [zone for (zone,) in cursor.fetchall() if zone in _known_zones()]
        cursor.execute("SELECT DISTINCT currency FROM customers_organisation")
        currencies = [code for (code,) in cursor.fetchall() if money.is_currency(code)]
    return {
        "zones": zones,
        "currencies": currencies,
        "digits": [money.minor_digits(code) for code in currencies],
    }


@functools.cache
def _known_zones() -> frozenset[str]:
    """Read the time zones that PostgreSQL knows: the view opens a directory of files each time it is asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        return frozenset(zone for (zone,) in cursor.fetchall())
