"""The only writer of terminations. It is set-based: one row or a thousand take the same statements.

The caller is inside an operation, and holds the row locks of the subscriptions and of the settings.
Source: domain.md 5.
"""

from __future__ import annotations

import json
import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from portal.audit import writer as audit_writer
from portal.frame import Actor
from portal.postgresql.writer import Writer, given
from settings_app.selectors import Config
from subscriptions.models import Subscription, Termination
from subscriptions.termination.quote import quotes
from subscriptions.termination.writer import ending


@dataclass(frozen=True)
class Row:
    """Hold one row of the table of terminations; fields are named like its columns."""

    subscription_id: int
    organisation_id: int
    currency: str
    case: str
    terminated_at: datetime
    terminated_on: date
    actor_kind: str
    actor: str
    config_version_id: int
    settlement: str
    uuid: uuids.UUID = field(default_factory=uuids.uuid4)
    actor_user_id: int | None = None
    reason_id: int | None = None
    explanation: str = ""
    requested_by: str = ""
    requested_on: date | None = None
    channel: str = ""
    ticket: str = ""
    choice: str = "none"
    credit_note_id: int | None = None
    entry_id: int | None = None
    credited: Decimal | None = None
    waived: Decimal = Decimal(0)
    nothing_reason: str = ""
    quote: dict[str, Any] | None = None
    acknowledgements: list[dict[str, str]] = field(default_factory=list)
    quote_id: uuids.UUID | None = None
    request_id: int | None = None
    # What the event says: its sentence, and what became of the money. These are no columns.
    sentence: str = ""
    told: str = ""


TERMINATIONS = Writer(
    "subscriptions_termination",
    {
        "id": "bigint",
        "uuid": "uuid",
        "subscription_id": "bigint",
        "organisation_id": "bigint",
        "currency": "varchar",
        "case": "varchar",
        "terminated_at": "timestamptz",
        "terminated_on": "date",
        "actor_kind": "varchar",
        "actor": "varchar",
        "actor_user_id": "integer",
        "reason_id": "bigint",
        "explanation": "varchar",
        "requested_by": "varchar",
        "requested_on": "date",
        "channel": "varchar",
        "ticket": "varchar",
        "config_version_id": "bigint",
        "choice": "varchar",
        "settlement": "varchar",
        "credit_note_id": "bigint",
        "entry_id": "bigint",
        "credited": "numeric",
        "waived": "numeric",
        "nothing_reason": "varchar",
        "quote": "jsonb",
        "acknowledgements": "jsonb",
        "quote_id": "uuid",
        "clean_up_run_id": "bigint",
        "request_id": "bigint",
    },
)
# What nobody has said where nobody asked, and what there is not where nothing was settled.
NOTHING_ASKED = TERMINATIONS.nothing("actor_user_id", "reason_id", "requested_on", "quote_id", "request_id")
NOTHING_SETTLED = TERMINATIONS.nothing("credit_note_id", "entry_id", "credited")

_INSERT = TERMINATIONS.over(given(TERMINATIONS.shape), then="RETURNING id")

# What machines read of a termination, in one shape however it ended. The text of its message is composed from the
# termination itself.
_DATA = """jsonb_build_object(
    'termination', t.uuid, 'sha256', encode(t.sha256, 'hex'), 'case', t."case", 'on', t.terminated_on,
    'currency', t.currency, 'settlement', t.settlement, 'credited', {credited}, 'waived', {waived},
    'told', {told}, 'credit_note', {note}, 'reason', {reason}, 'requested_on', t.requested_on,
    'expired_on', CASE WHEN t."case" = 'expired' THEN s.expires_on END,
    'request', {request})"""

# Events and messages share this result: it is read once.
_TOLD = f"""
SELECT t.uuid, t.terminated_at, t.actor, t.actor_user_id, s.uuid AS subscription, o.uuid AS organisation, o.name,
       o.billing_email, o.owner_email, j.sentence, {audit_writer.NEXT_ID} AS event_id,
       {
    _DATA.format(
        told="j.told", credited="j.credited", waived="j.waived", note="n.number", reason="y.code", request="q.uuid"
    )
} AS data
FROM jsonb_to_recordset(%(rows)s::jsonb) AS j(uuid uuid, sentence text, told text, credited text, waived text)
JOIN subscriptions_termination t ON t.uuid = j.uuid
JOIN subscriptions_subscription s ON s.id = t.subscription_id
JOIN customers_organisation o ON o.id = t.organisation_id
LEFT JOIN invoicing_creditnote n ON n.id = t.credit_note_id
LEFT JOIN settings_app_terminationreason y ON y.id = t.reason_id
LEFT JOIN subscriptions_terminationrequest q ON q.id = t.request_id
ORDER BY t.subscription_id
"""  # noqa: S608 - built from constants


def record_terminations(rows: Sequence[Row], *, config: Config, committed: Mapping[str, date]) -> list[int]:
    """Insert terminations with their effects, and return their ids in no particular order.

    The effects: the subscription and its assignments end, its numbers are reserved, its contract item is freed, an
    event and a message are written. `terminate` has written the money before: entry, waivers and holds.

    *Shape*: `committed` maps a time zone to its date at the commit.
    *Raises*: IntegrityError, which names the constraint.
    """
    if not rows:
        return []
    payload = json.dumps([asdict(row) for row in rows], default=str)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {"rows": payload})
        ids = [row[0] for row in cursor.fetchall()]
        ending.carry_out(
            cursor,
            ended=_TOLD,
            config=config,
            committed=committed,
            ids=ids,
            rows=payload,
        )
    return ids


def as_written(row: Row, *, pk: int, subscription: Subscription) -> Termination:
    """Build the model of a termination that was just written, without a query for it."""
    written = {
        column.name: getattr(row, column.name) for column in fields(row) if column.name in TERMINATIONS.shape
    }
    termination = Termination(pk=pk, **written)
    termination.subscription = subscription
    termination.organisation = subscription.organisation
    return termination


# ---- Many at once ----------------------------------------------------------------------------------------------
# The clean-up ends thousands of expired subscriptions in a batch. All but the quotes follows from their rows, so
# these statements read what a single termination gets as parameters. The quotes are parameters here as well.

_INSERT_EXPIRED = TERMINATIONS.over(
    f"""(
    SELECT gen_random_uuid() AS uuid, s.id AS subscription_id, s.organisation_id, s.currency, 'expired' AS "case",
           %(at)s AS terminated_at, f.today AS terminated_on, %(actor_kind)s AS actor_kind, %(actor)s AS actor,
           '' AS explanation, '' AS requested_by, '' AS channel, '' AS ticket, %(version)s AS config_version_id,
           'none' AS choice, 'nothing_due' AS settlement, 0 AS waived, %(why)s AS nothing_reason,
           f.quote::jsonb AS quote, '[]'::jsonb AS acknowledgements, %(run)s AS clean_up_run_id,
           {TERMINATIONS.nothing("id")}, {NOTHING_ASKED}, {NOTHING_SETTLED}
    FROM ROWS FROM (
        unnest(%(subscriptions)s::bigint[], %(todays)s::date[]), json_array_elements(%(quotes)s::json)
    ) AS f(id, today, quote)
    JOIN subscriptions_subscription s ON s.id = f.id AND s.id = ANY(%(subscriptions)s::bigint[])
    ORDER BY s.id)""",  # noqa: S608 - columns of the shape
    then="RETURNING id",
)

_TOLD_OF_EXPIRED = f"""
SELECT t.uuid, t.terminated_at, t.actor, t.actor_user_id, s.uuid AS subscription, o.uuid AS organisation, o.name,
       o.billing_email, o.owner_email, {audit_writer.NEXT_ID} AS event_id,
       -- The sentence is the one that `terminate` writes.
       'Subscription ' || s.uuid || ' (' || p.name || ') terminated. ' || w.told AS sentence,
       {
    _DATA.format(told="w.told", credited="NULL", waived="'0'", note="NULL", reason="NULL", request="NULL")
} AS data
FROM subscriptions_termination t
JOIN subscriptions_subscription s ON s.id = t.subscription_id
JOIN subscriptions_plan p ON p.id = s.plan_id
JOIN customers_organisation o ON o.id = t.organisation_id
CROSS JOIN LATERAL (SELECT 'Expired on ' || to_char(s.expires_on, 'FMDD FMMonth YYYY') || %(told)s AS told) w
WHERE t.id = ANY(%(ids)s)
ORDER BY t.subscription_id
"""  # noqa: S608 - built from constants


@dataclass(frozen=True)
class Expired:
    """Hold the subscriptions that a batch ends, as parallel lists.

    *Shape*: `todays` are the dates of termination: today in each organisation's time zone, or the date that was
    given. `quotes` are JSON documents. `committed` maps a time zone to its date at the commit.
    """

    subscription_ids: Sequence[int]
    todays: Sequence[date]
    quotes: Sequence[str]
    committed: Mapping[str, date]


def record_expired(expired: Expired, *, config: Config, by: Actor, at: datetime, run_id: int) -> None:
    """Insert the terminations of expired subscriptions with their effects and their audit entries.

    *Raises*: IntegrityError, which names the constraint.
    """
    parameters: dict[str, Any] = {
        "subscriptions": list(expired.subscription_ids),
        "todays": list(expired.todays),
        "at": at,
        "actor_kind": by.kind,
        "actor": by.name,
        "version": config.version_id,
        "why": quotes.WHY_EXPIRED,
        "run": run_id,
        # As JSON: an array of texts would have every quotation mark escaped, one by one.
        "quotes": f"[{','.join(expired.quotes)}]",
    }
    with connection.cursor() as cursor:
        # The planner does not know the length of the arrays. It would choose a nested loop: one lookup a row.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_INSERT_EXPIRED, parameters)
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_nestloop = on")
        ending.carry_out(
            cursor,
            ended=_TOLD_OF_EXPIRED,
            config=config,
            committed=expired.committed,
            ids=ids,
            told=f", more than {config.reactivation_days} days ago. Nothing was refunded.",
        )
