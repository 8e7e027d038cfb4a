"""The audit tells of the top-ups and corrections of a customer as often as forms have posted one."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check


def counted(*events: str, rows: str, may_be_more: bool = False) -> Check:
    """See that the audit tells of as much as forms wrote, by organisation.

    *Shape*: `events` are those that the audit keeps of it; `rows` gives the organisation of each; `may_be_more`
    says that other ways lead to the same events.
    """
    return Check(
        "audit_count",
        f"{' or '.join(f'“{event}”' for event in events)}: the audit tells it {{told}} times, {{there}} are there",
        f"""
        SELECT format('organisation %%s', o.uuid) AS place, coalesce(e.told, 0) AS told,
               coalesce(r.there, 0) AS there
        FROM customers_organisation o
        LEFT JOIN (SELECT organisation_uuid, count(*) AS told FROM audit_auditentry
                   WHERE event IN ({", ".join(f"'{event}'" for event in events)}) GROUP BY 1) e
            ON e.organisation_uuid = o.uuid
        LEFT JOIN (SELECT organisation_id, count(*) AS there FROM ({rows}) f GROUP BY 1) r
            ON r.organisation_id = o.id
        WHERE coalesce(e.told, 0) {"<" if may_be_more else "<>"} coalesce(r.there, 0) ORDER BY o.id
        """,
    )


registry.declare(
    __name__,
    730,
    counted("Topped up", rows="SELECT organisation_id FROM customers_topup"),
    counted(
        "Correction posted",
        rows="SELECT a.organisation_id FROM customers_ledgerentry e "
        "JOIN customers_creditaccount a ON a.id = e.account_id "
        "WHERE e.kind = 'correction' AND e.request_id IS NOT NULL",
    ),
)
