"""Serve the audit list and its CSV."""

import csv
from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.audit import selectors
from portal.audit.forms import FilterForm
from portal.lib import htmx, mentions
from portal.lib.http import Request

COLUMNS = ("App", "Event", "Description", "Actor", "Affected Organization", "Organization UUID", "Datetime")
# A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@require_safe
@permission_required("audit.view_auditentry", raise_exception=True)
def entries(request: Request) -> HttpResponse:
    """List who did what, newest first; htmx gets the list alone."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        context = {"form": form, "entries": (), "is_filtered": True}
        return _respond(request, context=context, status=422)
    page = selectors.entries(
        filters=form.filters(), before=_key(request.GET.get("before")), after=_key(request.GET.get("after"))
    )
    here, asked = reverse("audit:list"), _asked(form)
    context = {
        "form": form,
        "entries": page.rows,
        "links": mentions.found_in([row.description for row in page.rows]),
        "is_filtered": bool(asked),
        "older_url": f"{here}?{urlencode({**asked, 'before': page.older})}" if page.older else "",
        "newer_url": f"{here}?{urlencode({**asked, 'after': page.newer})}" if page.newer else "",
        "export_url": f"{reverse('audit:export')}?{urlencode(asked)}",
    }
    return _respond(request, context=context)


@require_safe
@permission_required("audit.view_auditentry", raise_exception=True)
def export(request: Request) -> HttpResponseBase:
    """Send every entry that the filters let through as CSV, as it is read."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        return _respond(request, context={"form": form, "entries": (), "is_filtered": True}, status=422)
    return StreamingHttpResponse(
        _lines(form.filters()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"},
    )


class _Echo:
    """Give back what the csv module wants to write."""

    def write(self, value: str) -> str:
        return value


def _lines(filters: selectors.Filters) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for entry in selectors.all_entries(filters=filters):
        yield writer.writerow(
            _cell(value)
            for value in (
                entry.app,
                entry.event,
                entry.description,
                entry.actor,
                entry.organisation_name,
                str(entry.organisation_uuid or ""),
                entry.at.isoformat(timespec="seconds"),
            )
        )


def _cell(value: str) -> str:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def _asked(form: FilterForm) -> dict[str, str]:
    return {name: form.data[name] for name in form.fields if form.data.get(name)}


def _key(value: str | None) -> int | None:
    """Read a key out of an address; anything else is no key, which gives the newest page."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) <= 18 else None


def _respond(request: Request, *, context: dict[str, object], status: int = 200) -> HttpResponse:
    return htmx.render_page(
        request, page="audit/list.html", fragment="audit/_list.html", context=context, status=status
    )
