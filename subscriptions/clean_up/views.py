"""Serve the report of a clean-up run, and lead the former addresses of these runs to the new ones."""

from __future__ import annotations

import csv
import uuid as uuids
from collections.abc import Iterable, Iterator

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponsePermanentRedirect, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.jobs.lists import PERMISSION
from portal.jobs.models import Run
from portal.lib.http import Request
from subscriptions.clean_up import selectors


@require_safe
@permission_required(PERMISSION, raise_exception=True)
def run_report(request: Request, uuid: uuids.UUID) -> StreamingHttpResponse:
    """Stream the report of a run as CSV: the file that its command writes, complete even if that was killed."""
    try:
        run = selectors.run_of(uuid)
    except Run.DoesNotExist:
        raise Http404 from None
    name = f"clean-up-{run.started_at:%Y-%m-%d-%H%M}.csv"
    return StreamingHttpResponse(
        _lines(selectors.report_rows(run)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_safe
@permission_required(PERMISSION, raise_exception=True)
def moved_list(request: Request) -> HttpResponsePermanentRedirect:
    """Lead to the runs of the clean-up among all."""
    query = request.GET.copy()
    query["kind"] = selectors.KIND
    return HttpResponsePermanentRedirect(reverse("jobs:runs", query=query))


@require_safe
@permission_required(PERMISSION, raise_exception=True)
def moved_run(request: Request, uuid: uuids.UUID) -> HttpResponsePermanentRedirect:
    """Lead to the page of a run."""
    return HttpResponsePermanentRedirect(reverse("jobs:run", args=[uuid], query=request.GET))


@require_safe
@permission_required(PERMISSION, raise_exception=True)
def moved_report(request: Request, uuid: uuids.UUID) -> HttpResponsePermanentRedirect:
    """Lead to the report of a run."""
    return HttpResponsePermanentRedirect(reverse("subscriptions:clean_up_report", args=[uuid]))


class _Echo:
    """A file for the csv module that returns each line."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterable[selectors.ReportRow]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(selectors.REPORT_COLUMNS)
    for row in rows:
        yield writer.writerow(row.cells())
