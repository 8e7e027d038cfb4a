"""Nights of the clean-up: what is due, its command, rows that are refused, a run that is killed, a report."""

import csv
import datetime as dt
import io
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import time_machine
from django.core.management import call_command
from django.db import connection

from portal.jobs.models import Run
from subscriptions.clean_up.operations import expire
from subscriptions.clean_up.operations import workers as operations_workers
from subscriptions.models import Subscription
from tests.support import factories
from tests.support.factories import C


def expired(count: int, **fields) -> list[Subscription]:
    organisation = factories.OrganisationFactory.create()
    return [
        factories.subscription(
            organisation=organisation, cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 1), **fields
        )
        for _ in range(count)
    ]


def command(
    *arguments: str, at: dt.datetime, kind: type[io.StringIO] = io.StringIO
) -> tuple[str | int | None, str, str]:
    """Run it in this process: its exit status, and what it wrote to the two streams, the second of this kind."""
    out, err = io.StringIO(), kind()
    status: str | int | None = 0
    with time_machine.travel(at, tick=False):
        try:
            call_command("terminate_expired", *arguments, stdout=out, stderr=err)
        except SystemExit as exit_:
            status = exit_.code
    return status, out.getvalue(), err.getvalue()


@contextmanager
def refusing(*bad: Subscription) -> Iterator[None]:
    """Let the database refuse what the clean-up writes about some subscriptions."""
    uuids = ", ".join(f"'{s.uuid}'" for s in bad)
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE audit_auditentry ADD CONSTRAINT test_refusal "
            f"CHECK (subject_uuid NOT IN ({uuids}) OR kind <> 'subscription.terminated')"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_auditentry DROP CONSTRAINT test_refusal")


def done_in(err: str) -> list[str]:
    """What the lines of the log say, without how quick it was."""
    assert all(re.search(r", [\d,]+ a second$", line) for line in err.splitlines()), err
    return [re.sub(r", [\d,]+ a second$", "", line) for line in err.splitlines()]


def results_in(path) -> dict[str, str]:
    return {row["subscription_uuid"]: row["result"] for row in csv.DictReader(path.open())}


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
                if Run.objects.latest("pk").count("terminated") >= 2 * batches:
                    # Committed, and not yet told.
                    os.kill(os.getpid(), signal.SIGKILL)
                return answer

            expire._terminate_batch = dies_later
            command("--batch-size", "2", "--report", str(path), at=now)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
