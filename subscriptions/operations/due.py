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
from portal.audit import operations as audit_operations
from portal.lib import days
from subscriptions.operations import runs

# Rows of the steps that only change a word; nobody waits for them long.
BATCH = 10_000
# In front of every id.
START = 0
# Hears after each batch how many rows a step has changed.
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Todays:
    """Hold today of every time zone in use.

    *Shape*: `of` is what a run takes as today, `by_the_clock` what it is; `are_named` where somebody said `of`.
    """

    of: dict[str, date]
    by_the_clock: dict[str, date]
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
    """Hold a subscription that has expired for more than the reactivation days."""

    subscription_id: int
    subscription_uuid: uuid.UUID
    organisation_uuid: uuid.UUID
    currency: str
    expires_on: date
    today: date
    auto_renew: bool


def todays(*, as_of: date | None, at: datetime) -> Todays:
    """Say which day it is in each zone; `as_of` in all of them, where it is given."""
    zones = list(Organisation.objects.order_by().values_list("timezone", flat=True).distinct())
    by_the_clock = {zone: days.today_in(zone, at=at) for zone in zones}
    if as_of is None:
        return Todays(of=by_the_clock, by_the_clock=by_the_clock)
    return Todays(of=dict.fromkeys(zones, as_of), by_the_clock=by_the_clock, are_named=True)


# Today where a subscription lives. OFFSET 0 keeps it a look at one row, however few seem to be due: joined the
# other way round, every batch would read and sort all that is left.
_TODAY = """
CROSS JOIN LATERAL (
    SELECT o.uuid, (%(todays)s::jsonb ->> o.timezone)::date AS today
    FROM customers_organisation o WHERE o.id = s.organisation_id OFFSET 0
) o
"""

_DUE = f"""
FROM subscriptions_subscription s {_TODAY}
WHERE s.status <> 'terminated'
  AND o.today - s.expires_on > %(kept)s AND s.expires_on < %(latest)s::date - %(kept)s::int
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


def select(
    todays: Todays, *, reactivation_days: int, room: int, after: int, without: list[int], is_locking: bool
) -> list[Due]:
    """List the next subscriptions that are due, by id, and lock them until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.id, s.uuid, o.uuid, s.currency, s.expires_on, o.today, s.auto_renew
            {_DUE} AND s.id > %(after)s AND s.id <> ALL(%(without)s::bigint[])
            ORDER BY s.id
            LIMIT %(room)s
            {"FOR NO KEY UPDATE OF s SKIP LOCKED" if is_locking else ""}
            """,
            todays.parameters(room=room, without=without, kept=reactivation_days, after=after),
        )
        return [Due(*row) for row in cursor.fetchall()]


def count(todays: Todays, *, reactivation_days: int) -> int:
    """Count the subscriptions that are due."""
    return _count(_DUE, todays.parameters(kept=reactivation_days))


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


def put_back(todays: Todays, *, run_id: int, stop: Callable[[], bool], tell: Tell) -> int:
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
    return _change(statement, todays, counted_as="expired", run_id=run_id, stop=stop, tell=tell)


def mark_expired(todays: Todays, *, run_id: int, stop: Callable[[], bool], tell: Tell) -> int:
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
    return _change(statement, todays, counted_as="expired", run_id=run_id, stop=stop, tell=tell)


def release_numbers(todays: Todays, *, run_id: int, stop: Callable[[], bool], tell: Tell) -> int:
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
    return _change(statement, todays, counted_as="released_numbers", run_id=run_id, stop=stop, tell=tell)


def _change(
    statement: str, todays: Todays, *, counted_as: str, run_id: int, stop: Callable[[], bool], tell: Tell
) -> int:
    """Change batch after batch, count each in the run's row with it, and say how many rows were changed.

    Behind the last, once more from the start: what somebody held before may be free now.

    *Shape*: `statement` changes the batch behind an id, and answers with how many, and the last one's id.
    """
    changed, after = 0, START
    while not stop():
        with audit_operations.operation("terminate_expired"), connection.cursor() as cursor:
            cursor.execute(statement, todays.parameters(after=after))
            found, last = cursor.fetchone()
            runs.add(run_id, **{counted_as: found})
        if after == START and not found:
            break
        if found:
            changed += found
            tell(changed)
        after = last if found == BATCH else START
    return changed
