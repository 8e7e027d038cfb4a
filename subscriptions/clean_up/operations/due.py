"""The selection of what is due, and of what is held back.

Batches go in the order of ids. Rows and everything that belongs to them lie on disk in this order, so few pages are
read twice. If few rows are left, PostgreSQL finds them by an index of days, and sorts them. Rows that another
transaction has locked are skipped. A batch is updated by an array of ids, which uses the primary key; a join would
read the whole table for each batch.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from portal import frame
from portal.jobs import operations as jobs
from portal.jobs import writer
from portal.jobs.models import RunItem
from settings_app import policies
from settings_app.selectors import renewals as settings_renewals
from subscriptions.clean_up import selectors
from subscriptions.clean_up.operations import runs
from subscriptions.life.selectors import due as renewals
from subscriptions.selectors import zones
from subscriptions.selectors.made_here import MADE_HERE

# The batch of the steps that change one column: their locks are short.
BATCH = 10_000
# Below every id.
START = 0


@dataclass(frozen=True, slots=True)
class Due:
    """A subscription that expired more than the reactivation days ago, and today in its time zone."""

    subscription_id: int
    subscription_uuid: uuid.UUID
    organisation_uuid: uuid.UUID
    currency: str
    expires_on: date
    today: date
    auto_renew: bool

    @property
    def days_expired(self) -> int:
        """Count the days since it expired."""
        return (self.today - self.expires_on).days


@dataclass(frozen=True)
class Rule:
    """The rule for what is due: under which settings, and whether also with auto-renewal on."""

    config: policies.Values
    is_also_renewing: bool = False

    def parameters(self) -> dict[str, Any]:
        """Give the parameters of the statements below."""
        return {
            "kept": self.config.reactivation_days,
            "renewing": self.is_also_renewing,
            **settings_renewals.parameters(self.config),
        }


# What is asked to end on a day ends on that day. An array is read once; a join may change the order.
_NO_END_ASKED = """
  AND s.id <> ALL(ARRAY(SELECT q.subscription_id FROM subscriptions_terminationrequest q WHERE q.state = 'open'))
"""

_DUE = f"""
FROM subscriptions_subscription s {zones.TODAY}
WHERE s.status <> 'terminated' {_NO_END_ASKED}
  AND o.today - s.expires_on > %(kept)s AND s.expires_on < %(latest)s::date - %(kept)s::int
"""

# Subscriptions whose renewal may only be missing here: none was refused after the last cycle, or renewals are made
# elsewhere, where nothing here can tell. `standing.is_held_back` is the same rule for one subscription.
_MAY_HAVE_RENEWED = f"""(
    s.auto_renew AND NOT s.is_trial AND o.status = 'active' AND NOT EXISTS (
        SELECT FROM subscriptions_contractitem i JOIN subscriptions_contract c ON c.id = i.contract_id
        WHERE i.subscription_id = s.id AND c.billing_plan = 'milestone')
    AND (NOT {renewals.REFUSED} OR NOT {MADE_HERE} OR EXISTS (
        SELECT FROM subscriptions_cyclecharge g WHERE g.is_external_invoice AND g.cycle_id = (
            SELECT c.id FROM subscriptions_cycle c WHERE c.subscription_id = s.id
            ORDER BY c.first_day DESC LIMIT 1))))
"""  # noqa: S608 - built from constants

_TO_END = f"{_DUE} AND (%(renewing)s OR NOT {_MAY_HAVE_RENEWED})"
_HELD = f"{_DUE} AND NOT %(renewing)s AND {_MAY_HAVE_RENEWED}"

# What is held as items of a run.
_HELD_ITEMS = """(
    SELECT %(run)s::bigint AS run_id, %(outcome)s AS outcome, %(subject)s AS subject_kind, uuid AS subject_uuid,
           '' AS sentence, jsonb_build_object('expires_on', expires_on, 'days_expired', today - expires_on) AS data
    FROM held
)"""

# Due in every time zone, of organisations whose time zone is not known.
_NOBODY_KNOWS = f"""
FROM subscriptions_subscription s JOIN customers_organisation o ON o.id = s.organisation_id
WHERE s.status <> 'terminated' AND o.timezone = ANY(%(unknown)s) {_NO_END_ASKED}
  AND s.expires_on < %(first)s::date - %(kept)s::int AND (%(renewing)s OR NOT {_MAY_HAVE_RENEWED})
"""


def select(
    todays: zones.Todays, *, rule: Rule, room: int, after: int, without: list[int], is_locking: bool
) -> list[Due]:
    """Select the next due subscriptions in the order of ids, and lock them for the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.id, s.uuid, o.uuid, s.currency, s.expires_on, o.today, s.auto_renew
            {_TO_END} AND s.id > %(after)s AND s.id <> ALL(%(without)s::bigint[])
            ORDER BY s.id
            LIMIT %(room)s
            {"FOR NO KEY UPDATE OF s SKIP LOCKED" if is_locking else ""}
            """,
            todays.parameters(room=room, without=without, after=after, **rule.parameters()),
        )
        return [Due(*row) for row in cursor.fetchall()]


def count(todays: zones.Todays, *, rule: Rule) -> int:
    """Count the subscriptions that would be terminated."""
    return counted(_TO_END, parameters=todays.parameters(**rule.parameters()))


def count_not_terminated() -> int:
    """Count the subscriptions that are not terminated yet."""
    return counted("FROM subscriptions_subscription s WHERE s.status <> 'terminated'", parameters={})


def hold_back(
    todays: zones.Todays,
    *,
    rule: Rule,
    run_id: int | None,
    stop: Callable[[], bool],
    tell: Callable[[list[Due]], None],
) -> int:
    """Record which subscriptions the run holds back, and count them. Without a run they are only reported."""
    kept = f", kept AS ({writer.ITEMS.over(_HELD_ITEMS, then=writer.ONCE)})"
    # Without a run nothing is written, so a dry run works on a replica.
    statement = f"""
        WITH held AS MATERIALIZED (
            SELECT s.id, s.uuid, o.uuid AS organisation, s.currency, s.expires_on, o.today, s.auto_renew
            {_HELD} AND s.id > %(after)s
            ORDER BY s.id LIMIT {BATCH}
        ){kept if run_id is not None else ""}
        SELECT * FROM held ORDER BY id
    """  # noqa: S608 - built from constants
    total, after = 0, START
    while not rule.is_also_renewing and not stop():
        with frame.operation("terminate_expired"), connection.cursor() as cursor:
            cursor.execute(
                statement,
                todays.parameters(
                    run=run_id,
                    outcome=RunItem.Outcome.HELD,
                    subject=selectors.SUBSCRIPTION,
                    after=after,
                    **rule.parameters(),
                ),
            )
            found = [Due(*row) for row in cursor.fetchall()]
            if run_id is not None:
                jobs.add(run_id, counts={"held": len(found)}, part=runs.HOLD)
        if found:
            total += len(found)
            tell(found)
        if len(found) < BATCH:
            break
        after = found[-1].subscription_id
    return total


def of_unknown_zones(todays: zones.Todays, *, rule: Rule) -> list[tuple[Due, str]]:
    """List the subscriptions that are due in every time zone, and whose own time zone is not known."""
    if not todays.unknown:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.id, s.uuid, o.uuid, s.currency, s.expires_on, %(first)s::date, s.auto_renew, o.timezone
            {_NOBODY_KNOWS} ORDER BY s.id
            """,
            {"unknown": list(todays.unknown), "first": todays.first, **rule.parameters()},
        )
        return [(Due(*row[:-1]), row[-1]) for row in cursor.fetchall()]


def counted(selection: str, *, parameters: dict[str, Any]) -> int:
    """Count the rows of a selection."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {selection}", parameters)
        return int(cursor.fetchone()[0])
