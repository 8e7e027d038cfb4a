"""The effects of a termination, as statements: status, numbers, assignments, contract items, messages.

`%(ids)s` are the ids of the new terminations. All statements run as parts of one, so none of them sees what another
writes. Source: domain.md 5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.backends.utils import CursorWrapper

from portal.audit import writer as audit_writer
from portal.outbox import writer as outbox_writer
from settings_app.selectors import Config

_END = """
UPDATE subscriptions_subscription s
SET status = 'terminated', auto_renew = false, termination_ref = t.id
FROM subscriptions_termination t
WHERE t.id = ANY(%(ids)s) AND s.id = t.subscription_id
"""


def _of_the_ended(table: str, condition: str) -> str:
    """Write the subquery for the ids of a table's rows that belong to the ending subscriptions.

    OFFSET 0 keeps the planner from turning the lookup by index into a join, which would read the whole table.
    """
    return f"""ARRAY(
        SELECT r.id FROM subscriptions_termination t
        CROSS JOIN LATERAL (
            SELECT r.id FROM {table} r WHERE r.subscription_id = t.subscription_id AND {condition} OFFSET 0
        ) r
        WHERE t.id = ANY(%(ids)s))"""  # noqa: S608 - built from the names below


# A reservation starts on the date of termination, or on the date of the commit if that is later. The dates of the
# commit are a parameter, by time zone: PostgreSQL may not know all zones that Python knows.
_RESERVED_FROM = """(
    SELECT greatest(t.terminated_on, (%(committed)s::jsonb ->> o.timezone)::date)
    FROM subscriptions_termination t JOIN customers_organisation o ON o.id = t.organisation_id
    WHERE t.subscription_id = r.subscription_id)"""

_ITS_DAY = "(SELECT t.terminated_on FROM subscriptions_termination t WHERE t.subscription_id = r.subscription_id)"

_RESERVE_NUMBERS = f"""
WITH locked AS (
    SELECT id FROM subscriptions_phonenumber
    WHERE id = ANY({_of_the_ended("subscriptions_phonenumber", "r.status = 'in_use'")}) AND status = 'in_use'
    ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE subscriptions_phonenumber r
SET status = 'reserved',
    reserved_through = {_RESERVED_FROM} + CASE WHEN r.is_ported_in THEN %(ported)s ELSE %(reserved)s END
WHERE r.id = ANY(ARRAY(SELECT id FROM locked))
"""  # noqa: S608 - built from constants

_END_ASSIGNMENTS = f"""
UPDATE subscriptions_assignment r SET ended_on = {_ITS_DAY}
WHERE r.id = ANY({_of_the_ended("subscriptions_assignment", "r.ended_on IS NULL")}) AND r.ended_on IS NULL
"""  # noqa: S608 - built from constants

_FREE_CONTRACT_ITEMS = f"""
UPDATE subscriptions_contractitem r SET freed_on = {_ITS_DAY}
WHERE r.id = ANY({_of_the_ended("subscriptions_contractitem", "r.freed_on IS NULL")}) AND r.freed_on IS NULL
"""  # noqa: S608 - built from constants


# An open request to end it later has nothing left to ask for: it was carried out, or the end came otherwise.
_CLOSE_REQUESTS = f"""
UPDATE subscriptions_terminationrequest r
SET state = CASE WHEN t.request_id = r.id THEN 'carried_out' ELSE 'closed' END, termination_id = t.id,
    closed_at = t.terminated_at, closed_by = t.actor, closed_by_user_id = t.actor_user_id
FROM subscriptions_termination t
WHERE t.id = ANY(%(ids)s) AND t.subscription_id = r.subscription_id
  AND r.id = ANY({_of_the_ended("subscriptions_terminationrequest", "r.state = 'open'")}) AND r.state = 'open'
"""  # noqa: S608 - built from constants


_EVENTS = """(
    SELECT event_id AS id, terminated_at AS at, sentence AS description, actor, actor_user_id,
           organisation AS organisation_uuid, name AS organisation_name, subscription AS subject_uuid, data
    FROM ended)"""

# Control characters in the name become blanks, so that it adds no lines to the subject.
_DELIVERIES = outbox_writer.DELIVERIES.over(
    f"""(
    SELECT event_id, 'subscription_terminated' AS kind, uuid AS cause_id, organisation AS organisation_uuid,
           {outbox_writer.ADDRESSED},
           left('Subscription ' || subscription || ' of ' || regexp_replace(name, '[[:cntrl:]]+', ' ', 'g')
                || ' was terminated', 250) AS subject,
           terminated_at AS at
    FROM ended)"""  # noqa: S608 - built from constants
)

_EFFECTS = {
    "subscriptions": _END,
    "numbers": _RESERVE_NUMBERS,
    "assignments": _END_ASSIGNMENTS,
    "items": _FREE_CONTRACT_ITEMS,
    "requests": _CLOSE_REQUESTS,
}


def carry_out(
    cursor: CursorWrapper,
    *,
    ended: str,
    config: Config,
    committed: Mapping[str, date],
    **parameters: Any,
) -> None:
    """Run the effects as one statement, with events and messages: an agent waits for every round trip.

    *Shape*: `ended` is the query of what is told of each termination, which is read once: its uuid, terminated_at,
    actor and actor_user_id; the UUIDs of subscription and organisation; name, billing_email and owner_email of the
    organisation; event_id, sentence and data of its event. `committed` maps a time zone to its date at the commit.
    `ids` is one of the parameters.
    """
    events = audit_writer.of_kind("subscription.terminated", _EVENTS, subject_kind="subscription")
    parts = {**_EFFECTS, "ended": ended, "events": events}
    addressee = config.addressee_of("subscription_terminated")
    if addressee:
        parts["deliveries"] = _DELIVERIES
    whole = ", ".join(f"{name} AS ({statement})" for name, statement in parts.items())
    cursor.execute(
        f"WITH {whole} SELECT",
        {
            "reserved": config.number_reservation_days,
            "ported": config.number_reservation_days_ported_in,
            "committed": json.dumps(committed, default=str),
            **outbox_writer.addressing(addressee, provider_address=config.notification_address),
            **parameters,
        },
    )
