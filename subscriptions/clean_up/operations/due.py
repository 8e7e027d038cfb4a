"""The selection of what is due, and the steps of the clean-up that are one UPDATE each: statuses and numbers.

Batches go in the order of ids. Rows and everything that belongs to them lie on disk in this order, so few pages are
read twice. If few rows are left, PostgreSQL finds them by an index of days, and sorts them. Rows that another
transaction has locked are skipped. A batch is updated by an array of ids, which uses the primary key; a join would
read the whole table for each batch.
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
from portal import frame
from portal.audit import operations as audit_operations
from portal.lib import days
from subscriptions.clean_up.operations import runs

# The batch of the steps that change one column: their locks are short.
BATCH = 10_000
# Below every id.
START = 0
# The time zone whose day ends last: today is never earlier elsewhere.
LAST_ZONE = "Etc/GMT+12"
# Called after each batch with the number of rows that the step has changed.
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Todays:
    """The dates of today in the time zones in use.

    *Shape*: `of` maps a zone to the date that a run works with, `by_the_clock` to the date by the clock. They
    differ if a date was given (`are_named`). Without one, zones that Python does not know are in `unknown` only.
    `first` is today in the zone whose day ends last: what is due there is due everywhere.
    """

    of: dict[str, date]
    by_the_clock: dict[str, date]
    first: date
    unknown: tuple[str, ...] = ()
    are_named: bool = False

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Give the parameters of the statements below, with further ones."""
        known = self.of.values() or [date(1970, 1, 1)]
        return {
            "todays": json.dumps(self.of, default=str),
            "earliest": min(known),
            "latest": max(known),
            **more,
        }


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
    """The rule for what is due: after how many days, and whether also with auto-renewal on."""

    reactivation_days: int
    is_also_renewing: bool = False

    def parameters(self) -> dict[str, Any]:
        """Give the parameters of the statements below."""
        return {"kept": self.reactivation_days, "renewing": self.is_also_renewing}


def todays(*, as_of: date | None, at: datetime) -> Todays:
    """Compute today in each time zone. A given `as_of` is today in all of them."""
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


# Today in the time zone of a subscription. OFFSET 0 keeps this a lookup of one row. Otherwise the planner may join
# the other way round, and every batch would read and sort all rows that are left.
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

# Subscriptions whose renewal may only be missing here. The portal makes no renewals, so it cannot tell, even if the
# last cycle was invoiced elsewhere. `standing.is_held_back` is the same rule for one subscription.
_MAY_HAVE_RENEWED = """(
    s.auto_renew AND NOT s.is_trial AND o.status = 'active' AND NOT EXISTS (
        SELECT FROM subscriptions_contractitem i JOIN subscriptions_contract c ON c.id = i.contract_id
        WHERE i.subscription_id = s.id AND c.billing_plan = 'milestone'))
"""

_TO_END = f"{_DUE} AND (%(renewing)s OR NOT {_MAY_HAVE_RENEWED})"
_HELD = f"{_DUE} AND NOT %(renewing)s AND {_MAY_HAVE_RENEWED}"

# Due in every time zone, of organisations whose time zone is not known.
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


def count(todays: Todays, *, rule: Rule) -> int:
    """Count the subscriptions that would be terminated."""
    return _count(_TO_END, todays.parameters(**rule.parameters()))


def count_not_terminated() -> int:
    """Count the subscriptions that are not terminated yet."""
    return _count("FROM subscriptions_subscription s WHERE s.status <> 'terminated'", {})


def hold_back(
    todays: Todays, *, rule: Rule, run_id: int | None, stop: Callable[[], bool], tell: Callable[[list[Due]], None]
) -> int:
    """Record which subscriptions the run holds back, and count them. Without a run they are only reported."""
    kept = """, kept AS (
            INSERT INTO subscriptions_cleanupheld (run_id, subscription_id, expires_on, days_expired)
            SELECT %(run)s, id, expires_on, today - expires_on FROM held
            ON CONFLICT (run_id, subscription_id) DO NOTHING
        )"""
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


def count_passed(todays: Todays) -> int:
    """Count the subscriptions that `mark_expired` would mark."""
    return _count(_PASSED, todays.parameters())


def count_ahead(todays: Todays) -> int:
    """Count the subscriptions that `put_back` would mark active again."""
    return 0 if todays.are_named else _count(_AHEAD, todays.parameters())


def count_over(todays: Todays) -> int:
    """Count the numbers that `release_numbers` would free."""
    return _count(_OVER, todays.parameters())


def _count(selection: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {selection}", parameters)
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Step:
    """The context of a step: its run, actor and time, and its callbacks."""

    run_id: int
    by: frame.Actor
    at: datetime
    stop: Callable[[], bool]
    tell: Tell


def put_back(todays: Todays, *, step: Step) -> int:
    """Mark subscriptions active again that a wrong clock had marked expired, and count them.

    A given date may be long past, so nothing is marked then. No index leads to these few rows: the table is read
    once, in its order.
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
    """Mark subscriptions expired after their last day, and count them."""
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
    """Free the numbers after their reservation, and count them."""
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
    """Run a statement batch by batch, and count the changed rows. Each batch updates the counts of the run as well.

    After the last batch it starts over once: rows that were locked before may be free now.

    *Shape*: `statement` changes the batch after an id, and returns the number of rows and the last id.
    """
    changed, after = 0, START
    while not step.stop():
        with frame.operation("terminate_expired"), connection.cursor() as cursor:
            cursor.execute(statement, todays.parameters(after=after))
            found, last = cursor.fetchone()
            if found:
                runs.add(step.run_id, **{counted_as: found})
                # Every transaction needs an audit entry. That of the run is written at its end.
                audit_operations.record(
                    "clean_up.step",
                    sentence=f"{found:,} {said}.",
                    data={"run": step.run_id, counted_as: found},
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
