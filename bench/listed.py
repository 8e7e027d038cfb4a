"""What lists show beside the population: requested terminations, runs of the clean-up, messages.

The ledger could not be verified with them, since nothing was quoted: they are for a copy that is only looked at.
"""

from __future__ import annotations

from typing import Any

import psycopg

TABLES = (
    "customers_creditaccount",
    "customers_ledgerentry",
    "subscriptions_termination",
    "jobs_run",
    "jobs_runitem",
    "outbox_delivery",
)

# What became of each termination, dealt by its id: half of them were asked for, a quarter had expired.
_STATEMENTS = (
    """
    CREATE TEMPORARY TABLE asked ON COMMIT DROP AS
    SELECT t.id, t.uuid, t.organisation_id, t.currency, t.terminated_on,
           (t.id * 48271 % 1000)::float / 1000 AS share,
           CASE WHEN t.id % 3 = 0 AND row_number() OVER (PARTITION BY t.organisation_id ORDER BY t.id) = 1
                THEN greatest(1, round(p.price_per_month / 2)) END AS amount
    FROM subscriptions_termination t
    JOIN subscriptions_subscription s ON s.id = t.subscription_id
    JOIN subscriptions_plan p ON p.id = s.plan_id
    WHERE t.id % 2 = 0
    """,
    """
    INSERT INTO customers_ledgerentry
        (account_id, seq, currency, before, amount, after, kind, cause_id, is_unbilled, at, "on", description,
         actor, previous_sha256)
    SELECT a.id, coalesce(a.last_seq, 0) + 1, a.currency, a.balance, t.amount, a.balance + t.amount, 'refund',
           t.uuid, false, t.terminated_on::timestamp AT TIME ZONE 'UTC', t.terminated_on,
           'Refund of a termination', 'bench-agent-1', a.head
    FROM asked t JOIN customers_creditaccount a ON a.organisation_id = t.organisation_id
    WHERE t.amount IS NOT NULL ORDER BY t.id
    """,
    """
    UPDATE customers_creditaccount a SET balance = e.after, last_seq = e.seq, head = e.sha256
    FROM customers_ledgerentry e WHERE e.account_id = a.id AND e.kind = 'refund' AND e.seq > coalesce(a.last_seq, 0)
    """,
    # The first reasons are given far more often than the last ones.
    """
    UPDATE subscriptions_termination t
    SET "case" = 'customer_request', actor_kind = 'agent', actor = 'bench-agent-' || 1 + floor(8 * share * share),
        reason_id = r.ids[1 + floor(cardinality(r.ids) * share * share * share)::int],
        explanation = 'Found something cheaper.', requested_by = 'Ms Tan', requested_on = a.terminated_on,
        channel = 'phone', config_version_id = v.id, quote_id = gen_random_uuid(), choice = 'automatic',
        settlement = CASE WHEN e.id IS NULL THEN 'nothing_due' ELSE 'credited' END, entry_id = e.id,
        credited = e.amount, nothing_reason = ''
    FROM asked a LEFT JOIN customers_ledgerentry e ON e.cause_id = a.uuid AND e.kind = 'refund'
    CROSS JOIN (SELECT array_agg(id ORDER BY position, id) AS ids FROM settings_app_terminationreason) r
    CROSS JOIN (SELECT max(id) AS id FROM settings_app_portalconfigversion) v
    WHERE t.id = a.id
    """,
    # A night for each of a thousand days.
    """
    INSERT INTO jobs_run
        (uuid, kind, started_at, finished_at, actor, as_of, workers, was_stopped, refusal, report, parameters,
         counts)
    SELECT gen_random_uuid(), 'clean_up', d.day + interval '1 hour', d.day + interval '2 hours', 'system', d.day, 1,
           false, '', '', '{}', '{}'
    FROM (SELECT (current_date - n)::timestamp AT TIME ZONE 'UTC' AS day FROM generate_series(1000, 1, -1) n) d
    """,
    """
    UPDATE subscriptions_termination t
    SET "case" = 'expired', actor_kind = 'system', actor = 'system', clean_up_run_id = r.id
    FROM jobs_run r WHERE r.as_of = t.terminated_on AND t.id % 4 = 1
    """,
    """
    INSERT INTO jobs_runitem (run_id, outcome, subject_kind, subject_uuid, sentence, data)
    SELECT r.id, 'held', 'subscription', s.uuid, '',
           jsonb_build_object('expires_on', s.expires_on, 'days_expired', r.as_of - s.expires_on)
    FROM (SELECT id, as_of FROM jobs_run ORDER BY id DESC LIMIT 1) r
    JOIN subscriptions_subscription s ON s.status = 'expired' AND s.expires_on < r.as_of AND s.id % 100 = 0
    """,
    """
    INSERT INTO outbox_delivery
        (kind, status, addressee, "to", cc, subject, body, cause_id, organisation_uuid, message_id, created_at,
         next_attempt_at, attempts, delivered_to, sent_at, last_error)
    SELECT k.kind, m.status, 'customer', o.owner_email, '', 'A subscription has ended', 'It ended as you asked.',
           t.uuid, o.uuid, gen_random_uuid(), t.terminated_at, t.terminated_at, 1, '{}',
           CASE WHEN m.status = 'sent' THEN t.terminated_at END, ''
    FROM subscriptions_termination t JOIN customers_organisation o ON o.id = t.organisation_id
    CROSS JOIN (VALUES ('subscription_terminated'), ('subscription_refunded')) k (kind)
    CROSS JOIN LATERAL (SELECT CASE WHEN t.id % 500 = 0 THEN 'dead' ELSE 'sent' END AS status) m
    ORDER BY t.id
    """,
)


def write(connection: psycopg.Connection[Any]) -> None:
    """Write the rows in one transaction of a connection that commits by itself."""
    with connection.transaction():
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in _STATEMENTS:
            connection.execute(statement)
        # The keys that wait for the end are checked before the tables change again.
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for table in TABLES:
        connection.execute(f"VACUUM (ANALYZE) {table}")
