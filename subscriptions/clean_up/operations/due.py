"""What is due in the clean-up, and the steps that are one UPDATE each: put back, mark expired, free numbers.

All go from one batch to the next in the order of ids, in which rows lie, and all that hangs on them: few pages are
read twice. Where little is left, PostgreSQL finds it by its days and sorts it. All leave rows alone that somebody
else holds. The rows of a batch are updated by an array of their ids, which always goes through the primary key: a
join would read the whole table for each batch.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from customers.models import Organisation
from portal.audit import names
from portal.audit import operations as audit_operations
from portal.lib import days
from subscriptions.clean_up.operations import runs

# Rows of the steps that only change a word; nobody waits for them long.
BATCH = 10_000
# In front of every id.
START = 0
# The zone whose day ends last: no organisation can have an earlier today.
LAST_ZONE = "Etc/GMT+12"
# Hears after each batch how many rows a step has changed.
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Todays:
    """Hold today of every time zone in use.

    *Shape*: `of` is what a run takes as today, `by_the_clock` what it is; `are_named` where somebody said `of`.
    Zones that are not known here are in neither but in `unknown`, unless the day was named. `first` is today in
    the zone whose day ends last: what is due then is due in every zone.
    """

    of: dict[str, date]
    by_the_clock: dict[str, date]
    first: date
    unknown: tuple[str, ...] = ()
    are_named: bool = False

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Give what the statements below need, and more."""
        known = self.of.values() or [date(1970, 1, 1)]
        return {
            "todays": json.dumps(self.of, default=str),
            "earliest": min(known),
            "latest": max(known),
            **more,
        }


@dataclass(frozen=True, slots=True)
class Due:
    """Hold a subscription that has expired for more than the reactivation days, with today where it lives."""

    subscription_id: int
    subscription_uuid: uuid.UUID
    organisation_uuid: uuid.UUID
    currency: str
    expires_on: date
    today: date
    auto_renew: bool

    @property
    def days_expired(self) -> int:
        """Say for how many days it has been expired."""
        return (self.today - self.expires_on).days


@dataclass(frozen=True)
class Rule:
    """Say what is due: after which days, and whether also what may only have missed its renewal."""

    reactivation_days: int
    is_also_renewing: bool = False

    def parameters(self) -> dict[str, Any]:
        """Give what the statements below need."""
        return {"kept": self.reactivation_days, "renewing": self.is_also_renewing}


def todays(*, as_of: date | None, at: datetime) -> Todays:
    """Say which day it is in each zone; `as_of` in all of them, where it is given."""
    zones = list(Organisation.objects.order_by().values_list("timezone", flat=True).distinct())
    by_the_clock: dict[str, date] = {}
    unknown: list[str] = []
    for zone in zones:
        try:
            by_the_clock[zone] = days.today_in(zone, at=at)
        except days.UnknownTimezone:
            unknown.append(zone)
    first = days.today_in(LAST_ZONE, at=at)
    if as_of is None:
        return Todays(of=by_the_clock, by_the_clock=by_the_clock, first=first, unknown=tuple(unknown))
    return Todays(of=dict.fromkeys(zones, as_of), by_the_clock=by_the_clock, first=first, are_named=True)


# Today where a subscription lives. OFFSET 0 keeps it a look at one row, however few seem to be due: joined the
# other way round, every batch would read and sort all that is left.
_TODAY = """
CROSS JOIN LATERAL (
    SELECT o.uuid, o.status, (%(todays)s::jsonb ->> o.timezone)::date AS today
    FROM customers_organisation o WHERE o.id = s.organisation_id OFFSET 0
) o
"""

_DUE = f"""
FROM subscriptions_subscription s {_TODAY}
WHERE s.status <> 'terminated'
  AND o.today - s.expires_on > %(kept)s AND s.expires_on < %(latest)s::date - %(kept)s::int
"""

# What may only have missed its renewal. Nothing here makes renewals or refuses them, so that nothing here can tell:
# also where the last cycle was invoiced elsewhere. `standing.is_held_back` is the same of one subscription.
_MAY_HAVE_RENEWED = """(
    s.auto_renew AND NOT s.is_trial AND o.status = 'active' AND NOT EXISTS (
        SELECT FROM subscriptions_contractitem i JOIN subscriptions_contract c ON c.id = i.contract_id
        WHERE i.subscription_id = s.id AND c.billing_plan = 'milestone'))
"""

_TO_END = f"{_DUE} AND (%(renewing)s OR NOT {_MAY_HAVE_RENEWED})"
_HELD = f"{_DUE} AND NOT %(renewing)s AND {_MAY_HAVE_RENEWED}"

# Due whatever the zone is, of organisations whose zone is not known.
_NOBODY_KNOWS = f"""
FROM subscriptions_subscription s JOIN customers_organisation o ON o.id = s.organisation_id
WHERE s.status <> 'terminated' AND o.timezone = ANY(%(unknown)s)
  AND s.expires_on < %(first)s::date - %(kept)s::int AND (%(renewing)s OR NOT {_MAY_HAVE_RENEWED})
"""

_PASSED = f"""
FROM subscriptions_subscription s {_TODAY}
WHERE s.status = 'active' AND s.status <> 'terminated'
  AND s.expires_on < o.today AND s.expires_on < %(latest)s
"""

_AHEAD = f"""
FROM subscriptions_subscription s {_TODAY}
WHERE s.status = 'expired' AND s.expires_on >= o.today AND s.expires_on >= %(earliest)s
"""

_OVER = f"""
FROM subscriptions_phonenumber n
JOIN subscriptions_subscription s ON s.id = n.subscription_id {_TODAY}
WHERE n.status = 'reserved' AND n.reserved_through < o.today AND n.reserved_through < %(latest)s
"""


def select(todays: Todays, *, rule: Rule, room: int, after: int, without: list[int], is_locking: bool) -> list[Due]:
    """List the next subscriptions that are due, by id, and lock them until the transaction ends."""
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


def count(todays: Todays, *, rule: Rule) -> int:
    """Count the subscriptions that would be terminated."""
    return _count(_TO_END, todays.parameters(**rule.parameters()))


def count_not_terminated() -> int:
    """Count the subscriptions that are not terminated yet."""
    return _count("FROM subscriptions_subscription s WHERE s.status <> 'terminated'", {})


def hold_back(
    todays: Todays, *, rule: Rule, run_id: int | None, stop: Callable[[], bool], tell: Callable[[list[Due]], None]
) -> int:
    """Keep with the run which subscriptions it holds back, and say how many; without a run only tell them."""
    kept = """, kept AS (
            INSERT INTO subscriptions_cleanupheld (run_id, subscription_id, expires_on, days_expired)
            SELECT %(run)s, id, expires_on, today - expires_on FROM held
            ON CONFLICT (run_id, subscription_id) DO NOTHING
        )"""
    # Without a run nothing is written, so that it can be told on a replica.
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
        with audit_operations.operation("terminate_expired"), connection.cursor() as cursor:
            cursor.execute(statement, todays.parameters(run=run_id, after=after, **rule.parameters()))
            found = [Due(*row) for row in cursor.fetchall()]
            if run_id is not None:
                runs.add(run_id, held=len(found))
        if found:
            total += len(found)
            tell(found)
        if len(found) < BATCH:
            break
        after = found[-1].subscription_id
    return total


def of_unknown_zones(todays: Todays, *, rule: Rule) -> list[tuple[Due, str]]:
    """List the subscriptions that are due whatever day it is there, each with the zone that nobody knows."""
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


def count_passed(todays: Todays) -> int:
    """Count the subscriptions that are marked active though their last day is over."""
    return _count(_PASSED, todays.parameters())


def count_ahead(todays: Todays) -> int:
    """Count the subscriptions that `put_back` would mark active again."""
    return 0 if todays.are_named else _count(_AHEAD, todays.parameters())


def count_over(todays: Todays) -> int:
    """Count the numbers whose reservation is over."""
    return _count(_OVER, todays.parameters())


def _count(selection: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {selection}", parameters)
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Step:
    """Hold what a step of a run needs to know: its run, who does it and when, and what listens."""

    run_id: int
    by: audit_operations.Actor
    at: datetime
    stop: Callable[[], bool]
    tell: Tell


def put_back(todays: Todays, *, step: Step) -> int:
    """Mark subscriptions active again that a clock which was wrong had marked expired; say how many.

    Not on a day that somebody named: it may be long over. No index finds these few among all that run, so this
    reads the table once, in its order.
    """
    if todays.are_named:
        return 0
    statement = f"""
        WITH ahead AS MATERIALIZED (
            SELECT s.id {_AHEAD} AND s.id > %(after)s
            ORDER BY s.id LIMIT {BATCH} FOR NO KEY UPDATE OF s SKIP LOCKED
        ), marked AS (
            UPDATE subscriptions_subscription s SET status = 'active'
            WHERE s.id = ANY(ARRAY(SELECT id FROM ahead))
        )
        SELECT count(*), max(id) FROM ahead
    """  # noqa: S608 - built from constants
    return _change(statement, todays, counted_as="expired", said="subscription(s) marked active again", step=step)


def mark_expired(todays: Todays, *, step: Step) -> int:
    """Mark subscriptions expired whose last day is over; say how many."""
    statement = f"""
        WITH passed AS MATERIALIZED (
            SELECT s.id {_PASSED} AND s.id > %(after)s
            ORDER BY s.id LIMIT {BATCH} FOR NO KEY UPDATE OF s SKIP LOCKED
        ), marked AS (
            UPDATE subscriptions_subscription s SET status = 'expired'
            WHERE s.id = ANY(ARRAY(SELECT id FROM passed))
        )
        SELECT count(*), max(id) FROM passed
    """  # noqa: S608 - built from constants
    return _change(statement, todays, counted_as="expired", said="subscription(s) marked expired", step=step)


def release_numbers(todays: Todays, *, step: Step) -> int:
    """Free the numbers whose reservation is over; say how many."""
    statement = f"""
        WITH over AS MATERIALIZED (
            SELECT n.id {_OVER} AND n.id > %(after)s
            ORDER BY n.id LIMIT {BATCH} FOR NO KEY UPDATE OF n SKIP LOCKED
        ), released AS (
            UPDATE subscriptions_phonenumber n SET status = 'free', reserved_through = NULL
            WHERE n.id = ANY(ARRAY(SELECT id FROM over))
        )
        SELECT count(*), max(id) FROM over
    """  # noqa: S608 - built from constants
    return _change(statement, todays, counted_as="released_numbers", said="number(s) freed", step=step)


def _change(statement: str, todays: Todays, *, counted_as: str, said: str, step: Step) -> int:
    """Change batch after batch, count each in the run's row with it, and say how many rows were changed.

    Behind the last, once more from the start: what somebody held before may be free now.

    *Shape*: `statement` changes the batch behind an id, and answers with how many, and the last one's id.
    """
    changed, after = 0, START
    while not step.stop():
        with audit_operations.operation("terminate_expired"), connection.cursor() as cursor:
            cursor.execute(statement, todays.parameters(after=after))
            found, last = cursor.fetchone()
            if found:
                runs.add(step.run_id, **{counted_as: found})
                # Each transaction needs an entry of its own: the run's is written when all of them are over.
                audit_operations.record(
                    app=names.SUBSCRIPTIONS,
                    event="Clean-up step",
                    description=f"{found:,} {said}.",
                    by=step.by,
                    at=step.at,
                )
        if after == START and not found:
            break
        if found:
            changed += found
            step.tell(changed)
        after = last if found == BATCH else START
    return changed
