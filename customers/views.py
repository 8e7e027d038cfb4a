"""The Customer app: the list with its search, and the tabs of one organisation that it serves itself."""

import uuid as uuids
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from customers import forms, operations, selectors, steps, tab_bar
from customers.lists import ENTRIES, HITS, OF_AN_ACCOUNT, ORGANISATIONS, history_in
from customers.models import LedgerEntry, Organisation
from customers.search import lookup, opening
from customers.selectors import entries, tabs
from portal.audit import selectors as audit_selectors
from portal.lib import htmx, lists
from portal.lib.http import Request

credit_entries = lists.page(ENTRIES)


@lists.serves(ORGANISATIONS)
@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def organisation_list(request: Request) -> HttpResponseBase:
    """List the organisations, or those that a question finds, with similar ones where they are wanted."""
    listing = lookup.organisations(
        request.GET.get("q", ""),
        older=request.GET.get("after", ""),
        newer=request.GET.get("before", ""),
        with_similar=request.GET.get("similar") == "1",
        may=request.user.has_perm,
    )
    is_fragment = htmx.wants_fragment(request)
    context: dict[str, Any] = {"listing": listing, "is_fragment": is_fragment}
    if not listing.query:
        # Pages and filters of the list ask for it alone; typing, also in an emptied field, for all below the field.
        is_page = is_fragment and request.htmx.target == "list"
        return lists.answer(
            request,
            ORGANISATIONS,
            template="customers/search/list.html",
            fragment="components/_list.html" if is_page else "customers/search/_list.html",
            context=context,
        )
    return htmx.render_page(
        request,
        page="customers/search/list.html",
        fragment="customers/search/_list.html",
        context={
            **context,
            "newer_url": _page_of(listing.query, "before", listing.newer),
            "older_url": _page_of(listing.query, "after", listing.older),
            "found": lists.table(ORGANISATIONS.columns, listing.rows, caption="Customers"),
            "similar": lists.table(
                ORGANISATIONS.columns, listing.similar, caption="Customers that are written similarly"
            ),
            "hits": lists.table(HITS, listing.hits, caption="Found by number or UUID"),
        },
    )


def _page_of(question: str, word: str, key: str) -> str:
    return reverse("customers:list", query={"q": question, word: key}) if key else ""


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def open_answer(request: Request) -> HttpResponse:
    """Redirect to the page of the only answer to a question, else back to the list.

    Typing asks the list, so it never leaves the page.
    """
    question = request.GET.get("q", "")
    listing = lookup.organisations(question, may=request.user.has_perm)
    if listing.query and (address := opening.address(listing)):
        return HttpResponseClientRedirect(address) if htmx.wants_fragment(request) else redirect(address)
    return redirect(reverse("customers:list", query={"q": question} if question else None))


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def overview(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show who an organisation is and what it can spend."""
    try:
        found = tabs.overview(uuid, at=timezone.now())
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    return _tab(request, name="overview", header=found.header, context={"overview": found})


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def header(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Give the head of an organisation's page again, after money has moved; a browser gets the page."""
    if not htmx.wants_fragment(request):
        return redirect("customers:overview", uuid=uuid)
    return render(request, "customers/_header.html", {"organisation": _header_or_404(uuid)})


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def payment(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show the credits of an organisation and the entries that made them."""
    found = _header_or_404(uuid)
    of_theirs = entries.entries_of(found.id)
    shown = lists.show(
        request, OF_AN_ACCOUNT, rows=of_theirs, without=("Organisation",), target="#tab", is_part=True
    )
    return _tab(request, name="payment", header=found, context={"entries": shown})


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def members(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show the people of an organisation."""
    try:
        found, rows = tabs.members(uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    return _tab(request, name="members", header=found, context={"members": rows})


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def history(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show what was done to an organisation, by whom and when."""
    found = _header_or_404(uuid)
    of_theirs = audit_selectors.entries().filter(organisation_uuid=found.uuid)
    shown = lists.show(request, history_in(found.timezone), rows=of_theirs, target="#tab", is_part=True)
    return _tab(request, name="history", header=found, context={"history": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.post_correction", raise_exception=True)
def correction(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Post a correction entry that mends no termination."""

    def post(*, is_confirmed: bool, **what: Any) -> LedgerEntry:
        # It names no termination, so it raises no question that could be answered.
        return operations.post_correction(organisation_uuid=uuid, cause_id=None, **what)

    return steps.correct(
        request,
        uuid,
        action=reverse("customers:correction", args=[uuid]),
        back=reverse("customers:payment", args=[uuid]),
        post=post,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.post_top_up", raise_exception=True)
def top_up(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Raise Available Credits by hand."""

    def post(*, is_confirmed: bool, **what: Any) -> LedgerEntry:
        return operations.post_top_up(organisation_uuid=uuid, **what)

    return steps.move(
        request,
        uuid,
        form_class=forms.TopUpForm,
        words=steps.TOP_UP,
        action=reverse("customers:top_up", args=[uuid]),
        back=reverse("customers:payment", args=[uuid]),
        post=post,
        question=lambda amount: "",
    )


def _tab(
    request: Request, *, name: str, header: selectors.OrganisationHeader, context: dict[str, object]
) -> HttpResponse:
    return tab_bar.page(request, organisation=header, tab=name, fragment=f"customers/_{name}.html", context=context)


def _header_or_404(uuid: uuids.UUID) -> selectors.OrganisationHeader:
    try:
        return selectors.organisation_header(uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
