"""What was imported of customers still says what its row said, unless staff corrected contacts or members."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry, rows

ROWS = (
    rows.Row(
        "organisations",
        """
        SELECT format('organisation %%s', o.uuid) AS place, o.*, a.credit_limit, coalesce(e.amount, 0) AS opening
        FROM customers_organisation o
        LEFT JOIN customers_creditaccount a ON a.organisation_id = o.id
        LEFT JOIN customers_ledgerentry e ON e.account_id = a.id AND e.kind = 'opening_balance'
        WHERE NOT EXISTS (SELECT FROM audit_auditentry g
                          WHERE g.organisation_uuid = o.uuid AND g.event = 'Contacts changed')
        """,
        {
            "uuid": "b.uuid::text",
            "name": "b.name",
            "country": "b.country",
            "currency": "b.currency",
            "timezone": "b.timezone",
            "status": "b.status",
            "payment_mode": "b.payment_mode",
            "credit_limit": rows.amount("b.credit_limit"),
            "opening_balance": rows.amount("b.opening"),
            "owner_email": "b.owner_email",
            "billing_email": "b.billing_email",
            "customer_reference": "b.customer_reference",
            "created_on": rows.day("b.created_on"),
        },
    ),
    rows.Row(
        "members",
        f"""
        SELECT format('organisation %%s, member %%s', o.uuid, m.email) AS place, m.*, o.uuid
        FROM customers_member m JOIN customers_organisation o ON o.id = m.organisation_id
        WHERE NOT {rows.corrected("customers", "member", "m.id")}
        """,
        {
            "organisation_uuid": "b.uuid::text",
            "email": "b.email",
            "name": "b.name",
            "role": "b.role",
        },
    ),
)

registry.declare(__name__, 900, *(rows.check(row) for row in ROWS))
