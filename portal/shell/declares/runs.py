"""Declare the runs of nights: their words, and what their pages show."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.jobs import run_kinds, selectors
from portal.jobs.lists import PERMISSION, RUNS
from portal.jobs.models import Run, RunItem
from portal.jobs.selectors import ItemRow
from portal.lib import lists
from portal.lib.lists import cells
from portal.shell import night

_NO_MORE = lists.Empty("No more on this page", "The first page has them.", "clock")
TROUBLE: lists.List[ItemRow] = lists.List(
    name="trouble",
    title="Not done",
    about="",
    permission=PERMISSION,
    rows=selectors.all_items,
    read=selectors.item_rows,
    columns=(lists.Column("Step", lambda row: cells.Sentence(row.sentence), kind=cells.Sentence, is_heading=True),),
    sorts=(lists.NEWEST.reversed_(),),
    empty=_NO_MORE,
    no_match=_NO_MORE,
)


def _trouble(run: Run) -> QuerySet[RunItem] | None:
    found = selectors.items(run, outcome=RunItem.Outcome.FAILED)
    return found if found.exists() else None


def _within(run: Run) -> QuerySet[Run]:
    """Find the runs of the steps: those that began while the night was at work."""
    found = Run.objects.filter(pk__gt=run.pk, started_at__gte=run.started_at).exclude(kind=night.KIND)
    return found.filter(started_at__lte=run.finished_at) if run.finished_at else found


run_kinds.declare(
    run_kinds.Kind(
        code=night.KIND,
        label="Night",
        title="Night",
        counts={
            "new": "Imported",
            "changed": "Changed by the import",
            "unchanged": "Unchanged by the import",
            "exceptions": "Left out of the import",
            "renewed": "Renewed",
            "refused": "Refused renewals",
            "carried_out": "Scheduled ends carried out",
            "needs_person": "Scheduled ends that need a person",
            "expired": "Statuses updated",
            "terminated": "Terminated",
            "held": "Held",
            "released_numbers": "Numbers freed",
            "numbered": "Events numbered",
            "sealed": "Events sealed",
            "messages": "Messages written",
            "faults": "Faults of the ledger",
            "failed": "Failed",
        },
        in_list=("renewed", "refused", "carried_out", "needs_person", "terminated", "held", "failed"),
        unfinished="What its steps did stands; the next night does the rest.",
        parts=night.LABELS,
        about=lambda parameters: str(parameters.get("directory", "")),
        sections=(
            run_kinds.Section(
                "trouble",
                "Not done",
                TROUBLE,
                _trouble,
                code="trouble_",
                text="The next night tries again; what was done stays.",
            ),
            run_kinds.Section(
                "steps", "Runs of its steps", RUNS, _within, text="What began while the night was at work."
            ),
        ),
    )
)
