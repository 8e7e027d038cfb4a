"""The floor of renewals: their writes by hand, each one statement over everything, all in one transaction.

What a batch needs is left out: no places to go on from, no savepoints, nothing skipped that is locked, no taxes and
no prices that change, no credit that is short. What stays is what the database must do: the same rows, with every
key, check and trigger on.
"""

from __future__ import annotations

import time
from datetime import datetime

from bench.world import World

_DUE = """
CREATE TEMPORARY TABLE due ON COMMIT DROP AS
SELECT s.id, s.uuid, s.organisation_id, s.currency, s.plan_id, p.name AS plan, c.months, c.day_after AS first_day,
       (date_trunc('month', c.day_after::timestamp) + make_interval(months => c.months))::date
       + least(extract(day FROM s.started_on), extract(day FROM date_trunc('month', c.day_after::timestamp)
               + make_interval(months => c.months + 1) - interval '1 day'))::int - 1 AS day_after,
       l.net, l.tax, o.uuid AS organisation, o.name, o.payment_mode = 'postpaid' AS is_postpaid, d.digits,
       nextval('subscriptions_cycle_id_seq') AS cycle_id, nextval('invoicing_chargeline_id_seq') AS line_id,
       dense_rank() OVER (ORDER BY s.organisation_id, s.expires_on) AS document
FROM subscriptions_subscription s
JOIN subscriptions_plan p ON p.id = s.plan_id
JOIN customers_organisation o ON o.id = s.organisation_id
JOIN (SELECT DISTINCT ON (subscription_id) * FROM subscriptions_cycle
      ORDER BY subscription_id, first_day DESC) c ON c.subscription_id = s.id
JOIN subscriptions_cyclecharge g ON g.cycle_id = c.id
JOIN invoicing_chargeline l ON l.id = g.line_id
JOIN (SELECT currency, max(scale(trim_scale(price_per_month))) AS digits FROM subscriptions_plan GROUP BY 1) d
    ON d.currency = s.currency
WHERE s.status = 'active' AND s.auto_renew AND s.expires_on - current_date <= 7
"""
_LOCK = """
SELECT count(*) FROM (
    SELECT id FROM subscriptions_subscription
    WHERE status = 'active' AND auto_renew AND expires_on - current_date <= 7 ORDER BY id FOR NO KEY UPDATE) s
"""

_STEPS = (
    """
    INSERT INTO subscriptions_cycle (id, subscription_id, first_day, day_after, months, row_sha256)
    SELECT cycle_id, id, first_day, day_after, months, '' FROM due ORDER BY id
    """,
    """
    UPDATE subscriptions_subscription s SET expires_on = due.day_after - 1 FROM due WHERE s.id = due.id
    """,
    """
    CREATE TEMPORARY TABLE documents ON COMMIT DROP AS
    SELECT d.*, gen_random_uuid() AS uuid, nextval('invoicing_invoice_id_seq') AS invoice_id,
           nextval('invoicing_payment_id_seq') AS payment_id, n.id AS series_id,
           n.last_number + d.document AS place,
           n.prefix || lpad((n.last_number + d.document)::text,
                            greatest(n.length, length((n.last_number + d.document)::text)), '0') AS number
    FROM (SELECT document, organisation_id, currency, is_postpaid, sum(net + tax) AS charged
          FROM due GROUP BY 1, 2, 3, 4 ORDER BY 1) d
    JOIN invoicing_numberseries n ON n.document = 'invoice'
    """,
    "ANALYZE documents",
    """
    UPDATE invoicing_numberseries SET last_number = (SELECT max(place) FROM documents) WHERE document = 'invoice'
    """,
    """
    INSERT INTO invoicing_invoice
        (id, uuid, number, series_id, sequence_number, organisation_id, currency, kind, status, issued_on,
         created_at, charged, paid, waived)
    SELECT invoice_id, uuid, number, series_id, place, organisation_id, currency,
           CASE WHEN is_postpaid THEN 'proforma' ELSE 'tax' END, 'paid', current_date, %(at)s, charged, charged, 0
    FROM documents ORDER BY document
    """,
    """
    INSERT INTO invoicing_chargeline
        (id, invoice_id, currency, kind, description, net, tax, paid, noted, waived, refunded)
    SELECT line_id, invoice_id, due.currency, 'plan',
           plan || ', ' || to_char(first_day, 'FMDD FMMonth YYYY') || ' to '
               || to_char(day_after - 1, 'FMDD FMMonth YYYY'), net, tax, net + tax, 0, 0, 0
    FROM due JOIN documents d ON d.document = due.document ORDER BY line_id
    """,
    """
    INSERT INTO invoicing_payment
        (id, uuid, invoice_id, currency, amount, method, received_on, reference, created_at, actor)
    SELECT payment_id, gen_random_uuid(), invoice_id, currency, charged, 'credits', current_date, '', %(at)s,
           'system'
    FROM documents ORDER BY document
    """,
    """
    INSERT INTO invoicing_paymentline (payment_id, line_id, currency, amount)
    SELECT payment_id, line_id, due.currency, net + tax
    FROM due JOIN documents d ON d.document = due.document ORDER BY line_id
    """,
    """
    INSERT INTO customers_ledgerentry
        (account_id, seq, currency, before, amount, after, kind, cause_id, is_unbilled, at, "on", description,
         actor, previous_sha256)
    SELECT a.id, coalesce(a.last_seq, 0) + 1, d.currency, a.balance, -charged, a.balance - charged, 'charge',
           d.uuid, is_postpaid, %(at)s, current_date, 'Renewal, ' || number, 'system', a.head
    FROM documents d JOIN customers_creditaccount a ON a.organisation_id = d.organisation_id ORDER BY document
    """,
    """
    INSERT INTO subscriptions_cyclecharge (cycle_id, line_id, first_day, day_after, is_external_invoice, plan_id)
    SELECT cycle_id, line_id, first_day, day_after, false, plan_id FROM due ORDER BY line_id
    """,
    """
    INSERT INTO audit_auditentry
        (at, app, event, description, actor, organisation_uuid, organisation_name, kind, schema, subject_kind,
         subject_uuid, data)
    SELECT %(at)s, 'Subscriptions', 'Renewed', 'Subscription ' || r.uuid || ' (' || plan || ') renewed. ' || told,
           'system', organisation, name, 'subscription.renewed', 1, 'subscription', r.uuid,
           jsonb_build_object('first_day', first_day, 'last_day', day_after - 1, 'months', months,
                              'currency', r.currency, 'charged', (net + tax)::text, 'invoice', d.number,
                              'told', told)
    FROM due r JOIN documents d ON d.document = r.document
    CROSS JOIN LATERAL (
        SELECT to_char(first_day, 'FMDD FMMonth YYYY') || ' to ' || to_char(day_after - 1, 'FMDD FMMonth YYYY')
               || ': ' || r.currency || ' ' || to_char(net + tax, 'FM999,999,999,999,990'
               || CASE WHEN digits > 0 THEN '.' || repeat('0', digits) ELSE '' END)
               || ', ' || d.number || '.' AS told) w
    ORDER BY r.id
    """,
    """
    INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_name)
    VALUES (%(at)s, 'Subscriptions', 'Renewals run', 'All of it.', 'system', '')
    """,
)


def run(world: World, url: str, *, at: datetime) -> float:
    """Do it all in the database at `url`, and give the seconds it took."""
    with world.connect(url) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        with connection.transaction():
            cursor.execute("SELECT set_config('portal.operation', 'floor', true)")
            # As a careful person would: sorting stays in memory, and the plans know what was written.
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(_LOCK)
            cursor.execute(_DUE)
            cursor.execute("ANALYZE due")
            for statement in _STEPS:
                cursor.execute(statement, {"at": at})
        return time.perf_counter() - started
