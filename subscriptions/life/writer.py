"""What a batch of renewals writes: a document for each organisation and date, cycles, refusals, events, messages.

All statements work over relations of the transaction, which `prepare` fills: `renewal_due` and `renewal_charges`
(`selectors/costs.py`), `renewal_dates` with what Available Credits pay for, `renewal_opened` with the cycles that
are opened, `renewal_refused`. The subscriptions are locked before. Source: domain.md 7.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.backends.utils import CursorWrapper

from invoicing import writer as invoicing_writer
from invoicing.operations import charging
from portal import frame
from portal.audit import writer as audit_writer
from portal.outbox import writer as outbox_writer
from settings_app import policies
from subscriptions import writer
from subscriptions.life.selectors import costs

REASON = "Renewal"
REFUSED = "renewal_refused"
"""The kind of the day's message about refused renewals."""

_DUE, _CHARGES, _DATES, _OPENED = "renewal_due", "renewal_charges", "renewal_dates", "renewal_opened"
_REFUSED = "renewal_refused"

_LOCK_ACCOUNTS = f"""
SELECT id FROM customers_creditaccount
WHERE organisation_id = ANY(ARRAY(SELECT DISTINCT organisation_id FROM {_DUE}))
ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - built from constants

# What one date of an organisation costs, and whether Available Credits pay for it: earlier dates first, each whole
# or not at all (`policies.renewals.paid_for`). Documents are numbered in the order of organisations and dates.
_DECIDE = f"""
WITH RECURSIVE sums AS MATERIALIZED (
    SELECT d.id, d.organisation_id, d.expires_on, coalesce(sum(c.net + c.tax), 0) AS needed,
           bool_or(c.id IS NOT NULL AND c.tax IS NULL) AS lacks_rate
    FROM {_DUE} d LEFT JOIN {_CHARGES} c ON c.id = d.id WHERE d.why IS NULL GROUP BY 1, 2, 3
), dates AS MATERIALIZED (
    SELECT organisation_id, expires_on, sum(needed) AS needed,
           row_number() OVER (PARTITION BY organisation_id ORDER BY expires_on) AS turn
    FROM sums WHERE NOT lacks_rate GROUP BY 1, 2
), taken AS (
    SELECT t.organisation_id, t.expires_on, t.needed, t.turn, a.available,
           t.needed = 0 OR t.needed <= a.available AS is_paid
    FROM dates t
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT balance + credit_limit - reserved FROM customers_creditaccount k
                         WHERE k.organisation_id = t.organisation_id), 0) AS available) a
    WHERE t.turn = 1
    UNION ALL
    SELECT t.organisation_id, t.expires_on, t.needed, t.turn, a.available,
           t.needed = 0 OR t.needed <= a.available
    FROM taken b JOIN dates t ON t.organisation_id = b.organisation_id AND t.turn = b.turn + 1
    CROSS JOIN LATERAL (SELECT b.available - CASE WHEN b.is_paid THEN b.needed ELSE 0 END AS available) a
)
SELECT organisation_id, expires_on, needed, available, is_paid,
       CASE WHEN is_paid AND needed > 0
            THEN row_number() OVER (PARTITION BY is_paid AND needed > 0 ORDER BY organisation_id, expires_on) END
           AS document
FROM taken
"""  # noqa: S608 - built from constants

_OPEN = f"""
SELECT d.*, t.document, nextval('subscriptions_cycle_id_seq') AS cycle_id
FROM {_DUE} d JOIN {_DATES} t ON t.organisation_id = d.organisation_id AND t.expires_on = d.expires_on
WHERE d.why IS NULL AND t.is_paid
  AND NOT EXISTS (SELECT FROM {_CHARGES} c WHERE c.id = d.id AND c.tax IS NULL)
ORDER BY d.organisation_id, d.expires_on, d.id
"""  # noqa: S608 - built from constants

_CYCLES = writer.CYCLES.over(
    f"(SELECT cycle_id AS id, id AS subscription_id, first_day, day_after, months, '' AS row_sha256 FROM {_OPENED})"  # noqa: S608
)
_PROLONG = writer.prolong(f"(SELECT id AS subscription_id, today FROM {_OPENED})")  # noqa: S608 - built from constants

_LINES = f"""
SELECT nextval('invoicing_chargeline_id_seq') AS line_id, r.document, r.organisation_id, r.currency, r.is_postpaid,
       r.today AS "on", '{REASON}' AS reason, c.kind,
       left({costs.described("c.name", first_day="r.first_day", day_after="r.day_after")}, 300) AS description,
       c.net, c.tax, r.cycle_id, r.first_day, r.day_after, c.key
FROM {_OPENED} r JOIN {_CHARGES} c ON c.id = r.id
WHERE c.net + c.tax > 0
ORDER BY r.document, r.id, c.place, c.key
"""  # noqa: S608 - built from constants

_CYCLE_CHARGES = writer.CYCLE_CHARGES.over(
    f"""(
    SELECT cycle_id, line_id, first_day, day_after, false AS is_external_invoice,
           CASE WHEN kind = 'plan' THEN key END AS plan_id, CASE WHEN kind = 'add_on' THEN key END AS add_on_id,
           CASE WHEN kind = 'number' THEN key END AS number_id, false AS is_addition
    FROM {charging.CHARGES} ORDER BY line_id)"""  # noqa: S608 - built from constants
)

# Why what is due is refused: by itself, or with its whole date for want of credit. The first of an organisation's
# has the day's message.
_REFUSE = f"""
SELECT d.id, d.uuid, d.organisation, d.name, d.billing_email, d.owner_email, d.plan, d.first_day, d.today, f.code,
       f.data, n.notice_id, {audit_writer.NEXT_ID} AS event_id,
       row_number() OVER (PARTITION BY n.notice_id ORDER BY d.id) = 1 AS is_first
FROM {_DUE} d
LEFT JOIN {_DATES} t ON t.organisation_id = d.organisation_id AND t.expires_on = d.expires_on
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM {_CHARGES} c WHERE c.id = d.id AND c.tax IS NULL) AS lacks_rate) l
CROSS JOIN LATERAL (
    SELECT CASE WHEN d.why IS NOT NULL THEN d.why WHEN l.lacks_rate THEN 'no_tax_rate'
                ELSE 'insufficient_credits' END AS code,
           CASE WHEN d.why IS NOT NULL THEN d.data
                WHEN l.lacks_rate THEN jsonb_build_object('country', d.country, 'on', d.today)
                ELSE jsonb_build_object('needed', t.needed::text, 'available', t.available::text,
                                        'currency', d.currency) END AS data
) f
CROSS JOIN LATERAL (
    SELECT md5('renewal refused ' || d.today || ' ' || d.organisation)::uuid AS notice_id) n
WHERE d.why IS NOT NULL OR l.lacks_rate OR NOT t.is_paid
ORDER BY d.id
"""  # noqa: S608 - built from constants

_REFUSALS = writer.RENEWAL_REFUSALS.over(
    f"""(
    SELECT id AS subscription_id, first_day, today AS tried_on, %(at)s::timestamptz AS at, code, data, notice_id
    FROM {_REFUSED} ORDER BY id)"""  # noqa: S608 - built from constants
)

_DAY = "to_char({}, 'FMDD FMMonth YYYY')"
_AMOUNT = (
    "r.currency || ' ' || to_char({}, 'FM999,999,999,999,990'"
    " || CASE WHEN r.digits > 0 THEN '.' || repeat('0', r.digits) ELSE '' END)"
)

_RENEWED_EVENTS = audit_writer.of_kind(
    "subscription.renewed",
    f"""(
    SELECT {audit_writer.NEXT_ID} AS id, %(at)s::timestamptz AS at,
           'Subscription ' || r.uuid || ' (' || r.plan || ') renewed. ' || w.told AS description,
           %(actor)s AS actor, %(actor_user)s::integer AS actor_user_id, r.organisation AS organisation_uuid,
           r.name AS organisation_name,
           r.uuid AS subject_uuid,
           jsonb_build_object('first_day', r.first_day, 'last_day', r.day_after - 1, 'months', r.months,
                              'currency', r.currency, 'charged', m.amount::text, 'invoice', i.number,
                              'told', w.told) AS data
    FROM {_OPENED} r
    LEFT JOIN {charging.DOCUMENTS} i ON i.document = r.document
    LEFT JOIN (SELECT cycle_id, sum(net + tax) AS amount FROM {charging.CHARGES} GROUP BY 1) c
        ON c.cycle_id = r.cycle_id
    CROSS JOIN LATERAL (SELECT round(coalesce(c.amount, 0), r.digits) AS amount) m
    CROSS JOIN LATERAL (
        SELECT {_DAY.format("r.first_day")} || ' to ' || {_DAY.format("r.day_after - 1")} || ': '
               || CASE WHEN m.amount > 0 THEN {_AMOUNT.format("m.amount")} || ', ' || i.number || '.'
                       ELSE 'nothing to charge.' END AS told) w
    ORDER BY r.id)""",  # noqa: S608 - built from constants
    subject_kind="subscription",
)

_REFUSED_EVENTS = audit_writer.of_kind(
    "subscription.renewal_refused",
    f"""(
    SELECT event_id AS id, %(at)s::timestamptz AS at,
           'Renewal of subscription ' || uuid || ' (' || plan || ') refused. ' || w.told AS description,
           %(actor)s AS actor, %(actor_user)s::integer AS actor_user_id, organisation AS organisation_uuid,
           name AS organisation_name, uuid AS subject_uuid,
           jsonb_build_object('code', code, 'why', f.data, 'first_day', first_day, 'told', w.told) AS data
    FROM {_REFUSED} f
    CROSS JOIN LATERAL (SELECT %(said)s::jsonb ->> f.id::text AS told) w
    ORDER BY f.id)""",  # noqa: S608 - built from constants
    subject_kind="subscription",
)

_MESSAGES = outbox_writer.DELIVERIES.over(
    f"""(
    SELECT event_id, '{REFUSED}' AS kind, notice_id AS cause_id, organisation AS organisation_uuid,
           {outbox_writer.ADDRESSED},
           left('Renewals of ' || regexp_replace(name, '[[:cntrl:]]+', ' ', 'g') || ' were refused', 250)
               AS subject,
           %(at)s::timestamptz AS at
    FROM {_REFUSED} WHERE is_first)""",  # noqa: S608 - built from constants
    then="ON CONFLICT (kind, cause_id) DO NOTHING",
)


@dataclass(frozen=True)
class Tried:
    """What became of the subscriptions that were tried."""

    renewed: int
    documents: int
    refused: int


def prepare(cursor: CursorWrapper, *, parameters: Mapping[str, Any], is_locking: bool) -> None:
    """Fill `renewal_due` and `renewal_charges`, and decide which dates are paid for.

    *Shape*: `parameters` are those of the rule, and the `ids` of the subscriptions.
    """
    _keep(cursor, _DUE, costs.DUE, parameters, analyzed="id, organisation_id, expires_on")
    _keep(cursor, _CHARGES, costs.charges(_DUE), parameters)
    # A statement of its own: what is read after it is what the account says under its lock.
    if is_locking:
        cursor.execute(_LOCK_ACCOUNTS)
    _keep(cursor, _DATES, _DECIDE, {}, analyzed="organisation_id, expires_on")
    _keep(cursor, _OPENED, _OPEN, {})
    _keep(cursor, _REFUSED, _REFUSE, {})


def counts(cursor: CursorWrapper) -> Tried:
    """Count what `prepare` has decided."""
    cursor.execute(
        f"SELECT (SELECT count(*) FROM {_OPENED}), (SELECT count(document) FROM {_DATES}),"  # noqa: S608
        f" (SELECT count(*) FROM {_REFUSED})"
    )
    return Tried(*cursor.fetchone())


def charged(cursor: CursorWrapper) -> dict[str, Decimal]:
    """Add up by currency what `prepare` has decided to charge."""
    cursor.execute(
        f"""
        SELECT r.currency, sum(c.net + c.tax) FROM {_OPENED} r JOIN {_CHARGES} c ON c.id = r.id
        GROUP BY r.currency
        """  # noqa: S608 - built from constants
    )
    return dict(cursor.fetchall())


def refused(cursor: CursorWrapper) -> list[tuple[int, str, dict[str, Any]]]:
    """Read what is refused, with code and values, to be put into words."""
    cursor.execute(f"SELECT id, code, data FROM {_REFUSED}")  # noqa: S608 - built from constants
    return [(pk, code, json.loads(data)) for pk, code, data in cursor.fetchall()]


def write(
    cursor: CursorWrapper, *, tried: Tried, said: str, config: policies.Values, parameters: Mapping[str, Any]
) -> None:
    """Write what `prepare` has decided. The series of invoices is locked as the last of all.

    *Shape*: `said` maps a subscription's id to what is told of its refusal, as JSON; `parameters` are the instant
    and the actor.
    """
    if tried.renewed:
        cursor.execute(_CYCLES)
        cursor.execute(_PROLONG)
    if tried.refused:
        cursor.execute(_REFUSALS, parameters)
        cursor.execute(_REFUSED_EVENTS, {**parameters, "said": said})
        if addressee := config.addressee_of(REFUSED):
            cursor.execute(
                _MESSAGES,
                {
                    **parameters,
                    **outbox_writer.addressing(addressee, provider_address=config.notification_address),
                },
            )
    if tried.renewed:
        _keep(cursor, charging.CHARGES, _LINES, {}, analyzed="document, cycle_id")
        drawn = charging.drawn(tried.documents)
        documents = invoicing_writer.documents_of(charging.CHARGES)
        _keep(cursor, charging.DOCUMENTS, documents, drawn, analyzed="document, organisation_id")
        if tried.documents:
            for statement in invoicing_writer.charging(charging.CHARGES, documents=charging.DOCUMENTS).values():
                cursor.execute(statement, parameters)
            cursor.execute(_CYCLE_CHARGES)
        cursor.execute(_RENEWED_EVENTS, parameters)


def parameters_of(by: frame.Actor, *, at: Any) -> dict[str, Any]:
    """Give the parameters of what is written: the instant and the actor."""
    return {"at": at, "actor": by.name, "actor_user": by.user_id}


def _keep(
    cursor: CursorWrapper, name: str, query: str, parameters: Mapping[str, Any], *, analyzed: str = "id"
) -> None:
    """Keep a query's answer as a relation until the transaction ends; PostgreSQL knows how many rows it has.

    *Shape*: of the columns `analyzed`, those by which it is joined, PostgreSQL knows more; statistics of all would
    take longer than what they help.
    """
    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
    cursor.execute(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {query}", parameters)
    cursor.execute(f"ANALYZE {name} ({analyzed})")
