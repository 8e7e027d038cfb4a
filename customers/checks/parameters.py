"""What statements of checks may be told of the customers.

*Shape*: %(zones)s are the time zones of organisations that PostgreSQL knows; %(currencies)s and %(digits)s their
currencies with the decimals of their minor units.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from portal.lib import money
from portal.verification import registry


@registry.declare_parameters
def parameters() -> dict[str, Any]:
    """Read them. Three queries."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT timezone FROM customers_organisation")
        used = [zone for (zone,) in cursor.fetchall()]
        # The table of names is a directory of files: read once. A zone that only Python knows can't be asked here.
        cursor.execute("SELECT name FROM pg_timezone_names WHERE name = ANY(%s)", [used])
        zones = [zone for (zone,) in cursor.fetchall()]
        cursor.execute("SELECT DISTINCT currency FROM customers_organisation")
        currencies = [code for (code,) in cursor.fetchall() if money.is_currency(code)]
    return {
        "zones": zones,
        "currencies": currencies,
        "digits": [money.minor_digits(code) for code in currencies],
    }
