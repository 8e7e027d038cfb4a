"""Amounts of documents are whole minor units of their currency; only balances go below them."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check

# Table, how its row is named, its columns of amounts.
_TABLES = (
    ("invoicing_chargeline", "charge line", ("net", "tax", "paid", "noted", "waived", "refunded", "put_in")),
    ("invoicing_invoice", "invoice", ("charged", "paid", "waived")),
    ("invoicing_payment", "payment", ("amount", "surplus", "surplus_taken_back")),
    ("invoicing_paymentline", "payment line", ("amount", "taken_back")),
    ("invoicing_creditnote", "credit note", ("net", "tax", "allocated", "allocated_outside")),
    ("invoicing_creditnoteline", "credit note line", ("net", "tax")),
    ("invoicing_creditnoteallocation", "allocation", ("amount", "taken_back")),
    ("invoicing_creditnotestand", "stand of a credit note", ("net", "tax")),
    ("invoicing_creditnoteputin", "put in by a credit note", ("amount",)),
    ("invoicing_creditnoteputinline", "part put in", ("amount", "taken_back")),
    ("invoicing_takeback", "take-back", ("amount", "surplus", "moved")),
    ("invoicing_takebackline", "part taken back", ("amount",)),
    ("invoicing_chargewaiver", "waiver", ("amount",)),
    ("invoicing_chargerefund", "refund of a charge", ("net", "tax")),
    ("customers_topup", "top-up", ("amount",)),
    ("subscriptions_termination", "termination row", ("credited", "waived")),
    ("subscriptions_plan", "plan", ("price_per_month",)),
)


def _check(table: str, named: str, columns: tuple[str, ...]) -> Check:
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


registry.declare(__name__, 800, *(_check(*table) for table in _TABLES))
