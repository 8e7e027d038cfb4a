"""What stands beside each other says the same: whose a thing is, on which day, and for how long."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from customers.checks.names import DAY, ENTRIES, ENTRY
from portal.verification import registry
from portal.verification.check import Check
from subscriptions.checks.names import SUBSCRIPTION, TERMINATION
from subscriptions.clean_up import selectors

# How long a number stays reserved: by the settings that its subscription ended under. An import keeps no version;
# any may have been in force.
_RESERVED = f"""
    SELECT n.id, n.number, n.status, n.reserved_through, s.uuid, t.id AS termination_id,
           CASE WHEN t.case = 'ended_before_move' THEN t.terminated_on
                ELSE greatest(t.terminated_on, {DAY.format(at="t.terminated_at")}) END AS ended_on,
           CASE WHEN n.is_ported_in THEN 'ported_in' ELSE 'own' END AS origin, t.config_version_id
    FROM subscriptions_phonenumber n
    JOIN subscriptions_subscription s ON s.id = n.subscription_id
    JOIN subscriptions_termination t ON t.subscription_id = s.id
    JOIN customers_organisation o ON o.id = t.organisation_id
"""
_DAYS = """
    (SELECT id, number_reservation_days AS days, 'own' AS origin FROM settings_app_portalconfigversion
     UNION ALL SELECT id, number_reservation_days_ported_in, 'ported_in' FROM settings_app_portalconfigversion)
"""

registry.declare(
    __name__,
    500,
    Check(
        "subscription_organisation",
        "it is of organisation {ours}, its cycles were charged on {number} of {theirs}",
        f"""
        SELECT {SUBSCRIPTION} AS place, o.uuid AS ours, i.number, p.uuid AS theirs
        FROM subscriptions_subscription s
        JOIN subscriptions_cycle c ON c.subscription_id = s.id
        JOIN subscriptions_cyclecharge h ON h.cycle_id = c.id
        JOIN invoicing_chargeline l ON l.id = h.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
        JOIN customers_organisation o ON o.id = s.organisation_id
        JOIN customers_organisation p ON p.id = i.organisation_id
        WHERE s.organisation_id <> i.organisation_id ORDER BY s.id, i.id
        """,
    ),
    Check(
        "termination_organisation",
        "it ended subscription {subscription} for organisation {ours}, which is of {theirs}",
        f"""
        SELECT {TERMINATION} AS place, s.uuid AS subscription, o.uuid AS ours, p.uuid AS theirs
        FROM subscriptions_termination t
        JOIN subscriptions_subscription s ON s.id = t.subscription_id
        JOIN customers_organisation o ON o.id = t.organisation_id
        JOIN customers_organisation p ON p.id = s.organisation_id
        WHERE t.organisation_id <> s.organisation_id ORDER BY t.id
        """,
    ),
)

registry.declare(
    __name__,
    520,
    Check(
        "contract_organisation",
        "it is of organisation {ours}, its contract {reference} of {theirs}",
        f"""
        SELECT {SUBSCRIPTION} AS place, o.uuid AS ours, c.reference, p.uuid AS theirs
        FROM subscriptions_contractitem m
        JOIN subscriptions_subscription s ON s.id = m.subscription_id
        JOIN subscriptions_contract c ON c.id = m.contract_id
        JOIN customers_organisation o ON o.id = s.organisation_id
        JOIN customers_organisation p ON p.id = c.organisation_id
        WHERE c.organisation_id <> s.organisation_id ORDER BY s.id
        """,
    ),
    Check(
        "member_organisation",
        "it is assigned to {email}, a member of organisation {theirs}",
        f"""
        SELECT {SUBSCRIPTION} AS place, m.email, p.uuid AS theirs
        FROM subscriptions_assignment g
        JOIN subscriptions_subscription s ON s.id = g.subscription_id
        JOIN customers_member m ON m.id = g.member_id
        JOIN customers_organisation p ON p.id = m.organisation_id
        WHERE m.organisation_id <> s.organisation_id ORDER BY g.id
        """,
    ),
)

registry.declare(
    __name__,
    550,
    Check(
        "correction_cause",
        "it mends termination {cause}, which is none of this organisation",
        f"""
        SELECT {ENTRY} AS place, e.cause_id AS cause FROM {ENTRIES}
        LEFT JOIN subscriptions_termination t ON t.uuid = e.cause_id AND t.organisation_id = o.id
        WHERE e.kind = 'correction' AND e.cause_id IS NOT NULL AND t.id IS NULL ORDER BY e.account_id, e.seq
        """,
    ),
)

registry.declare(
    __name__,
    590,
    Check(
        "number_reserved",
        "number {number} is reserved through {reserved_through}, {days} after {ended_on} were to be",
        f"""
        SELECT format('subscription %%s', r.uuid) AS place, r.number, r.reserved_through, r.ended_on, d.days
        FROM ({_RESERVED}) r
        CROSS JOIN LATERAL (SELECT string_agg(DISTINCT v.days::text, ' or ') || ' days' AS days,
                                   bool_or(r.ended_on + v.days = r.reserved_through) AS fits
                            FROM {_DAYS} v
                            WHERE v.origin = r.origin AND v.id = coalesce(r.config_version_id, v.id)) d
        WHERE r.status = 'reserved' AND NOT d.fits ORDER BY r.id
        """,
    ),
    Check(
        "number_free",
        "number {number} is free, and was to be reserved through {wanted}",
        f"""
        SELECT format('subscription %%s', r.uuid) AS place, r.number, r.ended_on + d.days AS wanted
        FROM ({_RESERVED}) r
        CROSS JOIN LATERAL (SELECT min(v.days) AS days FROM {_DAYS} v
                            WHERE v.origin = r.origin AND v.id = coalesce(r.config_version_id, v.id)) d
        WHERE r.status = 'free' AND r.ended_on + d.days >= %(latest_today)s ORDER BY r.id
        """,
    ),
    Check(
        "run_count",
        "it counts {kept} terminated, {there} terminations name it",
        f"""
        SELECT format('clean-up run %%s', r.uuid) AS place, r.terminated AS kept, coalesce(t.there, 0) AS there
        FROM (SELECT id, uuid, coalesce((counts ->> 'terminated')::bigint, 0) AS terminated FROM jobs_run
              WHERE kind = '{selectors.KIND}') r
        LEFT JOIN (SELECT clean_up_run_id, count(*) AS there FROM subscriptions_termination
                   WHERE clean_up_run_id IS NOT NULL GROUP BY 1) t ON t.clean_up_run_id = r.id
        WHERE r.terminated <> coalesce(t.there, 0) ORDER BY r.id
        """,
    ),
)

registry.declare(
    __name__,
    610,
    Check(
        "ended_with",
        "its {what} ended on {kept}, the subscription on {wanted}",
        f"""
        SELECT {SUBSCRIPTION} AS place, d.what, d.kept, t.terminated_on AS wanted
        FROM (SELECT subscription_id, format('place in contract %%s', c.reference) AS what, freed_on AS kept,
                     true AS is_exact
              FROM subscriptions_contractitem m JOIN subscriptions_contract c ON c.id = m.contract_id
              UNION ALL SELECT subscription_id, 'assignment', ended_on, false FROM subscriptions_assignment) d
        JOIN subscriptions_subscription s ON s.id = d.subscription_id
        JOIN subscriptions_termination t ON t.subscription_id = s.id
        -- An assignment may have ended before.
        WHERE d.kept > t.terminated_on OR (d.is_exact AND d.kept <> t.terminated_on) ORDER BY s.id
        """,
    ),
    Check(
        "quote_owed",
        "its quote says {owed} stays owed on {number}, where {charged} was charged for its subscription",
        f"""
        SELECT {TERMINATION} AS place, d.number, d.owed, coalesce(c.charged, 0) AS charged
        FROM subscriptions_termination t
        CROSS JOIN LATERAL (
            SELECT p.item->>'invoice' AS number,
                   substring(p.item->>'amount' from '^[0-9]{{1,20}}(?:[.][0-9]{{1,6}})?$')::numeric AS owed
            FROM jsonb_array_elements(CASE jsonb_typeof(t.quote->'owed') WHEN 'array' THEN t.quote->'owed'
                                      ELSE '[]' END) AS p (item)) d
        LEFT JOIN LATERAL (
            SELECT sum(l.net + l.tax) AS charged
            FROM subscriptions_cycle y JOIN subscriptions_cyclecharge h ON h.cycle_id = y.id
            JOIN invoicing_chargeline l ON l.id = h.line_id
            JOIN invoicing_invoice i ON i.id = l.invoice_id AND i.number = d.number
            WHERE y.subscription_id = t.subscription_id) c ON true
        WHERE t.case = 'expired' AND (d.owed IS NULL OR d.owed > coalesce(c.charged, 0)) ORDER BY t.id
        """,
    ),
    Check(
        "corrections_above_charges",
        "notes, waivers and refunds of its charges are {given}, corrections that name it {corrected}: "
        "together above the {charged} charged",
        f"""
        SELECT {TERMINATION} AS place, g.given, c.corrected, g.charged
        FROM (SELECT cause_id, sum(amount) AS corrected FROM customers_ledgerentry
              WHERE kind = 'correction' AND cause_id IS NOT NULL GROUP BY 1) c
        JOIN subscriptions_termination t ON t.uuid = c.cause_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(l.noted + l.waived + l.refunded), 0) AS given,
                   coalesce(sum(l.net + l.tax), 0) AS charged
            FROM subscriptions_cycle y JOIN subscriptions_cyclecharge h ON h.cycle_id = y.id
            JOIN invoicing_chargeline l ON l.id = h.line_id
            JOIN invoicing_invoice i ON i.id = l.invoice_id AND i.status NOT IN ('draft', 'void')
            WHERE y.subscription_id = t.subscription_id) g
        WHERE c.corrected > 0 AND g.given + c.corrected > g.charged ORDER BY t.id
        """,
    ),
)
