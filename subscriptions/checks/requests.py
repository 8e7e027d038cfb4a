"""Scheduled ends: what became of a request fits the termination, and what was asked is what was carried out."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check
from subscriptions.checks.names import SUBSCRIPTION

_REQUESTS = "subscriptions_terminationrequest r JOIN subscriptions_subscription s ON s.id = r.subscription_id"
_SAID = ", ".join(
    f"('{name}', r.{name}::text, t.{name}::text)"
    for name in ("reason_id", "explanation", "requested_by", "requested_on", "channel", "ticket")
)

registry.declare(
    __name__,
    410,
    Check(
        "request_left_open",
        "its end is still asked for, on {ends_on}, but it is terminated",
        f"""
        SELECT {SUBSCRIPTION} AS place, r.ends_on FROM {_REQUESTS}
        WHERE r.state = 'open' AND s.status = 'terminated' ORDER BY r.id
        """,
    ),
    Check(
        "request_termination",
        "the end that was asked for {ends_on} is {state}, but {found}",
        f"""
        SELECT {SUBSCRIPTION} AS place, r.ends_on, r.state,
               CASE WHEN t.id IS NULL THEN 'there is no termination that closed it'
                    WHEN t.subscription_id <> r.subscription_id THEN 'another subscription''s termination closed it'
                    WHEN t.request_id = r.id THEN 'its termination carried it out'
                    ELSE 'its termination did not carry it out' END AS found
        FROM {_REQUESTS} LEFT JOIN subscriptions_termination t ON t.id = r.termination_id
        WHERE r.state IN ('carried_out', 'closed')
          AND (t.id IS NULL OR t.subscription_id <> r.subscription_id
               OR (r.state = 'carried_out') <> (t.request_id IS NOT DISTINCT FROM r.id))
        UNION ALL
        SELECT {SUBSCRIPTION}, r.ends_on, r.state, 'its termination carried it out'
        FROM {_REQUESTS} JOIN subscriptions_termination t ON t.request_id = r.id
        WHERE r.termination_id IS DISTINCT FROM t.id
        ORDER BY 1
        """,
    ),
    Check(
        "request_said",
        "the request for its end on {ends_on} and the termination that carried it out differ in {what}",
        f"""
        SELECT {SUBSCRIPTION} AS place, r.ends_on, v.what
        FROM {_REQUESTS} JOIN subscriptions_termination t ON t.request_id = r.id
        CROSS JOIN LATERAL (VALUES {_SAID}) v (what, ours, theirs)
        WHERE v.ours IS DISTINCT FROM v.theirs AND (t."case" = 'customer_request' OR v.what = 'explanation')
        ORDER BY r.id, v.what
        """,
    ),
    Check(
        "request_estimate",
        "the estimate of its end on {ends_on} is that of {kept}",
        f"""
        SELECT {SUBSCRIPTION} AS place, r.ends_on,
               concat_ws(' of ', r.quote ->> 'on', r.quote ->> 'subscription') AS kept
        FROM {_REQUESTS}
        WHERE r.quote ->> 'on' IS DISTINCT FROM r.ends_on::text
           OR r.quote ->> 'subscription' IS DISTINCT FROM s.uuid::text ORDER BY r.id
        """,
    ),
    Check(
        "request_told",
        "{counted} events tell that its end on {ends_on} was asked for, or at another instant or by another actor",
        f"""
        SELECT {SUBSCRIPTION} AS place, r.ends_on, coalesce(e.counted, 0) AS counted
        FROM {_REQUESTS}
        LEFT JOIN (SELECT data ->> 'request' AS request, count(*) AS counted, min(at) AS at, min(actor) AS actor
                   FROM audit_auditentry WHERE kind = 'termination.asked' GROUP BY 1) e ON e.request = r.uuid::text
        WHERE coalesce(e.counted, 0) <> 1 OR (e.at, e.actor) IS DISTINCT FROM (r.asked_at, r.actor) ORDER BY r.id
        """,
    ),
)
