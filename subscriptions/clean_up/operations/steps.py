"""The steps of the clean-up that are one UPDATE a batch: statuses and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from portal import frame
from portal.audit import operations as audit_operations
from portal.jobs import operations as jobs
from portal.jobs.models import Run
from portal.lib import text
from subscriptions.clean_up.operations import due
from subscriptions.selectors import zones

# Called after each batch with the number of rows that the step has changed.
Tell = Callable[[int], None]

_PASSED = f"""
FROM subscriptions_subscription s {zones.TODAY}
WHERE s.status = 'active' AND s.status <> 'terminated'
  AND s.expires_on < o.today AND s.expires_on < %(latest)s
"""

_AHEAD = f"""
FROM subscriptions_subscription s {zones.TODAY}
WHERE s.status = 'expired' AND s.expires_on >= o.today AND s.expires_on >= %(earliest)s
"""

_OVER = f"""
FROM subscriptions_phonenumber n
JOIN subscriptions_subscription s ON s.id = n.subscription_id {zones.TODAY}
WHERE n.status = 'reserved' AND n.reserved_through < o.today AND n.reserved_through < %(latest)s
"""


def count_passed(todays: zones.Todays) -> int:
    """Count the subscriptions that `mark_expired` would mark."""
    return due.counted(_PASSED, parameters=todays.parameters())


def count_ahead(todays: zones.Todays) -> int:
    """Count the subscriptions that `put_back` would mark active again."""
    return 0 if todays.are_named else due.counted(_AHEAD, parameters=todays.parameters())


def count_over(todays: zones.Todays) -> int:
    """Count the numbers that `release_numbers` would free."""
    return due.counted(_OVER, parameters=todays.parameters())


@dataclass(frozen=True)
class Step:
    """The context of a step: its run and the part that it is of it, actor and time, and its callbacks."""

    run: Run
    part: str
    by: frame.Actor
    at: datetime
    stop: Callable[[], bool]
    tell: Tell


def put_back(todays: zones.Todays, *, step: Step) -> int:
    """Mark subscriptions active again that a wrong clock had marked expired, and count them.

    A given date may be long past, so nothing is marked then. No index leads to these few rows: the table is read
    once, in its order.
    """
    if todays.are_named:
        return 0
    statement = f"""
        WITH ahead AS MATERIALIZED (
            SELECT s.id {_AHEAD} AND s.id > %(after)s
            ORDER BY s.id LIMIT {due.BATCH} FOR NO KEY UPDATE OF s SKIP LOCKED
        ), marked AS (
            UPDATE subscriptions_subscription s SET status = 'active'
            WHERE s.id = ANY(ARRAY(SELECT id FROM ahead))
        )
        SELECT count(*), max(id) FROM ahead
    """  # noqa: S608 - built from constants
    return _change(
        statement, todays, counted_as="expired", what="subscription", said="marked active again", step=step
    )


def mark_expired(todays: zones.Todays, *, step: Step) -> int:
    """Mark subscriptions expired after their last day, and count them."""
    statement = f"""
        WITH passed AS MATERIALIZED (
            SELECT s.id {_PASSED} AND s.id > %(after)s
            ORDER BY s.id LIMIT {due.BATCH} FOR NO KEY UPDATE OF s SKIP LOCKED
        ), marked AS (
            UPDATE subscriptions_subscription s SET status = 'expired'
            WHERE s.id = ANY(ARRAY(SELECT id FROM passed))
        )
        SELECT count(*), max(id) FROM passed
    """  # noqa: S608 - built from constants
    return _change(statement, todays, counted_as="expired", what="subscription", said="marked expired", step=step)


def release_numbers(todays: zones.Todays, *, step: Step) -> int:
    """Free the numbers after their reservation, and count them."""
    statement = f"""
        WITH over AS MATERIALIZED (
            SELECT n.id {_OVER} AND n.id > %(after)s
            ORDER BY n.id LIMIT {due.BATCH} FOR NO KEY UPDATE OF n SKIP LOCKED
        ), released AS (
            UPDATE subscriptions_phonenumber n SET status = 'free', reserved_through = NULL
            WHERE n.id = ANY(ARRAY(SELECT id FROM over))
        )
        SELECT count(*), max(id) FROM over
    """  # noqa: S608 - built from constants
    return _change(statement, todays, counted_as="released_numbers", what="number", said="freed", step=step)


def _change(statement: str, todays: zones.Todays, *, counted_as: str, what: str, said: str, step: Step) -> int:
    """Run a statement batch by batch, and count the changed rows. Each batch updates the counts of the run as well.

    After the last batch it starts over once: rows that were locked before may be free now.

    *Shape*: `statement` changes the batch after an id, and returns the number of rows and the last id.
    """
    changed, after = 0, due.START
    while not step.stop():
        with frame.operation("terminate_expired"), connection.cursor() as cursor:
            cursor.execute(statement, todays.parameters(after=after))
            found, last = cursor.fetchone()
            if found:
                jobs.add(step.run.pk, counts={counted_as: found}, part=step.part)
                # Every transaction needs an audit entry. That of the run is written at its end.
                audit_operations.record(
                    "clean_up.step",
                    sentence=f"{text.counted(found, what)} {said}.",
                    subject=audit_operations.Subject("run", step.run.uuid),
                    data={counted_as: found},
                    by=step.by,
                    at=step.at,
                )
        if after == due.START and not found:
            break
        if found:
            changed += found
            step.tell(changed)
        after = last if found == due.BATCH else due.START
    return changed
