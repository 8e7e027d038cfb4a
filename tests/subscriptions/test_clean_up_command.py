"""The clean-up's command as the night runs it: stopped, killed, with bad rows among good ones, and what it says."""

import csv
import datetime as dt
import io
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import InterfaceError, OperationalError, connection

from customers.models import Organisation
from portal.audit.models import AuditEntry
from portal.audit.operations import SYSTEM
from subscriptions import operations
from subscriptions.management import progress
from subscriptions.models import CleanUpFailure, CleanUpRun, PhoneNumber, Subscription, Termination
from subscriptions.operations import due, expire, records, runs, sharing
from tests import factories
from tests.factories import C

pytestmark = pytest.mark.django_db(transaction=True)


def expired(count: int, **fields) -> list[Subscription]:
    organisation = factories.OrganisationFactory()
    return [
        factories.subscription(
            organisation=organisation, cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 1), **fields
        )
        for _ in range(count)
    ]


def command(*arguments: str, at: dt.datetime) -> tuple[int, str, str]:
    """Run it in this process: its exit status, and what it wrote to the two streams."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with time_machine.travel(at, tick=False):
        try:
            call_command("terminate_expired", *arguments, stdout=out, stderr=err)
        except SystemExit as exit_:
            status = exit_.code
    return status, out.getvalue(), err.getvalue()


@contextmanager
def refusing(*bad: Subscription) -> Iterator[None]:
    """Let the database refuse what the clean-up writes about some subscriptions."""
    keys = ", ".join(str(s.pk) for s in bad)
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE subscriptions_historyentry ADD CONSTRAINT test_refusal "
            f"CHECK (subscription_id NOT IN ({keys}) OR event <> 'Terminated')"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE subscriptions_historyentry DROP CONSTRAINT test_refusal")


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
    run = CleanUpRun.objects.get()
    assert (run.was_stopped, run.finished_at, run.terminated) == (True, now, 2)
    assert signal.getsignal(signal.SIGTERM) is before
    asked_to_stop.undo()
    status, out, _ = command("--json", at=now)
    assert (status, json.loads(out)["terminated"], Termination.objects.count()) == (0, 3, 5)
    assert not CleanUpRun.objects.latest("pk").was_stopped


def test_sigterm_ends_every_worker_after_its_batch(now, asked_to_stop):
    expired(12)
    status, out, err = command("--json", "--batch-size", "1", "--workers", "3", at=now)
    assert status == 143
    assert "Stopped as asked" in err
    done = Termination.objects.count()
    # A batch in each worker, at most; one that came late found that it was to stop.
    assert 1 <= done <= 3
    assert json.loads(out)["terminated"] == CleanUpRun.objects.get().terminated == done
    assert CleanUpRun.objects.get().was_stopped
    asked_to_stop.undo()
    assert command("--workers", "3", at=now)[0] == 0
    assert Termination.objects.count() == 12


def test_several_bad_rows_are_found_by_halves(now, monkeypatch):
    made = expired(16)
    bad = [made[0], made[7], made[8], made[15]]
    tried: list[int] = []
    write = records.record_expired

    def count(found, **kwargs):
        tried.append(len(found.subscription_ids))
        return write(found, **kwargs)

    monkeypatch.setattr(records, "record_expired", count)
    with refusing(*bad):
        status, out, err = command("--json", at=now)
    assert status == 1
    assert (json.loads(out)["terminated"], json.loads(out)["failed"]) == (12, 4)
    assert set(Termination.objects.values_list("subscription_id", flat=True)) == {
        s.pk for s in made if s not in bad
    }
    assert set(CleanUpFailure.objects.values_list("subscription_id", flat=True)) == {s.pk for s in bad}
    assert all("test_refusal" in failure.reason for failure in CleanUpFailure.objects.all())
    assert CleanUpRun.objects.get().failed == 4
    for subscription in bad:
        assert re.search(rf"^{subscription.uuid}: .*test_refusal", err, re.MULTILINE)
        subscription.refresh_from_db()
        assert subscription.status == "expired"
    # The whole, and then only the halves in which one is bad: not each row for itself.
    assert tried[0] == 16
    assert len(tried) < 4 * 2 * 4 + 1
    # Once the database takes them, the next run does.
    status, out, _ = command("--json", at=now)
    assert (status, json.loads(out)["terminated"]) == (0, 4)


def test_bad_rows_do_not_keep_the_run_from_what_comes_after_them(now):
    made = expired(6)
    with refusing(*made[:3]):
        status, out, _ = command("--json", "--batch-size", "2", at=now)
    assert (status, json.loads(out)["terminated"], json.loads(out)["failed"]) == (1, 3, 3)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_bad_rows_do_not_use_up_the_limit(now, workers):
    """Else as many as the limit, ahead of all others, would hold these up night after night."""
    made = expired(8)
    with refusing(*made[:3]):
        status, out, _ = command("--json", "--max", "3", "--workers", workers, at=now)
    assert (status, json.loads(out)["terminated"], json.loads(out)["failed"]) == (1, 3, 3)
    assert Termination.objects.count() == CleanUpRun.objects.get().terminated == 3


def test_a_row_that_a_trigger_refuses_stops_no_other(now, tmp_path):
    """Not every refusal is a constraint's; the report names the row too."""
    bad, good = expired(2)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'not this one'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER test_refusal BEFORE INSERT ON subscriptions_historyentry FOR EACH ROW "
            f"WHEN (NEW.subscription_id = {bad.pk} AND NEW.event = 'Terminated') EXECUTE FUNCTION test_refuse()"
        )
    try:
        status, out, err = command("--json", "--report", str(tmp_path / "report.csv"), at=now)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION test_refuse CASCADE")
    assert (status, json.loads(out)["terminated"], json.loads(out)["failed"]) == (1, 1, 1)
    assert f"{bad.uuid}: not this one" in err
    rows = csv.DictReader((tmp_path / "report.csv").open())
    assert {row["subscription_uuid"]: row["result"] for row in rows} == {
        str(bad.uuid): "not this one",
        str(good.uuid): "terminated",
    }


def test_what_somebody_holds_is_passed_over_and_done_the_next_time(now):
    """The run does not wait: who holds a row may hold it for long."""
    held, free = expired(2)
    with connection.cursor() as cursor:
        # Who waits all the same is told soon.
        cursor.execute("SET lock_timeout = '3s'")
        try:
            with psycopg.connect(**connection.get_connection_params()) as other:
                other.execute("SELECT FROM subscriptions_subscription WHERE id = %s FOR UPDATE", [held.pk])
                status, out, _ = command("--json", at=now)
                assert (status, json.loads(out)["terminated"]) == (0, 1)
                assert Termination.objects.get().subscription == free
        finally:
            cursor.execute("RESET lock_timeout")
    assert json.loads(command("--json", at=now)[1])["terminated"] == 1


@pytest.mark.parametrize("counted_as", ["expired", "terminated", "released_numbers"])
def test_what_is_let_go_while_the_first_rows_are_done_is_done_in_the_same_run(now, monkeypatch, counted_as):
    """Also where all of it is less than a batch."""
    held, _ = (expired(1, numbers=(number,))[0] for number in ("+6531000001", "+6531000002"))
    table, key, at = "subscriptions_subscription", held.pk, now
    if counted_as == "released_numbers":
        command(at=now)
        table, key, at = "subscriptions_phonenumber", held.numbers.get().pk, now + dt.timedelta(days=40)
    add = runs.add
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute(f"SELECT FROM {table} WHERE id = %s FOR UPDATE", [key])

        def and_let_go(run_id, **counts):
            if counts.get(counted_as):
                other.rollback()
            add(run_id, **counts)

        monkeypatch.setattr(runs, "add", and_let_go)
        status, out, _ = command("--json", at=at)
    assert (status, json.loads(out)[counted_as]) == (0, 2)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OperationalError("deadlock detected\nDETAIL: more"), "deadlock detected"),
        (InterfaceError("connection already closed"), "connection already closed"),
        (OperationalError(), "it does not say why"),
    ],
)
def test_a_database_that_gives_up_is_one_sentence_and_what_failed_before_is_told(now, monkeypatch, error, why):
    made = expired(4)
    batch = expire._terminate_batch
    batches = iter((batch, None))

    def give_up(*args, **kwargs):
        if (go_on := next(batches)) is None:
            raise error
        return go_on(*args, **kwargs)

    monkeypatch.setattr(expire, "_terminate_batch", give_up)
    err = io.StringIO()
    with refusing(made[0]), time_machine.travel(now, tick=False), pytest.raises(CommandError) as refusal:
        call_command("terminate_expired", "--batch-size", "2", stderr=err)
    assert str(refusal.value) == (
        f"The database could not go on: {why}. What was terminated stays; run the clean-up again."
    )
    assert f"{made[0].uuid}: " in err.getvalue()
    assert CleanUpRun.objects.get().finished_at is None
    assert Termination.objects.count() == 1


def test_an_unknown_time_zone_is_one_sentence(now):
    made = expired(1)
    Organisation.objects.filter(pk=made[0].organisation_id).update(timezone="Asia/Atlantis")
    with time_machine.travel(now, tick=False), pytest.raises(CommandError, match="“Asia/Atlantis” is not"):
        call_command("terminate_expired")
    assert not CleanUpRun.objects.exists()


def test_numbers_are_freed_batch_by_batch(now, monkeypatch):
    organisation = factories.OrganisationFactory()
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
    last = PhoneNumber.objects.order_by("-pk").first()
    PhoneNumber.objects.filter(pk=last.pk).update(reserved_through=dt.date(2026, 12, 31))
    status, out, _ = command("--json", at=now + dt.timedelta(days=40))
    assert (status, json.loads(out)["released_numbers"]) == (0, 4)
    assert CleanUpRun.objects.order_by("-pk").first().released_numbers == 4
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
    a_year_ahead = now.replace(year=2027)
    assert json.loads(command("--json", "--max", "1", at=a_year_ahead)[1])["expired"] == 7
    assert Termination.objects.get().subscription == ended
    # A day that is named may be long over: nothing is put back to how it was then.
    for options in (("--dry-run",), ()):
        assert json.loads(command("--json", "--as-of", "2026-03-10", *options, at=now)[1])["expired"] == 0
    _, dry, _ = command("--json", "--dry-run", at=now)
    answer = json.loads(command("--json", at=now)[1])
    assert (answer["expired"], answer["terminated"], json.loads(dry)["expired"]) == (5, 0, 5)
    assert [Subscription.objects.get(pk=s.pk).status for s in (*made, ended)] == [
        "expired", *["active"] * 5, "terminated"
    ]  # fmt: skip
    assert CleanUpRun.objects.latest("pk").expired == 5
    assert (
        AuditEntry.objects.filter(event="Clean-up run")
        .latest("pk")
        .description.startswith("0 marked expired, 5 marked active again, 0 terminated, ")
    )
    assert json.loads(command("--json", at=now)[1])["expired"] == 0


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
    sharing._let_go_of_connections()
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
            operations.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now, batch_size=2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    killed = CleanUpRun.objects.get()
    # It counts with each batch, so that it is right up to the last one.
    assert (killed.finished_at, killed.was_stopped) == (None, False)
    assert (killed.expired, killed.terminated, killed.terminations.count()) == (6, 2, 2)
    assert not AuditEntry.objects.filter(event="Clean-up run").exists()
    status, out, _ = command("--json", at=now)
    assert (status, json.loads(out)["terminated"]) == (0, 4)
    killed.refresh_from_db()
    assert killed.finished_at is None
    assert CleanUpRun.objects.latest("pk").finished_at == now


def test_a_dry_run_and_one_with_nothing_to_do(now):
    expired(2)
    assert command("--dry-run", at=now)[0] == 0
    assert not CleanUpRun.objects.exists()
    command(at=now)
    command(at=now)
    # Each run has its row; the audit has those that did something.
    assert [run.terminated for run in CleanUpRun.objects.order_by("pk")] == [2, 0]
    assert AuditEntry.objects.filter(event="Clean-up run").count() == 1


def done_in(err: str) -> list[str]:
    """What the lines of the log say, without how quick it was."""
    assert all(re.search(r", [\d,]+ a second$", line) for line in err.splitlines()), err
    return [re.sub(r", [\d,]+ a second$", "", line) for line in err.splitlines()]


def test_a_log_gets_a_line_for_each_batch(now):
    expired(5)
    status, _, err = command("--batch-size", "2", at=now)
    assert status == 0
    assert done_in(err) == [
        "Marking expired: 5 done", "Terminating: 2 done", "Terminating: 4 done", "Terminating: 5 done"
    ]  # fmt: skip
    assert "\r" not in err


def test_a_terminal_sees_how_far_it_is_how_quick_and_how_long_the_rest_takes(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    seconds = iter((0, 4, 1000, 1002, 1080, 2000))
    monkeypatch.setattr(progress.time, "monotonic_ns", lambda: next(seconds) * 1_000_000_000)
    terminal = Terminal()
    bar = progress.Progress(OutputWrapper(terminal), totals={"Terminating": 12_000})
    for step, done in (
        ("Marking expired", 0),
        ("Marking expired", 10_000),
        ("Terminating", 0),
        ("Terminating", 100),
        ("Terminating", 4000),
        ("Freeing numbers", 0),
    ):
        bar.show(step, done)
    bar.clear()
    assert terminal.getvalue() == (
        "\rMarking expired ...\x1b[K"
        "\rMarking expired: 10,000 done, 2,500 a second\x1b[K"
        "\rTerminating ...\x1b[K"
        f"\r[{'.' * 30}]   0 %  100 of 12,000, 50 a second, 3 min 58 s left\x1b[K"
        f"\r[{'#' * 10}{'.' * 20}]  33 %  4,000 of 12,000, 50 a second, 2 min 40 s left\x1b[K"
        "\rFreeing numbers ...\x1b[K"
        "\r\x1b[K"
    )


def test_each_step_that_did_something_is_a_line_and_no_part_of_the_answer(now):
    expired(1, numbers=("+6531000001",))
    command(at=now)
    expired(5)
    later = now + dt.timedelta(days=40)
    assert done_in(command("--dry-run", at=later)[2]) == ["Selecting: 5 done"]
    status, out, err = command("--json", at=later)
    assert (status, len(json.loads(out)), out.count("\n")) == (0, 6, 1)
    assert done_in(err) == ["Marking expired: 5 done", "Terminating: 5 done", "Freeing numbers: 1 done"]
    assert command("--json", at=later)[2] == ""
    Subscription.objects.filter(pk=factories.subscription().pk).update(status="expired")
    assert done_in(command(at=now)[2]) == ["Marking active: 1 done"]


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--workers", "2", "--batch-size", "1")])
def test_auto_renewal_that_was_on_is_a_warning(now, options):
    expired(2, auto_renew=True)
    expired(1)
    status, out, err = command("--json", *options, at=now)
    assert status == 0
    assert "2 of 3 had auto-renewal on. Import new cycles before the clean-up" in err
    # The answer's form is kept.
    assert "renewing" not in json.loads(out)
    assert list(CleanUpRun.objects.values_list("renewing", flat=True)) == ([] if "--dry-run" in options else [2])


def test_without_auto_renewal_there_is_no_warning(now):
    expired(1)
    assert "auto-renewal" not in command(at=now)[2]
