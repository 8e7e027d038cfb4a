"""The floor of the clean-up: its writes by hand, each one statement over everything, all in one transaction.

What a batch needs is left out: no places to go on from, no savepoints, nothing skipped that is locked, no answer
for each row. What stays is what the database must do: the same rows, with every key, check and trigger on. Only the
words that a preview has for all of a currency are taken from the portal.
"""

from __future__ import annotations

import json
import time
import uuid
from datetime import date, datetime
from typing import Any

from bench.world import World
from portal.lib import days, money

_DUE = """
CREATE TEMPORARY TABLE due ON COMMIT DROP AS
SELECT s.id, s.uuid, s.organisation_id, s.currency, s.expires_on, s.auto_renew, s.status, d.today,
       extract(day FROM s.started_on)::int AS anchor, p.name AS plan,
       o.uuid AS organisation, o.name, o.payment_mode = 'postpaid' AS is_postpaid,
       CASE WHEN %(to_customers)s THEN coalesce(nullif(o.billing_email, ''), o.owner_email)
            ELSE %(provider_address)s END AS address,
       'Expired on ' || to_char(s.expires_on, 'FMDD FMMonth YYYY') || ', more than ' || %(kept)s
           || ' days ago. Nothing was refunded.' AS told
FROM subscriptions_subscription s
JOIN subscriptions_plan p ON p.id = s.plan_id
JOIN customers_organisation o ON o.id = s.organisation_id
JOIN unnest(%(zones)s::text[], %(todays)s::date[]) d (zone, today) ON d.zone = o.timezone
WHERE s.status <> 'terminated' AND d.today - s.expires_on > %(kept)s
FOR NO KEY UPDATE OF s
"""

_TERMINATIONS = """
WITH terms AS MATERIALIZED (
    SELECT * FROM unnest(%(currencies)s::text[], %(digits)s::int[], %(same)s::text[]) t (currency, digits, same)
), charges AS MATERIALIZED (
    SELECT due.id, i.number,
           row_number() OVER (ORDER BY due.id, c.first_day, c.id, g.first_day, g.line_id) AS place,
           round(l.net + l.tax, t.digits) - round(l.paid, t.digits) - round(l.waived, t.digits) AS owed
    FROM due
    JOIN terms t ON t.currency = due.currency
    JOIN subscriptions_cycle c ON c.subscription_id = due.id
    JOIN subscriptions_cyclecharge g ON g.cycle_id = c.id
    JOIN invoicing_chargeline l ON l.id = g.line_id
    JOIN invoicing_invoice i ON i.id = l.invoice_id
    WHERE i.status NOT IN ('draft', 'void') AND l.kind NOT IN ('usage', 'activation_fee')
      AND l.net + l.tax > l.paid + l.waived
), owed AS MATERIALIZED (
    SELECT id, string_agg(format('{"invoice":"%%s","amount":"%%s"}', number, owed), ',' ORDER BY place) AS parts
    FROM (SELECT id, number, sum(owed) AS owed, min(place) AS place FROM charges GROUP BY id, number) s
    WHERE owed > 0 GROUP BY id
)
INSERT INTO subscriptions_termination
    (uuid, subscription_id, organisation_id, currency, "case", terminated_at, terminated_on, actor_kind, actor,
     explanation, requested_by, channel, ticket, config_version_id, choice, settlement, waived, nothing_reason,
     quote, acknowledgements, clean_up_run_id)
SELECT gen_random_uuid(), d.id, d.organisation_id, d.currency, 'expired', %(at)s, d.today, 'system', 'system',
       '', '', '', '', %(version)s, 'none', 'nothing_due', 0, 'the subscription has expired',
       (t.same || format(',"subscription":"%%s","organisation":"%%s","on":"%%s",', d.uuid, d.organisation, d.today)
               || '"owed":[' || coalesce(o.parts, '') || ']}')::jsonb, '[]', %(run)s
FROM due d JOIN terms t ON t.currency = d.currency LEFT JOIN owed o ON o.id = d.id
"""

_STEPS = (
    """
    UPDATE subscriptions_subscription s SET status = 'expired' FROM due WHERE s.id = due.id AND s.status = 'active'
    """,
    _TERMINATIONS,
    "ANALYZE subscriptions_termination",
    """
    UPDATE subscriptions_subscription s SET status = 'terminated', auto_renew = false, termination_ref = t.id
    FROM subscriptions_termination t WHERE t.clean_up_run_id = %(run)s AND s.id = t.subscription_id
    """,
    """
    UPDATE subscriptions_phonenumber n
    SET status = 'reserved', reserved_through = due.today + CASE WHEN n.is_ported_in THEN 56 ELSE 28 END
    FROM due WHERE n.subscription_id = due.id AND n.status = 'in_use'
    """,
    """
    UPDATE subscriptions_assignment a SET ended_on = due.today
    FROM due WHERE a.subscription_id = due.id AND a.ended_on IS NULL
    """,
    """
    UPDATE subscriptions_contractitem i SET freed_on = due.today
    FROM due WHERE i.subscription_id = due.id AND i.freed_on IS NULL
    """,
    """
    INSERT INTO audit_auditentry
        (at, app, event, description, actor, organisation_uuid, organisation_name, kind, schema, subject_kind,
         subject_uuid, data)
    SELECT %(at)s, 'Subscriptions', 'Subscription terminated',
           'Subscription ' || d.uuid || ' (' || plan || ') terminated. ' || told, 'system', organisation, name,
           'subscription.terminated', 1, 'subscription', d.uuid,
           jsonb_build_object(
               'termination', t.uuid, 'sha256', encode(t.sha256, 'hex'), 'case', t."case", 'on', t.terminated_on,
               'currency', t.currency, 'settlement', t.settlement, 'credited', NULL, 'waived', '0', 'told', told,
               'credit_note', NULL, 'reason', NULL, 'requested_on', NULL, 'expired_on', d.expires_on,
               'request', NULL)
    FROM due d JOIN subscriptions_termination t ON t.subscription_id = d.id
    """,
    """
    INSERT INTO outbox_delivery
        (kind, status, addressee, "to", cc, subject, body, cause_id, organisation_uuid, message_id, created_at,
         next_attempt_at, attempts, delivered_to, last_error)
    SELECT 'subscription_terminated', CASE WHEN d.address = '' THEN 'dead' ELSE 'pending' END,
           CASE WHEN %(to_customers)s THEN 'customer' ELSE 'provider' END, d.address,
           CASE WHEN %(to_customers)s THEN %(provider_address)s ELSE '' END,
           'Subscription ' || d.uuid || ' of ' || d.name || ' was terminated', '',
           t.uuid, d.organisation, gen_random_uuid(), %(at)s, %(at)s, 0, '{}',
           CASE WHEN d.address = '' THEN 'There is no address to send it to.' ELSE '' END
    FROM due d JOIN subscriptions_termination t ON t.subscription_id = d.id
    WHERE %(tells_somebody)s
    """,
    """
    UPDATE subscriptions_phonenumber n SET status = 'free', reserved_through = NULL
    FROM subscriptions_subscription s
    JOIN customers_organisation o ON o.id = s.organisation_id
    JOIN unnest(%(zones)s::text[], %(todays)s::date[]) d (zone, today) ON d.zone = o.timezone
    WHERE n.status = 'reserved' AND s.id = n.subscription_id AND n.reserved_through < d.today
    """,
    """
    UPDATE jobs_run r
    SET finished_at = %(at)s,
        counts = jsonb_build_object('expired', d.expired, 'terminated', d.terminated, 'renewing', d.renewing)
    FROM (SELECT count(*) AS terminated, count(*) FILTER (WHERE status = 'active') AS expired,
                 count(*) FILTER (WHERE auto_renew) AS renewing FROM due) d
    WHERE r.id = %(run)s
    """,
    """
    INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_name)
    VALUES (%(at)s, 'Subscriptions', 'Clean-up run', 'All of it.', 'system', '')
    """,
)


def run(world: World, url: str, *, at: datetime) -> float:
    """Do it all in the database at `url`, and give the seconds it took."""
    known = _known(world, at=at)
    with world.connect(url) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        with connection.transaction():
            cursor.execute("SELECT set_config('portal.operation', 'floor', true)")
            # As a careful person would: sorting stays in memory, and the plans know what was written.
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(_DUE, known)
            row = cursor.execute(
                """
                INSERT INTO jobs_run
                    (uuid, kind, started_at, actor, as_of, workers, was_stopped, refusal, report, parameters,
                     counts)
                VALUES (gen_random_uuid(), 'clean_up', %(at)s, 'system', %(at)s::date, 1, false, '', '',
                        '{"also_renewing": true}', '{}')
                RETURNING id
                """,
                known,
            ).fetchone()
            assert row
            cursor.execute("ANALYZE due")
            for step in _STEPS:
                cursor.execute(step, known | {"run": row[0]})
        return time.perf_counter() - started


def _known(world: World, *, at: datetime) -> dict[str, object]:
    """Give what the portal says about all of them."""
    from settings_app import selectors

    config = selectors.current_config()
    with world.connect() as connection:
        zones = [zone for (zone,) in connection.execute("SELECT DISTINCT timezone FROM customers_organisation")]
        currencies = [
            name for (name,) in connection.execute("SELECT DISTINCT currency FROM customers_organisation")
        ]
    return {
        "currencies": currencies,
        "digits": [money.minor_digits(currency) for currency in currencies],
        "same": [_same(currency, config=config) for currency in currencies],
        "at": at,
        "zones": zones,
        "todays": [days.today_in(zone, at=at) for zone in zones],
        "kept": config.reactivation_days,
        "version": config.version_id,
        "to_customers": config.addressee_of("subscription_terminated") == "customer",
        "provider_address": config.notification_address,
        "tells_somebody": bool(config.addressee_of("subscription_terminated")),
    }


def _same(currency: str, *, config: Any) -> str:
    """Write what the quotes of a currency have in common, without the bracket at the end."""
    from subscriptions.termination.quote import quotes
    from subscriptions.termination.selectors import quoting

    nobody = uuid.UUID(int=0)
    document = quotes.expired_document(
        subscription=nobody,
        organisation=nobody,
        on=date.min,
        currency=currency,
        terms=quotes.terms_document(quoting.terms_of(config, currency=currency), currency=currency),
        owed=(),
    )
    own = ("subscription", "organisation", "on", "owed")
    return json.dumps({name: value for name, value in document.items() if name not in own}).removesuffix("}")
