"""Serve the runs of the nightly clean-up: the list, and the report of one."""

from __future__ import annotations

import csv
import uuid as uuids
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from portal.lib import days, htmx, lists
from portal.lib.http import Request
from portal.lib.lists import cells
from subscriptions.clean_up import selectors
from subscriptions.clean_up.lists import ENDED, FAILURES, HELD, RUNS
from subscriptions.models import CleanUpRun

ALSO_RENEWING = "The run was started with --also-renewing, so it terminated them too."
NOT_FINISHED = "Not finished"
NOT_RENEWABLE = "They could not be renewed: trials, milestone contracts, or suspended organisations."


run_list = lists.page(RUNS)


@require_safe
@permission_required("subscriptions.view_cleanuprun", raise_exception=True)
def run(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show what a run did: its failures with their reasons, and what it terminated."""
    try:
        run = selectors.run_of(uuid)
    except CleanUpRun.DoesNotExist:
        raise Http404 from None
    return htmx.render_page(
        request,
        page="subscriptions/clean_up/run.html",
        fragment="subscriptions/clean_up/_run.html",
        context={
            "run": run,
            "started": days.moment(run.started_at),
            "facts": _facts(run),
            "renewing_text": ALSO_RENEWING if run.is_also_renewing else NOT_RENEWABLE,
            "failures": _shown(request, FAILURES, selectors.failures(run), prefix="failures_")
            if run.failed
            else None,
            "held": _shown(request, HELD, selectors.held(run), prefix="held_") if run.held else None,
            "ended": _shown(request, ENDED, selectors.ended(run)),
        },
    )


def _facts(run: CleanUpRun) -> tuple[tuple[str, str], ...]:
    """List the facts about a run: terms and values."""
    facts: tuple[tuple[str, object], ...] = (
        ("By", run.actor),
        ("As of", run.as_of),
        ("Finished", run.finished_at or NOT_FINISHED),
        ("Statuses updated", run.expired),
        ("Terminated", run.terminated),
        ("With auto-renewal on", run.renewing),
        ("Held", run.held),
        ("Failed", run.failed),
        ("Numbers freed", run.released_numbers),
        ("Worker processes", run.workers),
        ("Limit", "None" if run.limit is None else run.limit),
    )
    return tuple((term, cells.html(value)) for term, value in facts)


def _shown(request: Request, list_: lists.List[Any], rows: QuerySet[Any, Any], *, prefix: str = "") -> lists.Shown:
    return lists.show(request, list_, rows=rows, prefix=prefix, target="#run", is_part=True)


@require_safe
@permission_required("subscriptions.view_cleanuprun", raise_exception=True)
def run_report(request: Request, uuid: uuids.UUID) -> StreamingHttpResponse:
    """Stream the report of a run as CSV: the file that its command writes, complete even if that was killed."""
    try:
        run = selectors.run_of(uuid)
    except CleanUpRun.DoesNotExist:
        raise Http404 from None
    name = f"clean-up-{run.started_at:%Y-%m-%d-%H%M}.csv"
    return StreamingHttpResponse(
        _lines(selectors.report_rows(run)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class _Echo:
    """A file for the csv module that returns each line."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterable[selectors.ReportRow]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(selectors.REPORT_COLUMNS)
    for row in rows:
        yield writer.writerow(row.cells())
