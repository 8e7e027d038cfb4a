"""The report of a clean-up: written as the run goes, completed after a kill, and read from the database again."""

import io
import json

import pytest
from django.core.management import CommandError

from portal.frame import SYSTEM
from portal.jobs.models import Run
from subscriptions.clean_up import selectors
from subscriptions.clean_up.operations import report as reports
from subscriptions.clean_up.operations import runs
from subscriptions.models import Termination
from tests.subscriptions.clean_up.nights import command, expired, killed, refusing, results_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_clock")]


def test_no_report_is_written_over(now, tmp_path):
    expired(1)
    path = tmp_path / "r.csv"
    path.write_text("kept\n")
    with pytest.raises(CommandError, match="is there already, and no report is written over. Nothing was done"):
        command("--report", str(path), at=now)
    assert path.read_text() == "kept\n"
    assert not Run.objects.exists()


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
    assert Run.objects.earliest("pk").finished_at is None


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
        as_of=now.date(), limit=None, workers=1, is_also_renewing=False, report=str(path), due=4, by=SYSTEM, at=now
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
    reports.write(again, rows=selectors.report_rows(Run.objects.get()))
    assert sorted(again.getvalue().splitlines()) == sorted(path.read_text().splitlines())
    assert len(path.read_text().splitlines()) == 6
