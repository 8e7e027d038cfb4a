"""Rows that the clean-up cannot end: found by halves, passed over, told, and in nobody's way."""

import csv
import datetime as dt
import io
import json
import re

import psycopg
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError, connection

from customers.models import Organisation
from portal.jobs import operations as jobs
from portal.jobs.models import Run, RunItem
from subscriptions.clean_up.operations import expire
from subscriptions.models import Subscription, Termination
from subscriptions.termination.writer import terminations
from tests.subscriptions.clean_up.nights import command, expired, refusing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_clock")]


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
    assert set(RunItem.objects.values_list("subject_uuid", flat=True)) == {s.uuid for s in bad}
    assert all("test_refusal" in failure.sentence for failure in RunItem.objects.all())
    assert Run.objects.get().count("failed") == 4
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
    assert Termination.objects.count() == Run.objects.get().count("terminated") == 3


def test_a_row_that_a_trigger_refuses_stops_no_other(now, tmp_path):
    """Not every refusal is a constraint's; the report names the row too."""
    bad, good = expired(2)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'not this one'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER test_refusal BEFORE INSERT ON audit_auditentry FOR EACH ROW "
            f"WHEN (NEW.subject_uuid = '{bad.uuid}') EXECUTE FUNCTION test_refuse()"
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
    add = jobs.add
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute(f"SELECT FROM {table} WHERE id = %s FOR UPDATE", [key])

        def and_let_go(run_id, *, counts, part):
            if counts.get(counted_as):
                other.rollback()
            add(run_id, counts=counts, part=part)

        monkeypatch.setattr(jobs, "add", and_let_go)
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
    assert Run.objects.get().finished_at is None
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
    assert RunItem.objects.get().subject_uuid == lost.uuid
    assert "Asia/Atlantis" in RunItem.objects.get().sentence
    assert Termination.objects.get().subscription == other
    # A day that is named is today everywhere, there too.
    status, out, _ = command("--json", "--as-of", "2026-03-10", at=now)
    assert (status, json.loads(out)["terminated"], json.loads(out)["failed"]) == (0, 2, 0)
