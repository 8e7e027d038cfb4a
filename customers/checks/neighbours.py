"""What stands beside each other says the same: on which day an entry was, and what topped up."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from customers.checks.names import DAY, ENTRIES, ENTRY
from portal.verification import registry
from portal.verification.check import Check

registry.declare(
    __name__,
    530,
    Check(
        "entry_day",
        "its day is {kept}, its instant is {wanted} where its organisation lives",
        # Opening balances, and charges and top-ups that were made elsewhere, may be told by their day alone.
        f"""
        SELECT {ENTRY} AS place, e.on AS kept, {DAY.format(at="e.at")} AS wanted FROM {ENTRIES}
        WHERE e.kind IN ('refund', 'correction', 'credit_note') AND e.on <> {DAY.format(at="e.at")}
        ORDER BY e.account_id, e.seq
        """,
    ),
)

registry.declare(
    __name__,
    570,
    Check(
        "top_up_entry",
        "it tops up by {amount}, its entry moves {moved} as {kind}",
        """
        SELECT format('top-up %%s', u.uuid) AS place, u.amount, coalesce(e.amount, 0) AS moved,
               coalesce(e.kind, 'nothing') AS kind
        FROM customers_topup u
        LEFT JOIN customers_ledgerentry e ON e.id = u.entry_id
        LEFT JOIN customers_creditaccount a ON a.id = e.account_id
        WHERE (e.kind, e.amount, e.cause_id, a.organisation_id)
              IS DISTINCT FROM ('top_up', u.amount, u.uuid, u.organisation_id)
        ORDER BY u.id
        """,
    ),
)
