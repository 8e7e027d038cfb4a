"""What was told of a termination is there: its history, its audit entry and its message; and of nothing else."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from customers.checks.told import counted
from portal.verification import registry
from portal.verification.check import Check
from subscriptions.checks.names import SUBSCRIPTION, TERMINATION

# What an import brought as ended was told once, with its file.
_OURS = "t.case <> 'ended_before_move'"
_EVENT = "event = 'Subscription terminated'"
# "Subscription UUID (plan) terminated. ..."
_AUDIT = f"""
    (SELECT substring(description FROM 14 FOR 36) AS uuid, count(*) AS counted, min(at) AS at, min(actor) AS actor,
            min(organisation_uuid::text) AS organisation, min(description) AS description
     FROM audit_auditentry WHERE {_EVENT} GROUP BY 1)
"""
_KIND = "kind = 'subscription.terminated'"
# History is what events tell of a subscription; before there were any it had lines of its own.
_HISTORY = f"""
    (SELECT subscription_id, count(*) AS counted, min(at) AS at, min(actor) AS actor,
            min(description) AS description
     FROM (SELECT subscription_id, at, actor, description
           FROM subscriptions_historyentry WHERE event = 'Terminated'
           UNION ALL
           SELECT s.id, e.at, e.actor, e.data ->> 'told'
           FROM audit_auditentry e JOIN subscriptions_subscription s ON s.uuid = e.subject_uuid
           WHERE e.{_KIND}) h GROUP BY 1)
"""
_MESSAGE = "m.kind = 'subscription_terminated'"


def _told(kind: str, what: str, *, joined: str, more: str = "") -> Check:
    """See that one row tells it, at its instant, by its actor."""
    return Check(
        kind,
        f"{{counted}} entries of {what} tell of it, at {{at}} by {{actor}}; "
        "it was made at {wanted_at} by {wanted}",
        f"""
        SELECT {TERMINATION} AS place, coalesce(r.counted, 0) AS counted, coalesce(r.at::text, 'none') AS at,
               coalesce(r.actor, 'none') AS actor, t.terminated_at::text AS wanted_at, t.actor AS wanted
        FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
        JOIN customers_organisation o ON o.id = t.organisation_id
        LEFT JOIN {joined}
        WHERE {_OURS} AND (coalesce(r.counted, 0) <> 1 OR (r.at, r.actor) <> (t.terminated_at, t.actor) {more})
        ORDER BY t.id
        """,
    )


def _says(kind: str, what: str, *, text: str, joined: str) -> Check:
    """See that what is told names the amount or the note that was applied, however it is worded."""
    return Check(
        kind,
        f"its {what} does not tell {{missing}}, which was applied",
        f"""
        SELECT {TERMINATION} AS place, v.missing
        FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
        JOIN {joined}
        JOIN unnest(%(currencies)s::text[], %(digits)s::int[]) AS d (currency, digits) ON d.currency = t.currency
        LEFT JOIN invoicing_creditnote n ON n.id = t.credit_note_id
        CROSS JOIN LATERAL (VALUES (round(t.credited, d.digits)::text), (n.number), {{named}}) AS v (missing)
        WHERE {_OURS} AND position(v.missing IN replace({text}, ',', '')) = 0 AND position(v.missing IN {text}) = 0
        ORDER BY t.id
        """.replace("{named}", "(s.uuid::text)" if "message" in what else "(NULL)"),
    )


registry.declare(
    __name__,
    700,
    _told("termination_history", "its history", joined=f"{_HISTORY} r ON r.subscription_id = t.subscription_id"),
    _told(
        "termination_audit",
        "the audit",
        joined=f"{_AUDIT} r ON r.uuid = s.uuid::text",
        more="OR r.organisation <> o.uuid::text",
    ),
    _says(
        "history_says",
        "history",
        text="r.description",
        joined=f"{_HISTORY} r ON r.subscription_id = t.subscription_id",
    ),
    _says("audit_says", "audit entry", text="r.description", joined=f"{_AUDIT} r ON r.uuid = s.uuid::text"),
    _says(
        "message_says",
        "message",
        text="(r.subject || ' ' || r.body)",
        # Composed when it is sent first, and kept.
        joined="outbox_delivery r ON r.cause_id = t.uuid AND r.kind = 'subscription_terminated' AND r.body <> ''",
    ),
    Check(
        "event_says",
        "its event says {said} of it, where {is} stands",
        f"""
        SELECT {TERMINATION} AS place, coalesce(e.data ->> v.name, 'nothing') || ' as ' || v.name AS said,
               coalesce(v.value, 'nothing') AS is
        FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
        JOIN audit_auditentry e ON e.{_KIND} AND e.subject_uuid = s.uuid
        CROSS JOIN LATERAL (VALUES
            ('termination', t.uuid::text), ('sha256', encode(t.sha256, 'hex')), ('case', t."case"),
            ('on', t.terminated_on::text), ('currency', t.currency), ('settlement', t.settlement)) v (name, value)
        WHERE e.data ->> v.name IS DISTINCT FROM v.value
        UNION ALL
        SELECT {TERMINATION}, coalesce(e.data ->> v.name, 'nothing') || ' as ' || v.name,
               coalesce(v.value::text, 'nothing')
        FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
        JOIN audit_auditentry e ON e.{_KIND} AND e.subject_uuid = s.uuid
        CROSS JOIN LATERAL (VALUES ('credited', t.credited), ('waived', t.waived)) v (name, value)
        WHERE (e.data ->> v.name)::numeric IS DISTINCT FROM v.value
        ORDER BY 1, 2
        """,
    ),
    Check(
        "told_apart",
        "its history says “{history}”, the audit “{audit}”",
        f"""
        SELECT {TERMINATION} AS place, h.description AS history, r.description AS audit
        FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
        JOIN {_HISTORY} h ON h.subscription_id = t.subscription_id
        JOIN {_AUDIT} r ON r.uuid = s.uuid::text
        WHERE {_OURS} AND right(r.description, length(h.description)) <> h.description ORDER BY t.id
        """,
    ),
    Check(
        "termination_message",
        "{counted} messages tell of it: for the settings that it was made under {wanted} had to be written",
        f"""
        SELECT {TERMINATION} AS place, coalesce(m.counted, 0) AS counted, w.wanted
        FROM subscriptions_termination t
        JOIN settings_app_portalconfigversion v ON v.id = t.config_version_id
        JOIN customers_organisation o ON o.id = t.organisation_id
        CROSS JOIN LATERAL (
            SELECT coalesce(
                (SELECT k.addressee FROM settings_app_messagesetting k
                 WHERE k.version_id = v.id AND k.kind = 'subscription_terminated'),
                CASE WHEN v.notify_customers THEN 'customer' WHEN v.notify_partner THEN 'provider' ELSE 'nobody' END
            ) AS whom) k
        CROSS JOIN LATERAL (
            SELECT (k.whom = 'customer' OR (k.whom = 'provider' AND v.notification_address <> ''))::int AS wanted,
                   -- Without an address, a dead letter used to be written.
                   (k.whom <> 'nobody')::int AS most) w
        LEFT JOIN (SELECT cause_id, count(*) AS counted, min(created_at) AS at,
                          min(organisation_uuid::text) AS organisation
                   FROM outbox_delivery m WHERE {_MESSAGE} GROUP BY 1) m ON m.cause_id = t.uuid
        WHERE {_OURS} AND (coalesce(m.counted, 0) NOT BETWEEN w.wanted AND w.most
                           OR (m.at, m.organisation) <> (t.terminated_at, o.uuid::text))
        ORDER BY t.id
        """,
    ),
    Check(
        "message_event",
        "the event of its message is {said}",
        f"""
        SELECT {TERMINATION} AS place, coalesce(e.description, 'not there') AS said
        FROM outbox_delivery m JOIN subscriptions_termination t ON t.uuid = m.cause_id
        LEFT JOIN audit_auditentry e ON e.id = m.event_id
        WHERE m.event_id IS NOT NULL AND (e.data ->> 'termination') IS DISTINCT FROM t.uuid::text ORDER BY m.id
        """,
    ),
    Check(
        "told_without_termination",
        "{what} tells that it was terminated, but there is no termination",
        f"""
        SELECT r.place, r.what FROM (
            SELECT {SUBSCRIPTION} AS place, 'its history' AS what, h.id
            FROM subscriptions_historyentry h JOIN subscriptions_subscription s ON s.id = h.subscription_id
            LEFT JOIN subscriptions_termination t ON t.subscription_id = s.id
            WHERE h.event = 'Terminated' AND t.id IS NULL
            UNION ALL
            SELECT format('subscription %%s', substring(e.description FROM 14 FOR 36)), 'the audit', e.id
            FROM audit_auditentry e
            LEFT JOIN (subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id)
                ON s.uuid::text = substring(e.description FROM 14 FOR 36)
            WHERE e.{_EVENT} AND t.id IS NULL
            UNION ALL
            SELECT format('termination %%s', m.cause_id), 'a message', m.id
            FROM outbox_delivery m LEFT JOIN subscriptions_termination t ON t.uuid = m.cause_id
            WHERE {_MESSAGE} AND t.id IS NULL) r
        ORDER BY r.place, r.what
        """,
    ),
)

# The forms with which billing used notes. A termination that used one is told by its own entry; imports have none.
_USED_BY_FORM = """
    SELECT n.organisation_id, u.request_id FROM (
        SELECT credit_note_id, request_id FROM invoicing_creditnoteputin
        UNION SELECT credit_note_id, request_id FROM {others}) u
    JOIN invoicing_creditnote n ON n.id = u.credit_note_id
    WHERE NOT EXISTS (SELECT FROM subscriptions_termination t WHERE t.quote_id = u.request_id)
      AND u.request_id IS NOT NULL
"""

registry.declare(
    __name__,
    710,
    counted(
        # A form that puts a note in may have found nothing but open charges.
        "Credit note put into Available Credits",
        "Credit note allocated",
        rows=_USED_BY_FORM.format(others="invoicing_creditnoteallocation"),
    ),
    counted(
        "Credit note put into Available Credits",
        rows=_USED_BY_FORM.format(others="invoicing_creditnoteputin"),
        may_be_more=True,
    ),
)
