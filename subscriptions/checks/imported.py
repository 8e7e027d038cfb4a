"""What was imported still says what its row said: the row is written again from what is stored, and hashed again.

What a row said and the portal has changed since, as it may, is tried as it can have been (an expiry, auto-renewal,
a note's status); where the portal keeps no trace of what it was, every day is. Records that staff corrected
(members and plans in the admin, a customer's contacts) are left out: their row can't be written again. Columns
come in the order of the format; a test compares it.
"""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from dataclasses import dataclass

from portal.verification import registry
from portal.verification.check import Check


@dataclass(frozen=True)
class Row:
    """Say how the row of a file is written from what is stored.

    *Shape*: `stored` gives the records as `b` with `place` and `row_sha256`; `columns` are SQL over `b` and what
    was tried, in the order of the format; `tried` and `searched` give what may have been: the second where the
    first fits nothing.
    """

    file: str
    stored: str
    columns: dict[str, str]
    tried: str = "(SELECT 1) w"
    searched: str = ""


def _day(column: str) -> str:
    return f"to_char({column}, 'YYYY-MM-DD')"


def _amount(column: str) -> str:
    return f"trim_scale({column})::text"


def _corrected(app: str, model: str, key: str) -> str:
    """Ask whether staff corrected a record in the admin."""
    return f"""EXISTS (SELECT FROM django_admin_log g JOIN django_content_type y ON y.id = g.content_type_id
        WHERE y.app_label = '{app}' AND y.model = '{model}' AND g.object_id = {key}::text)"""


ROWS = (
    Row(
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
            "credit_limit": _amount("b.credit_limit"),
            "opening_balance": _amount("b.opening"),
            "owner_email": "b.owner_email",
            "billing_email": "b.billing_email",
            "customer_reference": "b.customer_reference",
            "created_on": _day("b.created_on"),
        },
    ),
    Row(
        "members",
        f"""
        SELECT format('organisation %%s, member %%s', o.uuid, m.email) AS place, m.*, o.uuid
        FROM customers_member m JOIN customers_organisation o ON o.id = m.organisation_id
        WHERE NOT {_corrected("customers", "member", "m.id")}
        """,
        {
            "organisation_uuid": "b.uuid::text",
            "email": "b.email",
            "name": "b.name",
            "role": "b.role",
        },
    ),
    Row(
        "plans",
        f"""
        SELECT format('plan %%s', l.sku) AS place, l.*, p.name AS product
        FROM subscriptions_plan l JOIN subscriptions_product p ON p.id = l.product_id
        WHERE NOT {_corrected("subscriptions", "plan", "l.id")}
          AND NOT {_corrected("subscriptions", "product", "p.id")}
        """,
        {
            "sku": "b.sku",
            "product": "b.product",
            "name": "b.name",
            "currency": "b.currency",
            "price_per_month": _amount("b.price_per_month"),
        },
    ),
    Row(
        "contracts",
        """
        SELECT format('contract %%s', c.reference) AS place, c.*, o.uuid
        FROM subscriptions_contract c JOIN customers_organisation o ON o.id = c.organisation_id
        """,
        {
            "reference": "b.reference",
            "organisation_uuid": "b.uuid::text",
            "billing_plan": "b.billing_plan",
            "starts_on": _day("b.starts_on"),
            "ends_on": _day("b.ends_on"),
            "status": "b.status",
        },
    ),
    Row(
        "subscriptions",
        """
        SELECT format('subscription %%s', s.uuid) AS place, s.*, o.uuid AS owner, p.sku, c.reference,
               t.terminated_on, t.explanation, t.id IS NOT NULL AS has_ended
        FROM subscriptions_subscription s
        JOIN customers_organisation o ON o.id = s.organisation_id
        JOIN subscriptions_plan p ON p.id = s.plan_id
        LEFT JOIN (subscriptions_contractitem m JOIN subscriptions_contract c ON c.id = m.contract_id)
            ON m.subscription_id = s.id
        LEFT JOIN subscriptions_termination t ON t.subscription_id = s.id AND t.case = 'ended_before_move'
        """,
        {
            "uuid": "b.uuid::text",
            "organisation_uuid": "b.owner::text",
            "sku": "b.sku",
            "status": "w.status",
            "started_on": _day("b.started_on"),
            "auto_renew": "w.auto_renew",
            "trial": "b.is_trial::text",
            "contract_reference": "b.reference",
            "expires_on": "w.expires_on",
            "terminated_on": _day("b.terminated_on"),
            "termination_reason": "b.explanation",
        },
        tried="""
        (SELECT k.status, r.auto_renew, d.expires_on
         FROM (VALUES ('active'), ('expired'), ('terminated')) k (status)
         CROSS JOIN (VALUES ('true'), ('false')) r (auto_renew)
         CROSS JOIN (SELECT '' AS expires_on UNION SELECT to_char(b.expires_on, 'YYYY-MM-DD')
                     UNION SELECT to_char(c.day_after - 1, 'YYYY-MM-DD') FROM subscriptions_cycle c
                     WHERE c.subscription_id = b.id) d
         WHERE (k.status = 'terminated') = b.has_ended) w
        """,
        # Its cycles came later than itself: how long it lived before is known nowhere.
        searched="""
        (SELECT k.status, r.auto_renew, to_char(b.started_on + d.place, 'YYYY-MM-DD') AS expires_on
         FROM (VALUES ('active'), ('expired'), ('terminated')) k (status)
         CROSS JOIN (VALUES ('true'), ('false')) r (auto_renew)
         CROSS JOIN generate_series(0, 7500) d (place)
         WHERE (k.status = 'terminated') = b.has_ended
           AND EXISTS (SELECT FROM subscriptions_cycle c WHERE c.subscription_id = b.id)) w
        """,
    ),
    Row(
        "cycles",
        """
        SELECT format('subscription %%s, cycle from %%s', s.uuid, c.first_day) AS place, c.row_sha256, s.uuid,
               c.first_day, c.months, l.net, l.tax, coalesce(p.paid, 0) AS paid, i.id AS invoice_id, i.number,
               i.issued_on, h.is_external_invoice
        FROM subscriptions_cycle c
        JOIN subscriptions_subscription s ON s.id = c.subscription_id
        LEFT JOIN subscriptions_cyclecharge h ON h.cycle_id = c.id
        LEFT JOIN invoicing_chargeline l ON l.id = h.line_id
        LEFT JOIN invoicing_invoice i ON i.id = l.invoice_id
        LEFT JOIN (SELECT r.line_id, sum(r.amount) AS paid
                   FROM invoicing_paymentline r JOIN invoicing_payment p ON p.id = r.payment_id
                   WHERE p.method = 'imported' GROUP BY 1) p ON p.line_id = l.id
        -- A charge that was added later is not the row's.
        WHERE NOT EXISTS (SELECT FROM subscriptions_cyclecharge x WHERE x.cycle_id = c.id AND x.id < h.id)
        """,
        {
            "subscription_uuid": "b.uuid::text",
            "starts_on": _day("b.first_day"),
            "months": "b.months::text",
            "net": _amount("b.net"),
            "tax": _amount("b.tax"),
            "paid": _amount("b.paid"),
            "invoice_number": "b.number",
            "invoice_issued_on": "w.issued_on",
            "activation_fee": "w.fee",
            "external_invoice": "b.is_external_invoice::text",
        },
        tried="""
        (SELECT d.issued_on, f.fee
         FROM (VALUES (''), (to_char(b.issued_on, 'YYYY-MM-DD'))) d (issued_on)
         CROSS JOIN (SELECT '0' AS fee UNION SELECT trim_scale(x.net)::text FROM invoicing_chargeline x
                     WHERE x.invoice_id = b.invoice_id AND x.kind = 'activation_fee') f) w
        """,
    ),
    Row(
        "numbers",
        """
        SELECT format('subscription %%s, number %%s', s.uuid, n.number) AS place, n.*, s.uuid
        FROM subscriptions_phonenumber n JOIN subscriptions_subscription s ON s.id = n.subscription_id
        """,
        {"number": "b.number", "subscription_uuid": "b.uuid::text", "ported_in": "b.is_ported_in::text"},
    ),
    Row(
        "credit_notes",
        """
        SELECT n.number AS place, n.*, o.uuid AS owner, s.uuid AS subscription_uuid, c.first_day,
               n.status = 'void' AS is_void, n.allocated_outside > 0 AS is_applied
        FROM invoicing_creditnote n
        JOIN customers_organisation o ON o.id = n.organisation_id
        LEFT JOIN invoicing_creditnoteline r ON r.credit_note_id = n.id AND r.line_id IS NOT NULL
        LEFT JOIN subscriptions_cyclecharge h ON h.line_id = r.line_id
        LEFT JOIN subscriptions_cycle c ON c.id = h.cycle_id
        LEFT JOIN subscriptions_subscription s ON s.id = c.subscription_id
        """,
        {
            "number": "b.number",
            "organisation_uuid": "b.owner::text",
            "net": _amount("b.net"),
            "tax": _amount("b.tax"),
            "status": "w.status",
            "issued_on": "w.issued_on",
            "subscription_uuid": "b.subscription_uuid::text",
            "cycle_starts_on": _day("b.first_day"),
        },
        # A draft may have been sent here, and any but an applied one voided.
        tried="""
        (SELECT k.status, d.issued_on
         FROM (VALUES ('draft'), ('sent'), ('applied'), ('void')) k (status)
         CROSS JOIN (VALUES (''), (to_char(b.issued_on, 'YYYY-MM-DD'))) d (issued_on)
         WHERE (k.status = 'applied') = b.is_applied AND (k.status <> 'void' OR b.is_void)
           AND (b.status <> 'draft' OR k.status = 'draft')) w
        """,
        # Sent here, a draft got another day.
        searched="""
        (SELECT 'draft' AS status, to_char(b.created_at::date - d.place, 'YYYY-MM-DD') AS issued_on
         FROM generate_series(-400, 7500) d (place)
         WHERE b.sent_at IS NOT NULL) w
        """,
    ),
)


def _check(row: Row) -> Check:
    written = " || chr(31) || ".join(f"coalesce({value}, '')" for value in row.columns.values())
    fits = f"encode(sha256(convert_to({written}, 'UTF8')), 'hex') = b.row_sha256"
    found = [f"NOT EXISTS (SELECT FROM {row.tried} WHERE {fits})"]
    if row.searched:
        found.append(f"NOT EXISTS (SELECT FROM {row.searched} WHERE {fits})")
    return Check(
        "imported_row",
        f"it no longer says what its row of {row.file}.csv said when it was imported",
        f"SELECT b.place FROM ({row.stored}) b WHERE b.row_sha256 <> '' AND {' AND '.join(found)} ORDER BY b.place",
    )


registry.declare(__name__, 900, *(_check(row) for row in ROWS))
