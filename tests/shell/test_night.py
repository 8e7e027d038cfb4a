"""The night: its steps in their order, what is left out, its row, and what it says."""

import datetime as dt
import io
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import OperationalError, connection
from django.urls import reverse

from portal.audit.models import AuditEntry, Seal
from portal.frame import SYSTEM
from portal.jobs.models import Run, RunItem
from portal.shell import night
from portal.shell.management.commands import nightly
from portal.shell.night import Moment, Options, Outcome, State, Step
from subscriptions.models import Subscription, Termination
from tests.subscriptions.life.nights import due, made_here, taxed
from tests.support import factories
from tests.support.directory import Directory
from tests.support.factories import C

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_clock")]

NIGHT = ("renew", "carry_out", "clean_up", "seal", "remind", "verify")


def expired(count: int) -> None:
    """Make subscriptions that expired on 31 January 2026, more than 28 days ago."""
    owner = factories.OrganisationFactory.create()
    for _ in range(count):
        factories.subscription(organisation=owner, cycles=(C("2026-01-01"),))


def command(*arguments: str, at: dt.datetime) -> tuple[str | int | None, str, str]:
    """Run it in this process: its exit status, and what it wrote to the two streams."""
    out, err = io.StringIO(), io.StringIO()
    status: str | int | None = 0
    with time_machine.travel(at, tick=False):
        try:
            call_command("nightly", *arguments, stdout=out, stderr=err)
        except SystemExit as ended:
            status = ended.code
    return status, out.getvalue(), err.getvalue()


def answered(*arguments: str, at: dt.datetime) -> tuple[str | int | None, dict[str, Any]]:
    status, out, _ = command("--json", *arguments, at=at)
    return status, json.loads(out)


def states(answer: dict[str, Any]) -> dict[str, object]:
    return {name: step["state"] for name, step in answer.items()}


def made_of(*steps: Step, at: dt.datetime, stop: Callable[[], bool] = lambda: False) -> dict[str, Outcome]:
    return night.run_night(
        Options(stderr=OutputWrapper(io.StringIO())),
        by=SYSTEM,
        at=at,
        clock=lambda: at,
        stop=stop,
        steps=steps,
    )


def done(options: Options, moment: Moment) -> Outcome:
    return Outcome(State.DONE, {"done": 1})


def test_a_night_renews_ends_seals_and_verifies_as_one_run(now: dt.datetime) -> None:
    taxed()
    made_here()
    due()
    expired(2)
    status, answer = answered(at=now)
    assert status == 0
    assert states(answer) == dict.fromkeys(NIGHT, "done")
    assert answer["renew"]["counts"] == {"renewed": 1, "refused": 0, "failed": 0}
    assert answer["clean_up"]["counts"]["terminated"] == 2
    assert answer["verify"]["counts"] == {"faults": 0}
    run = Run.objects.get(kind=night.KIND)
    assert [(part.name, part.state) for part in run.parts.all()] == [(name, "done") for name in NIGHT]
    assert (run.count("renewed"), run.count("terminated"), run.finished_at) == (1, 2, now)
    told = AuditEntry.objects.get(kind="night.finished")
    assert told.description == ", ".join(f"{night.LABELS[name]} done" for name in NIGHT) + "."
    assert told.subject_uuid == run.uuid
    assert Seal.objects.exists()


def test_a_second_night_finds_nothing_to_do(now: dt.datetime) -> None:
    taxed()
    made_here()
    due()
    expired(1)
    command(at=now)
    status, answer = answered(at=now)
    assert status == 0
    assert answer["renew"]["counts"] == {"renewed": 0, "refused": 0, "failed": 0}
    assert answer["clean_up"]["counts"]["terminated"] == 0


def test_a_dry_run_writes_nothing(now: dt.datetime) -> None:
    taxed()
    made_here()
    due()
    expired(1)
    before = AuditEntry.objects.count()
    status, answer = answered("--dry-run", at=now)
    assert status == 0
    assert answer["renew"]["counts"]["renewed"] == 1
    assert answer["clean_up"]["counts"]["terminated"] == 1
    assert "verify" not in answer
    assert (Run.objects.count(), Termination.objects.count(), AuditEntry.objects.count()) == (0, 0, before)


def test_an_import_that_fails_leaves_out_what_needs_it_and_nothing_else(now: dt.datetime, tmp_path) -> None:
    expired(1)
    (tmp_path / "organisations.csv").write_text("uuid\nnot-a-uuid\n")
    status, out, _ = command("--import", str(tmp_path), at=now)
    assert status == 1
    assert not Termination.objects.exists()
    run = Run.objects.get(kind=night.KIND)
    assert {part.name: part.state for part in run.parts.all()} == {
        "import": "failed",
        "renew": "left_out",
        "carry_out": "left_out",
        "clean_up": "left_out",
        "seal": "done",
        "remind": "done",
        "verify": "done",
    }
    assert "Left out: it needs “Import”, and that was not done." in out
    assert "Left out: it needs “Import” and “Renewals”, and that was not done." in out
    assert run.count("failed") == 1


def test_an_import_comes_first(now: dt.datetime, tmp_path) -> None:
    Directory(tmp_path).write()
    status, answer = answered("--import", str(tmp_path), at=now)
    assert (status, list(answer)) == (0, ["import", *NIGHT])
    assert answer["import"]["counts"]["new"] > 0


@pytest.mark.parametrize("error", [OperationalError("the server has gone"), KeyError("a bug")])
def test_a_step_that_breaks_stops_only_what_needs_it(now: dt.datetime, error: Exception) -> None:
    def breaks(options: Options, moment: Moment) -> Outcome:
        raise error

    outcomes = made_of(Step("first", breaks), Step("second", done, needs=("first",)), Step("third", done), at=now)
    assert [outcome.state for outcome in outcomes.values()] == [State.FAILED, State.LEFT_OUT, State.DONE]
    run = Run.objects.get()
    assert [part.state for part in run.parts.all()] == ["failed", "left_out", "done"]
    sentences = RunItem.objects.filter(run=run).values_list("sentence", flat=True)
    assert [sentence.partition(":")[0] for sentence in sentences] == ["first", "second"]
    assert ("the server has gone" in sentences[0]) == isinstance(error, OperationalError)


def test_a_step_that_leaves_its_transaction_open_does_not_take_the_next_one_along(now: dt.datetime) -> None:
    def breaks(options: Options, moment: Moment) -> Outcome:
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        return done(options, moment)

    outcomes = made_of(Step("first", breaks), Step("second", done), at=now)
    assert [outcome.state for outcome in outcomes.values()] == [State.FAILED, State.DONE]
    assert Run.objects.get().finished_at == now


def test_sigterm_ends_the_night_after_the_running_step(now: dt.datetime, monkeypatch) -> None:
    def is_told(options: Options, moment: Moment) -> Outcome:
        os.kill(os.getpid(), signal.SIGTERM)
        assert moment.stop()
        return Outcome(State.STOPPED, {"done": 1}, "Stopped as asked.")

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(night, "STEPS", (Step("renew", is_told), Step("seal", done)))
    status, out, _ = command(at=now)
    assert status == 143
    run = Run.objects.get()
    assert [part.state for part in run.parts.all()] == ["stopped", "left_out"]
    assert (run.was_stopped, run.finished_at) == (True, now)
    assert "Left out: the night was asked to stop before it." in out
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_night_tells_of_faults_in_the_ledger(now: dt.datetime) -> None:
    made = due()
    Subscription.objects.filter(pk=made.pk).update(expires_on=dt.date(2026, 3, 20))
    status, out, err = command(at=now)
    assert status == 1
    assert "1 fault; “./run verify_ledger” has each." in out
    assert f"expiry: subscription {made.uuid}: it expires on 2026-03-20, its last cycle ends on 2026-03-14" in err
    assert Run.objects.get(kind=night.KIND).parts.get(name="verify").state == "failed"


def test_the_page_of_a_night_shows_its_steps_and_their_runs(now: dt.datetime, client, make_user, tmp_path) -> None:
    expired(1)
    (tmp_path / "organisations.csv").write_text("uuid\nnot-a-uuid\n")
    command("--import", str(tmp_path), at=now)
    client.force_login(make_user("auditor"))
    page = client.get(reverse("jobs:run", args=[Run.objects.get(kind=night.KIND).uuid])).content.decode()
    for shown in ("Not done", "Left out", "Runs of its steps", "Clean-up and numbers", "Verification"):
        assert shown in page
    assert reverse("jobs:run", args=[Run.objects.get(kind="import").uuid]) in page


# ---- The heartbeat -----------------------------------------------------------------------------------------------


@pytest.fixture
def heartbeats(monkeypatch) -> Iterator[list[str]]:
    """Listen for heartbeats on an address that the environment names."""
    found: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(nightly.HEARTBEAT, f"http://127.0.0.1:{server.server_port}/night")
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_good_night_is_told_once(now: dt.datetime, heartbeats: list[str]) -> None:
    command("--dry-run", at=now)
    assert heartbeats == []
    assert command(at=now)[0] == 0
    assert heartbeats == ["/night"]


def test_a_bad_night_is_not_told(now: dt.datetime, heartbeats: list[str], tmp_path) -> None:
    assert command("--import", str(tmp_path / "nothing"), at=now)[0] == 1
    assert heartbeats == []


def test_a_heartbeat_that_nobody_hears_does_not_make_the_night_a_bad_one(now: dt.datetime, monkeypatch) -> None:
    monkeypatch.setenv(nightly.HEARTBEAT, "http://127.0.0.1:1/")
    status, _, err = command(at=now)
    assert status == 0
    assert "The night was good, but HEARTBEAT_URL could not be told" in err


@pytest.mark.parametrize("url", ["file:///etc/passwd", "127.0.0.1", "https://"])
def test_a_heartbeat_is_an_address_of_the_web(now: dt.datetime, monkeypatch, url: str) -> None:
    monkeypatch.setenv(nightly.HEARTBEAT, url)
    with pytest.raises(
        CommandError, match="HEARTBEAT_URL is .*: it has to be an address that begins with https://"
    ):
        command(at=now)
    assert not Run.objects.exists()


def test_workers_are_a_number(now: dt.datetime) -> None:
    with pytest.raises(CommandError, match="--workers"):
        command("--workers", "many", at=now)
