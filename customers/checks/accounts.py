"""Every organisation has a credit account, and every entry of the ledger belongs to one."""

from __future__ import annotations

from portal.verification.check import Check

CHECKS: tuple[Check, ...] = (
    Check(
        "account_missing",
        "it has no credit account",
        """
        SELECT format('organisation %%s', o.uuid) AS place FROM customers_organisation o
        LEFT JOIN customers_creditaccount a ON a.organisation_id = o.id
        WHERE a.id IS NULL ORDER BY o.id
        """,
    ),
    Check(
        "entry_without_account",
        "it belongs to no account of an organisation",
        """
        SELECT format('account %%s, entry %%s', e.account_id, e.seq) AS place
        FROM customers_ledgerentry e
        LEFT JOIN (customers_creditaccount a JOIN customers_organisation o ON o.id = a.organisation_id)
            ON a.id = e.account_id
        WHERE a.id IS NULL ORDER BY e.account_id, e.seq
        """,
    ),
)
