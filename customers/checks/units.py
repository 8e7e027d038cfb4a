"""Top-ups are whole minor units of their currency, as documents are; only balances go below them."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check


def whole(table: str, named: str, *columns: str) -> Check:
    """See that the amounts in columns of a table have no more decimals than their currency."""
    values = ", ".join(f"('{column}', r.{column})" for column in columns)
    return Check(
        "minor_unit",
        "its {name} is {amount}, which is no whole number of the smallest unit of {currency}",
        f"""
        SELECT format('{named} %%s', r.id) AS place, v.name, v.amount, r.currency
        FROM {table} r
        JOIN unnest(%(currencies)s::text[], %(digits)s::int[]) AS d (currency, digits) ON d.currency = r.currency
        CROSS JOIN LATERAL (VALUES {values}) AS v (name, amount)
        WHERE v.amount <> round(v.amount, d.digits) ORDER BY r.id
        """,
    )


registry.declare(__name__, 810, whole("customers_topup", "top-up", "amount"))
