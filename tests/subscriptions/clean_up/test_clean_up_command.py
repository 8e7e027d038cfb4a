"""The clean-up's command as the night runs it: stopped, killed, with a limit, dry, and what it says."""

import csv
import datetime as dt
import json
import os
import signal
import uuid
from functools import partial

import pytest
from django.db import DatabaseError

from portal import frame
from portal.audit import sealing
from portal.audit.models import AuditEntry, Position, Seal, Unnumbered
from portal.frame import SYSTEM
from portal.frame.models import IdempotencyKey
from portal.jobs.models import Run
from subscriptions.clean_up.operations import due, expire
from subscriptions.clean_up.operations import expire as operations_expire
from subscriptions.clean_up.operations import workers as operations_workers
from subscriptions.models import PhoneNumber, Subscription, Termination
from tests.subscriptions.clean_up.nights import command, done_in, expired
from tests.support import factories
from tests.support.factories import C
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_clock")]


@pytest.fixture
def asked_to_stop(monkeypatch):
    """Send SIGTERM to the command while it is in its first batch."""
    command_process, batch = os.getpid(), expire._terminate_batch

    def and_ask(*args, **kwargs):
        os.kill(command_process, signal.SIGTERM)
        return batch(*args, **kwargs)

    monkeypatch.setattr(expire, "_terminate_batch", and_ask)
    return monkeypatch


def test_sigterm_ends_after_the_running_batch(now, asked_to_stop, tmp_path):
    expired(5)
    before = signal.getsignal(signal.SIGTERM)
    status, out, err = command("--json", "--batch-size", "2", "--report", str(tmp_path / "r.csv"), at=now)
    assert status == 143
    assert json.loads(out)["terminated"] == Termination.objects.count() == 2
    assert "Stopped as asked, after the running batch; the next run does the rest." in err
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 3
    run = Run.objects.get()
    assert (run.was_stopped, run.finished_at, run.count("terminated")) == (True, now, 2)
    assert signal.getsignal(signal.SIGTERM) is before
    asked_to_stop.undo()
    status, out, _ = command("--json", at=now)
    assert (status, json.loads(out)["terminated"], Termination.objects.count()) == (0, 3, 5)
    assert not Run.objects.latest("pk").was_stopped


def test_sigterm_ends_every_worker_after_its_batch(now, asked_to_stop):
    expired(12)
    status, out, err = command("--json", "--batch-size", "1", "--workers", "3", at=now)
    assert status == 143
    assert "Stopped as asked" in err
    done = Termination.objects.count()
    # A batch in each worker, at most; one that came late found that it was to stop.
    assert 1 <= done <= 3
    assert json.loads(out)["terminated"] == Run.objects.get().count("terminated") == done
    assert Run.objects.get().was_stopped
    asked_to_stop.undo()
    assert command("--workers", "3", at=now)[0] == 0
    assert Termination.objects.count() == 12


def test_the_night_seals_what_it_did(now):
    expired(3)
    command("--dry-run", at=now)
    assert not Position.objects.exists()
    status, out, _ = command("--json", at=now)
    assert (status, "seal" in out) == (0, False)
    (seal,) = Seal.objects.all()
    assert seal.count == AuditEntry.objects.count() >= 3
    assert not Unnumbered.objects.exists()


def test_a_run_that_is_stopped_leaves_sealing_to_the_next(now, asked_to_stop):
    expired(3)
    command("--batch-size", "1", at=now)
    assert not Seal.objects.exists()
    asked_to_stop.undo()
    command(at=now)
    assert Seal.objects.get().count == AuditEntry.objects.count()


def test_a_night_that_can_not_seal_says_so_and_keeps_what_it_did(now, monkeypatch):
    def refuse(**_):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(sealing, "finish_night", refuse)
    expired(2)
    status, out, err = command("--json", at=now)
    assert (status, json.loads(out)["terminated"], Termination.objects.count()) == (1, 2, 2)
    assert "not every event was sealed: the disk is full. “./run seal” does it later" in err


def test_keys_of_more_than_30_days_are_forgotten(now):
    def key(days: int) -> uuid.UUID:
        made = frame.Key(uuid.uuid4(), {}, by=SYSTEM, at=now - dt.timedelta(days=days))
        with frame.operation("test", key=made):
            return made.key

    kept = key(30)
    key(31)
    command("--dry-run", at=now)
    assert IdempotencyKey.objects.count() == 2
    command(at=now)
    assert IdempotencyKey.objects.get().key == kept


def test_numbers_are_freed_batch_by_batch(now, monkeypatch):
    organisation = factories.OrganisationFactory.create()
    for number in range(5):
        factories.subscription(
            organisation=organisation,
            cycles=(C("2026-01-01"),),
            expires_on=dt.date(2026, 2, 1),
            numbers=(f"+653100000{number}",),
        )
    command(at=now)
    monkeypatch.setattr(due, "BATCH", 2)
    # One is reserved for longer.
    last = PhoneNumber.objects.latest("pk")
    PhoneNumber.objects.filter(pk=last.pk).update(reserved_through=dt.date(2026, 12, 31))
    status, out, _ = command("--json", at=now + dt.timedelta(days=40))
    assert (status, json.loads(out)["released_numbers"]) == (0, 4)
    assert Run.objects.latest("pk").count("released_numbers") == 4
    assert list(PhoneNumber.objects.exclude(status="free")) == [last]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("limit", "freed"), [("3", 2), ("2", 0), ("0", 0)])
def test_a_run_that_reaches_its_limit_frees_no_numbers(now, limit, freed, workers):
    """Neither can be taken back, should the clock be wrong; exactly as many as the limit is reached as well."""
    for number in ("+6531000001", "+6531000002"):
        expired(1, numbers=(number,))
    command(at=now)
    expired(2)
    later = now + dt.timedelta(days=40)
    options = ("--json", "--max", limit, "--workers", workers)
    _, dry, said = command(*options, "--dry-run", at=later)
    assert ("The limit of" in said) == (freed == 0)
    status, out, err = command(*options, at=later)
    answer = json.loads(out)
    assert (status, answer["terminated"], answer["released_numbers"]) == (0, min(2, int(limit)), freed)
    assert answer | {"dry_run": True} == json.loads(dry)
    assert PhoneNumber.objects.filter(status="free").count() == freed
    assert ("The limit of" in err) == (freed == 0)
    # The next night, when somebody has looked.
    assert json.loads(command("--json", at=later)[1])["released_numbers"] == 2 - freed


def test_what_a_wrong_clock_marked_expired_is_active_again(now, monkeypatch):
    monkeypatch.setattr(due, "BATCH", 2)
    ending = [dt.date(2026, 3, 9), dt.date(2026, 3, 10), *[dt.date(2026, 3, 31)] * 4]
    ended = expired(1)[0]
    made = [factories.subscription(expires_on=day) for day in ending]
    # Where the database has the same clock, no command can tell.
    counts = operations_expire.terminate_expired(as_of=None, limit=1, by=SYSTEM, at=now.replace(year=2027))
    assert counts.expired == 7
    assert Termination.objects.get().subscription == ended
    # A day that is named may be long over: nothing is put back to how it was then.
    for options in (("--dry-run",), ()):
        assert json.loads(command("--json", "--as-of", "2026-03-10", *options, at=now)[1])["expired"] == 0
    clean_up = partial(operations_expire.terminate_expired, as_of=None, limit=None, by=SYSTEM, at=now)
    assert clean_up(is_dry_run=True).expired == 5
    counts = clean_up()
    assert (counts.expired, counts.terminated) == (5, 0)
    assert [Subscription.objects.get(pk=s.pk).status for s in (*made, ended)] == [
        "expired", *["active"] * 5, "terminated"
    ]  # fmt: skip
    assert Run.objects.latest("pk").count("expired") == 5
    assert (
        AuditEntry.objects.filter(event="Clean-up run")
        .latest("pk")
        .description.startswith("0 marked expired, 5 marked active again, 0 terminated, ")
    )
    assert clean_up().expired == 0


def test_a_dry_run_reports_the_rows_of_the_run_after_it(now, tmp_path):
    expired(3)
    factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 9))
    rows = {}
    for name, options in (("dry", ("--dry-run",)), ("run", ())):
        path = tmp_path / f"{name}.csv"
        command("--report", str(path), "--batch-size", "2", "--max", "3", *options, at=now)
        rows[name] = list(csv.DictReader(path.open()))
    assert {row.pop("result") for row in rows["dry"]} == {"would be terminated"}
    assert {row.pop("result") for row in rows["run"]} == {"terminated"}
    assert rows["dry"] == rows["run"]
    assert len(rows["run"]) == 3


def test_the_row_of_a_killed_run_stays_without_an_end(now):
    expired(6)
    # A connection that two processes use is none.
    operations_workers._let_go_of_connections()
    child = os.fork()
    if child == 0:
        # A process of its own, that is killed between two batches: nothing of Python's may follow.
        try:
            batch = expire._terminate_batch

            def dies_later(*args, **kwargs):
                if Termination.objects.exists():
                    os.kill(os.getpid(), signal.SIGKILL)
                return batch(*args, **kwargs)

            expire._terminate_batch = dies_later
            operations_expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now, batch_size=2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    killed = Run.objects.get()
    # It counts with each batch, so that it is right up to the last one.
    assert (killed.finished_at, killed.was_stopped) == (None, False)
    assert (killed.count("expired"), killed.count("terminated"), killed.terminations.count()) == (6, 2, 2)
    assert not AuditEntry.objects.filter(event="Clean-up run").exists()
    status, out, _ = command("--json", at=now)
    assert (status, json.loads(out)["terminated"]) == (0, 4)
    killed.refresh_from_db()
    assert killed.finished_at is None
    assert Run.objects.latest("pk").finished_at == now


def test_a_dry_run_and_one_with_nothing_to_do(now):
    expired(2)
    assert command("--dry-run", at=now)[0] == 0
    assert not Run.objects.exists()
    command(at=now)
    command(at=now)
    # Each run has its row; the audit has those that did something.
    assert [run.count("terminated") for run in Run.objects.order_by("pk")] == [2, 0]
    assert AuditEntry.objects.filter(event="Clean-up run").count() == 1


def test_a_log_gets_a_line_for_each_batch(now):
    expired(5)
    status, _, err = command("--batch-size", "2", at=now)
    assert status == 0
    assert done_in(err) == [
        "Marking expired: 5 done", "Terminating: 2 done", "Terminating: 4 done", "Terminating: 5 done"
    ]  # fmt: skip
    assert "\r" not in err


def test_a_terminal_sees_how_far_the_clean_up_is(now):
    expired(5)
    _, _, err = command("--max", "4", at=now, kind=Terminal)
    assert f"\r[{'#' * 30}] 100 %  Terminating: 4 of 4, " in err


def test_each_step_that_did_something_is_a_line_and_no_part_of_the_answer(now):
    expired(1, numbers=("+6531000001",))
    command(at=now)
    expired(5)
    later = now + dt.timedelta(days=40)
    assert done_in(command("--dry-run", at=later)[2]) == ["Selecting: 5 done"]
    status, out, err = command("--json", at=later)
    assert (status, len(json.loads(out)), out.count("\n")) == (0, 7, 1)
    assert done_in(err) == ["Marking expired: 5 done", "Terminating: 5 done", "Freeing numbers: 1 done"]
    assert command("--json", at=later)[2] == ""
    Subscription.objects.filter(pk=factories.subscription(cycles=(C("2026-04-01"),)).pk).update(status="expired")
    assert done_in(command(at=later)[2]) == ["Marking active: 1 done"]
