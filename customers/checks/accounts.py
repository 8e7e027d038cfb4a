"""Every organisation has a credit account, and every entry of the ledger belongs to one."""

from __future__ import annotations

from django.db import connection

from portal.verification import registry
from portal.verification.check import Check
from portal.verification.shapes import Counted

registry.declare(
    __name__,
    110,
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


def count() -> Counted:
    """Count what is looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM customers_organisation), (SELECT count(*) FROM customers_ledgerentry)"
        )
        organisations, entries = cursor.fetchone()
    return Counted(organisations=organisations, entries=entries)
