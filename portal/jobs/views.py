"""Serve the runs: the list, and the page of one."""

from __future__ import annotations

import uuid as uuids
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.jobs import run_kinds, selectors
from portal.jobs.lists import ITEMS, PERMISSION, RUNS, parts
from portal.jobs.models import Run
from portal.jobs.run_kinds import Kind, Notice, Section
from portal.lib import days, htmx, lists
from portal.lib.http import Request
from portal.lib.lists import cells

NOT_FINISHED = "Not finished"

run_list = lists.page(RUNS)


@require_safe
@permission_required(PERMISSION, raise_exception=True)
def run(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show what a run did, and what it could not do."""
    try:
        found = selectors.run_of(uuid)
    except Run.DoesNotExist:
        raise Http404 from None
    kind = run_kinds.of(found.kind)
    return htmx.render_page(
        request,
        page="jobs/run.html",
        fragment="jobs/_run.html",
        context={
            "title": kind.title if kind else found.kind,
            "started": days.moment(found.started_at),
            "report_url": reverse(kind.report, args=[found.uuid]) if kind and kind.report else "",
            "notices": _notices(found, kind),
            "facts": tuple((term, cells.html(value)) for term, value in _facts(found, kind)),
            "parts": _parts(found, kind),
            "sections": _sections(request, found, kind),
        },
    )


def _notices(run: Run, kind: Kind | None) -> list[Notice]:
    notices = [*kind.notices(run)] if kind else []
    if run.was_stopped:
        notices.insert(
            0,
            Notice("Stopped as asked", "The run ended after its current batch. The next run does the rest."),
        )
    if run.refusal:
        notices.insert(0, Notice("Refused", run.refusal, "danger"))
    if run.finished_at is None:
        notices.insert(0, _unfinished(run, kind))
    return notices


def _unfinished(run: Run, kind: Kind | None) -> Notice:
    """Say of a run without an end whether it is at work, where anybody can tell."""
    left = kind.unfinished if kind else ""
    if not (kind and kind.at_work):
        text = f"The run is still at work, or it was interrupted. {left}".strip()
        return Notice(NOT_FINISHED, text, "warning")
    if selectors.is_held(run):
        return Notice("At work", kind.at_work)
    return Notice("Interrupted", left, "warning")


def _facts(run: Run, kind: Kind | None) -> list[tuple[str, object]]:
    """List the facts about a run: terms and values."""
    facts: list[tuple[str, object]] = [
        ("By", run.actor),
        *([("As of", run.as_of)] if run.as_of else []),
        ("Finished", run.finished_at or NOT_FINISHED),
    ]
    counts = kind.counts if kind else {name: name for name in run.counts}
    facts += [(term, run.count(name)) for name, term in counts.items()]
    facts += kind.facts(run) if kind else list(run.parameters.items())
    return facts


def _parts(run: Run, kind: Kind | None) -> lists.Table | None:
    found = selectors.parts_of(run)
    return lists.table(parts(kind, found), found, caption="Parts of the run") if found else None


def _sections(request: Request, run: Run, kind: Kind | None) -> list[dict[str, Any]]:
    declared = kind.sections if kind else (Section("items", "Items", ITEMS, selectors.items, code="items_"),)
    shown = []
    for section in declared:
        rows = section.rows(run)
        if rows is not None:
            page = lists.show(request, section.list, rows=rows, prefix=section.code, target="#run", is_part=True)
            text = section.text if isinstance(section.text, str) else section.text(run)
            shown.append({"name": section.name, "title": section.title, "text": text, "shown": page})
    return shown
