"""Declare the runs of clean-up, renewals and scheduled ends: their words, and what their pages show."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.jobs import run_kinds
from portal.jobs.models import Run, RunItem
from subscriptions.clean_up import selectors
from subscriptions.clean_up.lists import ENDED, FAILURES, HELD
from subscriptions.clean_up.operations import runs
from subscriptions.life.selectors import runs as renewals
from subscriptions.requests import selectors as requests

ALSO_RENEWING = "The run was started with --also-renewing, so it terminated them too."
NOT_RENEWABLE = "They could not be renewed: trials, milestone contracts, or suspended organisations."


HELD_BACK = (
    "Auto-renewal is on, and after the last cycle no renewal was seen here, neither made nor refused, so these "
    "subscriptions were not terminated. If one was renewed elsewhere, import its new cycles. Terminate the others "
    "one by one, or all at once with “./run terminate_expired --also-renewing”."
)


def _facts(run: Run) -> tuple[tuple[str, object], ...]:
    return ("Worker processes", run.workers), ("Limit", "None" if run.limit is None else run.limit)


def _notices(run: Run) -> tuple[run_kinds.Notice, ...]:
    if not run.count("renewing"):
        return ()
    text = ALSO_RENEWING if run.parameters.get("also_renewing") else NOT_RENEWABLE
    return (run_kinds.Notice("Some had auto-renewal on", text, "warning"),)


def _failures(run: Run) -> QuerySet[RunItem] | None:
    return selectors.failures(run) if run.count("failed") else None


def _waiting(run: Run) -> QuerySet[RunItem] | None:
    return selectors.held(run) if run.count("needs_person") else None


def _held(run: Run) -> QuerySet[RunItem] | None:
    return selectors.held(run) if run.count("held") else None


run_kinds.declare(
    run_kinds.Kind(
        code=selectors.KIND,
        label="Clean-up",
        title="Clean-up run",
        counts={
            "expired": "Statuses updated",
            "terminated": "Terminated",
            "renewing": "With auto-renewal on",
            "held": "Held",
            "failed": "Failed",
            "released_numbers": "Numbers freed",
        },
        in_list=("terminated", "held", "failed"),
        unfinished="Its terminations stand; the next run does the rest.",
        parts={
            runs.PUT_BACK: "Mark active again",
            runs.MARK: "Mark expired",
            runs.END: "Terminate",
            runs.HOLD: "Hold back",
            runs.FREE: "Free numbers",
        },
        facts=_facts,
        notices=_notices,
        sections=(
            run_kinds.Section(
                "failures",
                "Failures",
                FAILURES,
                _failures,
                code="failures_",
                text="These subscriptions could not be terminated. Every run tries again.",
            ),
            run_kinds.Section(
                "held",
                "Held: renewal not seen",
                HELD,
                _held,
                code="held_",
                text=HELD_BACK,
            ),
            run_kinds.Section("ended", "Terminated", ENDED, selectors.ended),
        ),
        report="subscriptions:clean_up_report",
    )
)

run_kinds.declare(
    run_kinds.Kind(
        code=renewals.KIND,
        label="Renewals",
        title="Renewals run",
        counts={"renewed": "Renewed", "documents": "Documents", "refused": "Refused", "failed": "Failed"},
        in_list=("renewed", "refused", "failed"),
        unfinished="Its renewals stand; the next run does the rest.",
        parts={renewals.RENEW: "Renew"},
        sections=(
            run_kinds.Section(
                "failures",
                "Failures",
                FAILURES,
                _failures,
                code="failures_",
                text="These subscriptions could not be renewed. Every run tries again.",
            ),
        ),
    )
)

run_kinds.declare(
    run_kinds.Kind(
        code=requests.KIND,
        label="Scheduled ends",
        title="Run of scheduled ends",
        counts={"carried_out": "Carried out", "needs_person": "Need a person", "failed": "Failed"},
        in_list=("carried_out", "needs_person", "failed"),
        unfinished="What it carried out stands; the next run does the rest.",
        parts={requests.PART: "Carry out"},
        sections=(
            run_kinds.Section(
                "waiting",
                "Need a person",
                FAILURES,
                _waiting,
                code="waiting_",
                text="Something stood against these ends when their day was over; “Scheduled ends” has what waits.",
            ),
            run_kinds.Section(
                "failures",
                "Failures",
                FAILURES,
                _failures,
                code="failures_",
                text="These ends could not be carried out. Every run tries again.",
            ),
        ),
    )
)
