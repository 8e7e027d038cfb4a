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
from functools import partial

import psycopg
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import InterfaceError, OperationalError, connection

from customers.models import Organisation
from portal.audit.models import AuditEntry
from portal.audit.operations import SYSTEM
from portal.lib import progress
from subscriptions.clean_up import selectors
from subscriptions.clean_up.operations import due, expire, runs
from subscriptions.clean_up.operations import expire as operations_expire
from subscriptions.clean_up.operations import report as reports
from subscriptions.clean_up.operations import workers as operations_workers
from subscriptions.models import CleanUpFailure, CleanUpHeld, CleanUpRun, PhoneNumber, Subscription, Termination
from subscriptions.selectors import reading
from subscriptions.termination.writer import terminations
from tests.support import factories
from tests.support.factories import C

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_clock")]


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
    write = terminations.record_expired

    def count(found, **kwargs):
        tried.append(len(found.subscription_ids))
        return write(found, **kwargs)

    monkeypatch.setattr(terminations, "record_expired", count)
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


def test_an_unknown_time_zone_stops_nobody_else(now, tmp_path):
    """Nobody can say which day it is there; what is due whatever day it is has failed, and is named."""
    lost, soon = expired(2)
    Organisation.objects.filter(pk=lost.organisation_id).update(timezone="Asia/Atlantis")
    Subscription.objects.filter(pk=soon.pk).update(expires_on=dt.date(2026, 2, 9))  # due today in some zones only
    other = expired(1)[0]
    reports = {}
    for name, options in (("dry", ("--dry-run",)), ("run", ())):
        path = tmp_path / f"{name}.csv"
        status, out, err = command("--json", "--report", str(path), *options, at=now)
        assert (status, json.loads(out)["terminated"], json.loads(out)["failed"]) == (1, 1, 1)
        assert f"{lost.uuid}: “Asia/Atlantis” is not" in err
        reports[name] = {row["subscription_uuid"]: row["result"] for row in csv.DictReader(path.open())}
    assert set(reports["dry"]) == set(reports["run"]) == {str(lost.uuid), str(other.uuid)}
    assert "Asia/Atlantis" in reports["run"][str(lost.uuid)]
    assert CleanUpFailure.objects.get().subscription == lost
    assert "Asia/Atlantis" in CleanUpFailure.objects.get().reason
    assert Termination.objects.get().subscription == other
    # A day that is named is today everywhere, there too.
    status, out, _ = command("--json", "--as-of", "2026-03-10", at=now)
    assert (status, json.loads(out)["terminated"], json.loads(out)["failed"]) == (0, 2, 0)


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
    assert CleanUpRun.objects.latest("pk").expired == 5
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
    assert (status, len(json.loads(out)), out.count("\n")) == (0, 7, 1)
    assert done_in(err) == ["Marking expired: 5 done", "Terminating: 5 done", "Freeing numbers: 1 done"]
    assert command("--json", at=later)[2] == ""
    Subscription.objects.filter(pk=factories.subscription(cycles=(C("2026-04-01"),)).pk).update(status="expired")
    assert done_in(command(at=later)[2]) == ["Marking active: 1 done"]


# ---- Held: renewal not seen


def results_in(path) -> dict[str, str]:
    return {row["subscription_uuid"]: row["result"] for row in csv.DictReader(path.open())}


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--workers", "2", "--batch-size", "1")])
def test_what_may_only_have_missed_its_renewal_is_held(now, options, tmp_path):
    renewing, other = expired(2, auto_renew=True), expired(1)
    status, out, err = command("--json", "--report", str(tmp_path / "r.csv"), *options, at=now)
    answer = json.loads(out)
    assert (status, answer["terminated"], answer["held"], answer["failed"]) == (0, 1, 2, 0)
    assert "2 held: auto-renewal is on, and no renewal was seen." in err
    is_dry = "--dry-run" in options
    assert results_in(tmp_path / "r.csv") == {
        **{str(s.uuid): "held: renewal not seen" for s in renewing},
        str(other[0].uuid): "would be terminated" if is_dry else "terminated",
    }
    assert [Subscription.objects.get(pk=s.pk).status for s in renewing] == ["active" if is_dry else "expired"] * 2
    if is_dry:
        assert not CleanUpRun.objects.exists()
        return
    assert Termination.objects.get().subscription == other[0]
    run = CleanUpRun.objects.get()
    assert (run.held, run.renewing, run.is_also_renewing) == (2, 0, False)
    assert {held.subscription for held in CleanUpHeld.objects.filter(run=run)} == set(renewing)
    assert {(h.expires_on, h.days_expired) for h in CleanUpHeld.objects.all()} == {(dt.date(2026, 2, 1), 37)}
    assert "2 held (renewal not seen)" in AuditEntry.objects.get(event="Clean-up run").description


def test_also_renewing_ends_what_was_held(now):
    expired(2, auto_renew=True)
    assert json.loads(command("--json", at=now)[1])["held"] == 2
    for options, ended in ((("--dry-run",), 0), ((), 2)):
        status, out, err = command("--json", "--also-renewing", *options, at=now)
        answer = json.loads(out)
        assert (status, answer["terminated"], answer["held"], "held" in err) == (0, 2, 0, False)
        assert Termination.objects.count() == ended
    run = CleanUpRun.objects.latest("pk")
    assert (run.renewing, run.held, run.is_also_renewing) == (2, 0, True)
    assert not CleanUpHeld.objects.filter(run=run).exists()


def test_a_cycle_that_comes_in_lets_go_of_what_was_held(now):
    """Nothing else changes it: neither another night nor a limit."""
    made = expired(1, auto_renew=True)[0]
    for _ in range(2):
        assert json.loads(command("--json", "--max", "5", at=now)[1])["held"] == 1
    Subscription.objects.filter(pk=made.pk).update(expires_on=dt.date(2026, 3, 31))
    answer = json.loads(command("--json", at=now)[1])
    assert (answer["terminated"], answer["held"]) == (0, 0)
    assert Subscription.objects.get(pk=made.pk).status == "active"


@pytest.mark.parametrize(
    ("fields", "status", "is_held"),
    [
        ({}, "active", False),
        ({"auto_renew": True}, "active", True),
        ({"auto_renew": True, "billing_plan": "as_incurred"}, "active", True),
        ({"auto_renew": True, "billing_plan": "milestone"}, "active", False),
        ({"auto_renew": True, "is_trial": True}, "active", False),
        ({"auto_renew": True}, "suspended", False),
    ],
)
def test_held_is_what_could_have_been_renewed(now, fields, status, is_held):
    made = expired(1, **fields)[0]
    Organisation.objects.filter(pk=made.organisation_id).update(status=status)
    subscription = reading.find(made.uuid)
    assert reading.is_held_back(subscription) is is_held
    answer = json.loads(command("--json", at=now)[1])
    assert (answer["terminated"], answer["held"]) == (int(not is_held), int(is_held))


def test_many_are_held_part_by_part(now, monkeypatch):
    monkeypatch.setattr(due, "BATCH", 2)
    expired(5, auto_renew=True)
    status, out, err = command("--json", at=now)
    assert (json.loads(out)["held"], CleanUpHeld.objects.count(), CleanUpRun.objects.get().held) == (5, 5, 5)
    assert "Holding back: 5 done" in "\n".join(done_in(err.split("5 held:")[0]))


# ---- The safety stop


def test_without_a_limit_a_run_in_which_much_is_due_does_nothing(now, monkeypatch, tmp_path):
    monkeypatch.setattr(expire, "MOST", 3)
    made = expired(4)
    path = tmp_path / "r.csv"
    before = Subscription.objects.get(pk=made[0].pk).status
    with pytest.raises(CommandError) as refusal:
        command("--report", str(path), at=now)
    assert str(refusal.value) == (
        "Nothing was done: 4 subscriptions would be terminated, more than 3 (the larger of 1,000 and 10 % of those "
        "not yet terminated). Look at them with --dry-run --report FILE; if they are right, say how many may be: "
        "--max 4."
    )
    assert not CleanUpRun.objects.exists()
    assert not Termination.objects.exists()
    assert Subscription.objects.get(pk=made[0].pk).status == before
    # Nothing is in the way of the next run.
    assert not path.exists()
    status, out, err = command("--json", "--dry-run", at=now)
    assert (status, json.loads(out)["terminated"]) == (0, 4)
    assert "Without --max a run would do nothing: 4 subscriptions would be terminated, more than 3" in err
    assert "Without --max" not in command("--dry-run", "--max", "4", at=now)[2]
    assert json.loads(command("--json", "--max", "4", at=now)[1])["terminated"] == 4


def test_a_tenth_of_all_may_always_end(now, monkeypatch):
    """What is held and what was terminated before counts for neither side of the comparison as something due."""
    monkeypatch.setattr(expire, "MOST", 1)
    organisation = factories.OrganisationFactory()
    for _ in range(16):
        factories.subscription(organisation=organisation)
    expired(2)
    expired(2, auto_renew=True)
    assert json.loads(command("--json", at=now)[1])["terminated"] == 2
    # 18 are left, and a tenth of 20 is two.
    expired(2)
    assert json.loads(command("--json", at=now)[1])["terminated"] == 2
    expired(3)
    with pytest.raises(CommandError, match="3 subscriptions would be terminated, more than 2 "):
        command(at=now)
    with pytest.raises(CommandError, match="5 subscriptions would be terminated"):
        command("--also-renewing", at=now)


# ---- The clock


@pytest.mark.parametrize("minutes", [-61, 61])
def test_a_clock_that_is_not_the_databases_ends_nothing(one_clock, minutes):
    one_clock.undo()
    expired(1)
    is_now = selectors.clocks().database
    for options in ((), ("--dry-run",), ("--as-of", "2026-03-10")):
        with pytest.raises(CommandError, match="they may not be more than an hour apart. Nothing was done"):
            command(*options, at=is_now + dt.timedelta(minutes=minutes))
    assert not CleanUpRun.objects.exists()
    assert command(at=is_now + dt.timedelta(minutes=59))[0] == 0


def test_a_clock_before_the_last_run_ends_nothing_unless_the_day_is_named(now):
    command(at=now)
    expired(1)
    yesterday = now - dt.timedelta(days=1)
    with pytest.raises(CommandError, match="and the last run began at 2026-03-10 09:00 UTC: this clock"):
        command(at=yesterday)
    assert CleanUpRun.objects.count() == 1
    status, out, _ = command("--json", "--as-of", "2026-03-09", at=yesterday)
    assert (status, json.loads(out)["terminated"]) == (0, 1)


# ---- The report


def test_no_report_is_written_over(now, tmp_path):
    expired(1)
    path = tmp_path / "r.csv"
    path.write_text("kept\n")
    with pytest.raises(CommandError, match="is there already, and no report is written over. Nothing was done"):
        command("--report", str(path), at=now)
    assert path.read_text() == "kept\n"
    assert not CleanUpRun.objects.exists()


def killed(now, path, *, batches: int) -> None:
    """Let a process of its own run the command, and be killed when it has committed some batches."""
    # A connection that two processes use is none.
    operations_workers._let_go_of_connections()
    child = os.fork()
    if child == 0:
        try:
            batch = expire._terminate_batch

            def dies_later(*args, **kwargs):
                answer = batch(*args, **kwargs)
                if CleanUpRun.objects.latest("pk").terminated >= 2 * batches:
                    # Committed, and not yet told.
                    os.kill(os.getpid(), signal.SIGKILL)
                return answer

            expire._terminate_batch = dies_later
            command("--batch-size", "2", "--report", str(path), at=now)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_the_report_of_a_killed_run_is_completed_by_the_next_one(now, tmp_path):
    made = expired(8)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    killed(now, first, batches=3)
    ended = {str(u) for u in Termination.objects.values_list("subscription__uuid", flat=True)}
    assert len(ended) == 6
    # What was told is on the disk; the last batch was not told any more.
    assert set(results_in(first)) < ended
    assert len(results_in(first)) == 4
    status, out, _ = command("--json", "--report", str(second), at=now)
    assert (status, json.loads(out)["terminated"]) == (0, 2)
    assert results_in(first) == dict.fromkeys(ended, "terminated")
    assert set(results_in(first)) | set(results_in(second)) == {str(s.uuid) for s in made}
    lines = first.read_text().splitlines()
    assert lines[0] == "subscription_uuid,organisation_uuid,expiry_date,days_expired,result"
    assert {line.split(",", 2)[2] for line in lines[1:]} == {"2026-02-01,37,terminated"}
    # Once, and not again: what somebody does with it afterwards is theirs.
    first.write_text("mine")
    command(at=now)
    assert first.read_text() == "mine"
    assert CleanUpRun.objects.order_by("pk").first().finished_at is None


def test_a_report_that_is_gone_or_somebody_elses_is_left_alone(now, tmp_path):
    expired(8)
    gone, other = tmp_path / "gone.csv", tmp_path / "other.csv"
    killed(now, gone, batches=1)
    gone.unlink()
    killed(now, other, batches=1)
    other.write_text("something else\n")
    assert command(at=now)[0] == 0
    assert not gone.exists()
    assert other.read_text() == "something else\n"


def test_a_report_that_is_being_written_is_left_to_its_run(now, tmp_path):
    """Two runs at the same time: the second does not take the first for one that was killed."""
    expired(4)
    path = tmp_path / "r.csv"
    writing = reports.Report(str(path))
    run = runs.begin(
        as_of=now.date(), limit=None, workers=1, is_also_renewing=False, report=str(path), by=SYSTEM, at=now
    )
    command(at=now)
    run.refresh_from_db()
    assert run.report == str(path)
    writing.close()
    command(at=now)
    run.refresh_from_db()
    assert run.report == ""
    assert path.read_text() == "subscription_uuid,organisation_uuid,expiry_date,days_expired,result\n"


def test_a_report_can_be_read_from_the_database_with_all_its_rows(now, tmp_path):
    bad, *_ = expired(3)
    expired(2, auto_renew=True)
    path = tmp_path / "r.csv"
    with refusing(bad):
        command("--report", str(path), at=now)
    again = io.StringIO()
    reports.write(again, rows=selectors.report_rows(CleanUpRun.objects.get()))
    assert sorted(again.getvalue().splitlines()) == sorted(path.read_text().splitlines())
    assert len(path.read_text().splitlines()) == 6
