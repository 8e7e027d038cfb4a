"""What the portal knows of organisations and members, for the rows that are about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from portal.importing import temporary
from portal.importing.shapes import Kept
from portal.lib import days, money

# What an update may change of an organisation that is known.
CONTACTS = ("name", "owner_email", "billing_email", "customer_reference")

_ACCOUNT = "(SELECT {} FROM customers_creditaccount a WHERE a.organisation_id = k.id)"
_OPENED = (
    "coalesce((SELECT e.amount FROM customers_ledgerentry e JOIN customers_creditaccount a ON a.id = e.account_id "
    "WHERE a.organisation_id = k.id AND e.kind = 'opening_balance'), 0)"
)


def _all_organisations(keys: str) -> str:
    """The database has the last word about an organisation that is in both, whatever the portal did to it since."""
    return f"""
        SELECT r.*, c.digits, z.today FROM (
            SELECT u.uuid, k.id, s.line,
                   coalesce(k.currency, s.currency) AS currency, coalesce(k.timezone, s.timezone) AS timezone
            FROM ({keys}) u
            LEFT JOIN (SELECT DISTINCT ON (uuid) * FROM import_organisations ORDER BY uuid, line) s
                   ON s.uuid = u.uuid
            LEFT JOIN customers_organisation k ON k.uuid = u.uuid
            WHERE s.line IS NOT NULL OR k.id IS NOT NULL
        ) r
        LEFT JOIN import_currency c ON c.currency = r.currency
        LEFT JOIN import_zone z ON z.timezone = r.timezone
    """  # noqa: S608 - from the declarations


ORGANISATIONS = Kept(
    tables="customers_organisation k",
    same="k.uuid = s.uuid",
    now={
        "name": "k.name",
        "country": "k.country",
        "currency": "k.currency",
        "timezone": "k.timezone",
        "status": "k.status",
        "payment_mode": "k.payment_mode",
        "credit_limit": _ACCOUNT.format("a.credit_limit"),
        "opening_balance": _OPENED,
        "owner_email": "k.owner_email",
        "billing_email": "k.billing_email",
        "customer_reference": "k.customer_reference",
        "created_on": "k.created_on",
    },
    changeable=CONTACTS,
    everything=_all_organisations,
)
MEMBERS = Kept(
    tables="customers_member k JOIN customers_organisation o ON o.id = k.organisation_id",
    same="o.uuid = s.organisation_uuid AND k.email = s.email",
    now={"name": "k.name", "role": "k.role"},
)


def tell_today_and_digits(cursor: Any, *, at: datetime) -> None:
    """Write down what day it is in each organisation's zone, and the decimals of each currency."""
    zones = [name for name in _distinct(cursor, "timezone") if days.is_timezone(name)]
    temporary.create_as(
        cursor,
        "import_zone",
        "SELECT * FROM unnest(%s::text[], %s::date[]) z (timezone, today)",
        [zones, [days.today_in(name, at=at) for name in zones]],
    )
    currencies = [code for code in _distinct(cursor, "currency") if money.is_currency(code)]
    temporary.create_as(
        cursor,
        "import_currency",
        "SELECT * FROM unnest(%s::text[], %s::integer[]) c (currency, digits)",
        [currencies, [money.minor_digits(code) for code in currencies]],
    )


def _distinct(cursor: Any, column: str) -> Iterable[str]:
    cursor.execute(
        f"SELECT {column} FROM import_organisations WHERE {column} IS NOT NULL "  # noqa: S608
        f"UNION SELECT {column} FROM customers_organisation"
    )
    return [name for (name,) in cursor.fetchall()]
