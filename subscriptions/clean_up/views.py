"""Serve the runs of the nightly clean-up: the list, and the report of one."""

from __future__ import annotations

import csv
import uuid as uuids
from collections.abc import Iterable, Iterator

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.lib import htmx
from portal.lib.http import Request
from subscriptions.clean_up import selectors
from subscriptions.models import CleanUpRun

ALSO_RENEWING = "The run was told to end them as well: --also-renewing."
NOT_RENEWABLE = "They could not be renewed: trials, milestone contracts, or organisations that are suspended."


@require_safe
@permission_required("subscriptions.view_cleanuprun", raise_exception=True)
def run_list(request: Request) -> HttpResponse:
    """List the runs, newest first; htmx gets the list alone."""
    page = selectors.clean_up_runs(_keys(request))
    return htmx.render_page(
        request,
        page="subscriptions/clean_up/runs.html",
        fragment="subscriptions/clean_up/_runs.html",
        context={
            "rows": page.rows,
            # A key that leads nowhere is not an empty portal.
            "is_first": not request.GET,
            **_links(reverse("subscriptions:clean_up_runs"), older=page.older, newer=page.newer),
        },
    )


@require_safe
@permission_required("subscriptions.view_cleanuprun", raise_exception=True)
def run(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show what a run did: its failures with their reasons, and what it terminated."""
    try:
        report = selectors.clean_up_report(
            uuid,
            ended=_keys(request),
            failures=_keys(request, prefix="failures_"),
            held=_keys(request, prefix="held_"),
        )
    except CleanUpRun.DoesNotExist:
        raise Http404 from None
    here = reverse("subscriptions:clean_up_run", args=[uuid])
    return htmx.render_page(
        request,
        page="subscriptions/clean_up/run.html",
        fragment="subscriptions/clean_up/_run.html",
        context={
            "report": report,
            "renewing_text": ALSO_RENEWING if report.is_also_renewing else NOT_RENEWABLE,
            **_links(here, older=report.ended_older, newer=report.ended_newer),
            **_links(here, older=report.failures_older, newer=report.failures_newer, prefix="failures_"),
            **_links(here, older=report.held_older, newer=report.held_newer, prefix="held_"),
        },
    )


@require_safe
@permission_required("subscriptions.view_cleanuprun", raise_exception=True)
def run_report(request: Request, uuid: uuids.UUID) -> StreamingHttpResponse:
    """Give the report of a run as a CSV: the same as its command writes, whole also where that was killed."""
    try:
        run = selectors.run_of(uuid)
    except CleanUpRun.DoesNotExist:
        raise Http404 from None
    name = f"clean-up-{run.started_at:%Y-%m-%d-%H%M}.csv"
    return StreamingHttpResponse(
        _lines(selectors.report_rows(run)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


class _Echo:
    """Give back what the csv module wants to write."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterable[selectors.ReportRow]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(selectors.REPORT_COLUMNS)
    for row in rows:
        yield writer.writerow(row.cells())


def _links(here: str, *, older: int | None, newer: int | None, prefix: str = "") -> dict[str, str]:
    return {
        f"{prefix}older_url": f"{here}?{prefix}before={older}" if older else "",
        f"{prefix}newer_url": f"{here}?{prefix}after={newer}" if newer else "",
    }


def _keys(request: Request, *, prefix: str = "") -> selectors.Keys:
    return selectors.Keys(before=_key(request, f"{prefix}before"), after=_key(request, f"{prefix}after"))


def _key(request: Request, name: str) -> int | None:
    """Read a key out of the address; anything else is no key, which gives the newest page."""
    value = request.GET.get(name)
    return int(value) if value and value.isascii() and value.isdigit() and len(value) <= 18 else None
