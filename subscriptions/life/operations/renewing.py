"""Renew what is due, an organisation's renewals of one date by one charge. Source: domain.md 7."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from portal import frame
from portal.jobs import operations as jobs
from portal.jobs.models import RunItem
from portal.lib import days, text
from portal.postgresql import diagnosis
from settings_app import selectors as settings_selectors
from subscriptions.life import writer
from subscriptions.life.operations import looking
from subscriptions.life.operations import runs as operations_runs
from subscriptions.life.selectors import due, runs
from subscriptions.life.words import refused
from subscriptions.models import Subscription
from subscriptions.selectors import zones

DEFAULT_BATCH = 5000
# Called after each batch with the number of subscriptions that are done.
Progress = Callable[[int], None]


def _never() -> bool:
    return False


def _unseen(done: int) -> None:
    pass


@dataclass(frozen=True)
class Counts:
    """What a run did, or what a dry run would do.

    *Shape*: `documents` were written for the `renewed`; a subscription that costs nothing needs none. The `refused`
    are listed under "Failed to renew"; of the `failed` the database refused to write, or nobody knows which day it
    is there. `run` is the UUID of the run, None where there was none: of a dry run, or where all renewals are made
    elsewhere.
    """

    as_of: date
    renewed: int = 0
    documents: int = 0
    refused: int = 0
    failed: int = 0
    is_dry_run: bool = False
    was_stopped: bool = False
    run: UUID | None = None


def renew_due(
    *,
    as_of: date | None,
    by: frame.Actor,
    at: datetime,
    batch_size: int = DEFAULT_BATCH,
    is_dry_run: bool = False,
    progress: Progress = _unseen,
    stop: Callable[[], bool] = _never,
    clock: Callable[[], datetime] | None = None,
) -> Counts:
    """Renew the subscriptions that are due, in batches of organisations, each of them one transaction.

    What was renewed is no longer due, and what was refused is not tried again on the same day, so a run that was
    killed is resumed by the next one. Organisations of which somebody has locked a subscription come last. A dry
    run only reads. Nothing happens where all renewals are made elsewhere.

    *Units*: `as_of` is today for every organisation. Without it, today depends on the time zone of the organisation
    at the start, `at`. `clock` gives the time of the end. `batch_size` counts subscriptions.
    *Shape*: `stop` is asked between batches.
    *Raises*: OperationalError and InterfaceError leave the run unfinished.
    """
    todays = zones.todays(as_of=as_of, at=at)
    day = as_of or at.astimezone(UTC).date()
    if not settings_selectors.current_config().renews_anything_here:
        return Counts(as_of=day, is_dry_run=is_dry_run)
    if is_dry_run:
        return _look(todays, day=day, batch_size=batch_size, progress=progress, stop=stop)
    begun = operations_runs.begin(as_of=day, by=by, at=at)
    work = _Work(run_id=begun.pk, todays=todays, batch_size=batch_size, by=by, at=at, stop=stop, progress=progress)
    work.fail_unknown_zones()
    work.renew_all()
    ended = operations_runs.finish(begun, was_stopped=stop(), by=by, at=(clock or (lambda: at))())
    return Counts(
        as_of=day,
        renewed=ended.count("renewed"),
        documents=ended.count("documents"),
        refused=ended.count("refused"),
        failed=ended.count("failed"),
        was_stopped=ended.was_stopped,
        run=ended.uuid,
    )


@dataclass
class _Work:
    """A run: batch after batch, and what must not be found again."""

    run_id: int
    todays: zones.Todays
    batch_size: int
    by: frame.Actor
    at: datetime
    stop: Callable[[], bool]
    progress: Progress
    done: int = 0
    without: list[int] = field(default_factory=list)

    def renew_all(self) -> None:
        """Go through all organisations, and once more as long as that finds something.

        Later there may be some that others had locked, and some of which the next cycle is due as well.
        """
        found = 1
        while found:
            found = 0
            after: int | None = due.START
            while after is not None and not self.stop():
                tried, after = self._renew_batch(after)
                found += tried
                self.progress(self.done)

    def fail_unknown_zones(self) -> None:
        """Record what is due in unknown time zones as failed: nobody knows which day it is there."""
        if not self.todays.unknown:
            return
        with frame.operation(operations_runs.OPERATION):
            config = settings_selectors.locked_config()
            items = [
                jobs.Item(
                    subject=one.uuid,
                    sentence=str(days.UnknownTimezone(one.zone)),
                    data={"expires_on": one.expires_on},
                )
                for one in due.of_unknown_zones(due.Rule(self.todays, config))
            ]
            jobs.add(self.run_id, counts={"failed": self._keep_failures(items)}, part=runs.RENEW)

    def _renew_batch(self, after: int) -> tuple[int, int | None]:
        """Renew what is due of the next organisations; give how many were tried, and where to go on."""
        with frame.operation(operations_runs.OPERATION):
            config = settings_selectors.locked_config()
            rule = due.Rule(self.todays, config)
            found = due.find(rule, after=after, room=self.batch_size, without=self.without)
            batch = _Batch(rule, by=self.by, at=self.at)
            batch.record(found.of)
            renewed, documents, refusals = batch.renewed, batch.documents, batch.refused
            failed = self._fail(found.of, reasons=batch.failed)
            jobs.add(
                self.run_id,
                counts={"renewed": renewed, "documents": documents, "refused": refusals, "failed": failed},
                part=runs.RENEW,
            )
        # The next selection would find the failures again.
        self.without += batch.failed
        self.done += renewed + refusals + failed
        return renewed + refusals + failed, found.last

    def _fail(self, found: Mapping[int, Sequence[int]], *, reasons: Mapping[int, str]) -> int:
        """Record the subscriptions of organisations that could not be written as failed."""
        why = {pk: reason for organisation, reason in reasons.items() for pk in found[organisation]}
        items = [
            jobs.Item(subject=uuid, sentence=why[pk], data={"expires_on": expires_on})
            for pk, uuid, expires_on in Subscription.objects.filter(pk__in=why)
            .order_by("pk")
            .values_list("pk", "uuid", "expires_on")
        ]
        return self._keep_failures(items)

    def _keep_failures(self, items: Sequence[jobs.Item]) -> int:
        return jobs.add_items(
            self.run_id, items=items, outcome=RunItem.Outcome.FAILED, subject_kind=runs.SUBSCRIPTION
        )


class _Batch:
    """Writes what is due of some organisations. If the database refuses, halving isolates the bad one."""

    def __init__(self, rule: due.Rule, *, by: frame.Actor, at: datetime) -> None:
        self.renewed = self.documents = self.refused = 0
        self.failed: dict[int, str] = {}
        """Reasons by organisation."""
        self._rule = rule
        self._parameters = writer.parameters_of(by, at=at)

    def record(self, found: Mapping[int, Sequence[int]]) -> None:
        """Write together; if the database refuses, each half for itself."""
        if not found:
            return
        try:
            with transaction.atomic():
                # In the savepoint: a row that is locked outside of it and written in it needs a MultiXact.
                free = due.locked(found)
                tried = self._write([pk for ids in free.values() for pk in ids])
                diagnosis.check_deferred()
        except DatabaseError as error:
            if not diagnosis.is_about_a_row(error):
                raise
            if len(found) == 1:
                self.failed[next(iter(found))] = text.first_line(error)
                return
        else:
            self.renewed += tried.renewed
            self.documents += tried.documents
            self.refused += tried.refused
            return
        every, middle = list(found.items()), len(found) // 2
        self.record(dict(every[:middle]))
        self.record(dict(every[middle:]))

    def _write(self, ids: Sequence[int]) -> writer.Tried:
        with connection.cursor() as cursor:
            writer.prepare(cursor, parameters=self._rule.parameters(ids=list(ids)), is_locking=True)
            tried = writer.counts(cursor)
            said = {pk: refused.told(code, data=data) for pk, code, data in writer.refused(cursor)}
            writer.write(
                cursor,
                tried=tried,
                said=json.dumps(said),
                config=self._rule.config,
                parameters=self._parameters,
            )
        return tried


def _look(
    todays: zones.Todays, *, day: date, batch_size: int, progress: Progress, stop: Callable[[], bool]
) -> Counts:
    """Say what a run would do."""
    rule = due.Rule(todays, settings_selectors.current_config())
    found = looking.foresee(rule, batch_size=batch_size, progress=progress, stop=stop)
    return Counts(
        as_of=day,
        renewed=found.renewed,
        documents=found.documents,
        refused=found.refused,
        failed=found.failed,
        is_dry_run=True,
        was_stopped=found.was_stopped,
    )
