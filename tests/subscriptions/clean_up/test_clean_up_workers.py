"""The clean-up by several processes: each row is ended by one of them, and told once."""

import contextlib
import csv
import datetime as dt
import io
import json
import os
import re
import signal
import struct
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from portal.audit.models import AuditEntry
from portal.frame import SYSTEM
from portal.jobs.models import Run
from subscriptions.clean_up.operations import expire
from subscriptions.clean_up.operations import expire as operations_expire
from subscriptions.clean_up.operations import workers as operations_workers
from subscriptions.models import PhoneNumber, Subscription, Termination
from tests.support import factories
from tests.support.factories import C

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_clock")]


def expired(count: int) -> list[Subscription]:
    organisation = factories.OrganisationFactory.create()
    return [
        factories.subscription(
            organisation=organisation,
            cycles=(C("2026-01-01"),),
            expires_on=dt.date(2026, 2, 1),
            numbers=(f"+6531{n:06d}",),
        )
        for n in range(count)
    ]


def test_three_workers_share_the_rows_and_the_counts_add_up(now, tmp_path):
    made = expired(12)
    out = io.StringIO()
    with time_machine.travel(now, tick=False):
        call_command(
            *("terminate_expired", "--json", "--workers", "3", "--batch-size", "2"),
            *("--report", str(tmp_path / "report.csv")),
            stdout=out,
        )
    assert json.loads(out.getvalue()) == {
        "as_of": "2026-03-10", "expired": 12, "terminated": 12, "held": 0,
        "released_numbers": 0, "failed": 0, "dry_run": False,
    }  # fmt: skip
    assert set(Termination.objects.values_list("subscription_id", flat=True)) == {s.pk for s in made}
    assert PhoneNumber.objects.filter(status="reserved").count() == 12
    assert AuditEntry.objects.get(event="Clean-up run").description.startswith("12 marked expired, 12 terminated")
    rows = list(csv.DictReader((tmp_path / "report.csv").open()))
    assert {row["subscription_uuid"] for row in rows} == {str(s.uuid) for s in made}
    assert (len(rows), {row["result"] for row in rows}) == (12, {"terminated"})


def test_workers_keep_to_the_limit(now):
    expired(8)
    counts = operations_expire.terminate_expired(as_of=None, limit=5, by=SYSTEM, at=now, workers=3)
    assert (counts.terminated, Termination.objects.count()) == (5, 5)


def test_a_dry_run_counts_each_once(now):
    expired(4)
    counts = operations_expire.terminate_expired(
        as_of=None, limit=None, by=SYSTEM, at=now, workers=3, is_dry_run=True
    )
    assert (counts.terminated, Termination.objects.count()) == (4, 0)


def test_a_row_that_fails_for_every_worker_is_one_failure(now):
    bad, *_ = expired(4)
    told: list[Any] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE audit_auditentry ADD CONSTRAINT test_refusal "
            f"CHECK (subject_uuid <> '{bad.uuid}' OR kind <> 'subscription.terminated')"
        )
    try:
        counts = operations_expire.terminate_expired(
            as_of=None, limit=None, by=SYSTEM, at=now, workers=3, batch_size=1, tell=told.append
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_auditentry DROP CONSTRAINT test_refusal")
    assert (counts.terminated, counts.failed) == (3, 1)
    assert sorted(result.is_failure for result in told) == [False, False, False, True]


def test_a_worker_that_is_killed_is_told_and_what_it_did_stays(now, monkeypatch):
    expired(6)
    batch = expire._terminate_batch

    def dies_later(*args, **kwargs):
        if Termination.objects.exists():
            os._exit(9)
        return batch(*args, **kwargs)

    monkeypatch.setattr(expire, "_terminate_batch", dies_later)
    with pytest.raises(operations_workers.WorkerEnded):
        operations_expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now, workers=2, batch_size=1)
    assert 1 <= Termination.objects.count() <= 2
    with time_machine.travel(now, tick=False), pytest.raises(CommandError, match="run the clean-up again"):
        call_command("terminate_expired", "--workers", "2", stdout=io.StringIO())
    monkeypatch.undo()
    done = Termination.objects.count()
    counts = operations_expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now, workers=2)
    assert done + counts.terminated == 6


def test_a_worker_without_a_connection_is_one_sentence_and_the_others_do_the_rest(
    now, monkeypatch, tmp_path, capfd
):
    expired(6)
    batch = expire._terminate_batch

    def one_is_lost(*args, **kwargs):
        with contextlib.suppress(FileExistsError):
            (tmp_path / "taken").touch(exist_ok=False)
            connection.close()
            connection.settings_dict["HOST"] = "/nowhere"
        return batch(*args, **kwargs)

    monkeypatch.setattr(expire, "_terminate_batch", one_is_lost)
    with time_machine.travel(now, tick=False), pytest.raises(CommandError) as refusal:
        call_command("terminate_expired", "--workers", "2", "--batch-size", "1")
    words = str(refusal.value)
    assert re.fullmatch(r"A worker ended before its work was done: connection .*/nowhere.*", words), words
    assert words.endswith(". The others did theirs, and what was terminated stays; run the clean-up again.")
    assert "Traceback" not in "".join(capfd.readouterr())
    assert Termination.objects.count() == Run.objects.get().count("terminated") == 6
    assert Run.objects.get().finished_at is None


def test_a_worker_that_is_killed_within_an_item_is_one_that_ended():
    """What it wrote of the item is no reason to leave the others alone."""
    told: list[Any] = []

    def work(share, say):
        if share == "killed":
            # A length, and less than was promised.
            os.write(say.__self__.fileno(), struct.pack("!i", 100) + b"x")
            os.kill(os.getpid(), signal.SIGKILL)
        say(share)

    with pytest.raises(operations_workers.WorkerEnded, match=r"^signal 9 ended it$"):
        operations_workers.share_out(work, shares=["killed", "one", "other"], tell=told.append)
    assert sorted(told) == ["one", "other"]


@pytest.mark.parametrize(
    ("limit", "workers", "shares"),
    [(None, 2, [None, None]), (5, 2, [3, 2]), (1, 3, [1]), (0, 2, []), (6, 3, [2, 2, 2])],
)
def test_a_limit_is_divided(limit, workers, shares):
    assert expire._shares(limit, workers=workers) == shares
