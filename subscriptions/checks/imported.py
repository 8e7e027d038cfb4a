"""What was imported of subscriptions still says what its row said, unless staff corrected a plan."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry, rows

ROWS = (
    rows.Row(
        "plans",
        f"""
        SELECT format('plan %%s', l.sku) AS place, l.*, p.name AS product
        FROM subscriptions_plan l JOIN subscriptions_product p ON p.id = l.product_id
        WHERE NOT {rows.corrected("subscriptions", "plan", "l.id")}
          AND NOT {rows.corrected("subscriptions", "product", "p.id")}
        """,
        {
            "sku": "b.sku",
            "product": "b.product",
            "name": "b.name",
            "currency": "b.currency",
            "price_per_month": rows.amount("b.price_per_month"),
        },
    ),
    rows.Row(
        "contracts",
        """
        SELECT format('contract %%s', c.reference) AS place, c.*, o.uuid
        FROM subscriptions_contract c JOIN customers_organisation o ON o.id = c.organisation_id
        """,
        {
            "reference": "b.reference",
            "organisation_uuid": "b.uuid::text",
            "billing_plan": "b.billing_plan",
            "starts_on": rows.day("b.starts_on"),
            "ends_on": rows.day("b.ends_on"),
            "status": "b.status",
        },
    ),
    rows.Row(
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
            "started_on": rows.day("b.started_on"),
            "auto_renew": "w.auto_renew",
            "trial": "b.is_trial::text",
            "contract_reference": "b.reference",
            "expires_on": "w.expires_on",
            "terminated_on": rows.day("b.terminated_on"),
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
    rows.Row(
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
            "starts_on": rows.day("b.first_day"),
            "months": "b.months::text",
            "net": rows.amount("b.net"),
            "tax": rows.amount("b.tax"),
            "paid": rows.amount("b.paid"),
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
    rows.Row(
        "numbers",
        """
        SELECT format('subscription %%s, number %%s', s.uuid, n.number) AS place, n.*, s.uuid
        FROM subscriptions_phonenumber n JOIN subscriptions_subscription s ON s.id = n.subscription_id
        """,
        {"number": "b.number", "subscription_uuid": "b.uuid::text", "ported_in": "b.is_ported_in::text"},
    ),
    rows.Row(
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
            "net": rows.amount("b.net"),
            "tax": rows.amount("b.tax"),
            "status": "w.status",
            "issued_on": "w.issued_on",
            "subscription_uuid": "b.subscription_uuid::text",
            "cycle_starts_on": rows.day("b.first_day"),
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

registry.declare(__name__, 910, *(rows.check(row) for row in ROWS))
