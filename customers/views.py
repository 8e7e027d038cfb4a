"""The Customer app: the list with its search, and the tabs of one organisation that it serves itself."""

import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from customers import forms, operations, selectors
from customers.models import LedgerEntry, Organisation
from customers.search import lookup
from customers.selectors import tabs
from portal.audit import operations as audit_operations
from portal.lib import htmx, mentions

PAGE = "customers/organisation.html"
CREDITS_CHANGED = "credits-changed"


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def organisation_list(request: HttpRequest) -> HttpResponse:
    """List the organisations, or those that a question finds, with similar ones where they are wanted."""
    listing = lookup.organisations(
        request.GET.get("q", ""),
        older=request.GET.get("after", ""),
        newer=request.GET.get("before", ""),
        with_similar=request.GET.get("similar") == "1",
        may=request.user.has_perm,
    )
    return htmx.render_page(
        request,
        page="customers/list.html",
        fragment="customers/_list.html",
        context={"listing": listing, "is_fragment": htmx.wants_fragment(request)},
    )


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def overview(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Show who an organisation is and what it can spend."""
    try:
        found = tabs.overview(uuid, at=timezone.now())
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    return _tab(request, name="overview", header=found.header, context={"overview": found})


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def header(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Give the head of an organisation's page again, after money has moved; a browser gets the page."""
    if not htmx.wants_fragment(request):
        return redirect("customers:overview", uuid=uuid)
    try:
        found = selectors.organisation_header(uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    return htmx.no_store(render(request, "customers/_header.html", {"organisation": found}))


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def payment(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Show the credits of an organisation and the entries that made them."""
    try:
        page = tabs.ledger(uuid, before=_key(request, "before"), after=_key(request, "after"))
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    return _tab(
        request,
        name="payment",
        header=page.header,
        context={"ledger": page, "links": mentions.found_in([entry.description for entry in page.entries])},
    )


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def members(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Show the people of an organisation."""
    try:
        found, rows = tabs.members(uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    return _tab(request, name="members", header=found, context={"members": rows})


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def history(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Show what was done to an organisation, by whom and when."""
    try:
        page = tabs.history(uuid, before=_key(request, "before"), after=_key(request, "after"))
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    return _tab(
        request,
        name="history",
        header=page.header,
        context={"history": page, "links": mentions.found_in([row.description for row in page.rows])},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.post_correction", raise_exception=True)
def correction(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Post a correction entry that mends no termination."""

    def post(*, is_confirmed: bool, **what: Any) -> LedgerEntry:
        # It names no termination, so it raises no question that could be answered.
        return operations.post_correction(organisation_uuid=uuid, cause_id=None, **what)

    return correct(
        request,
        uuid,
        action=reverse("customers:correction", args=[uuid]),
        back=reverse("customers:payment", args=[uuid]),
        post=post,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.post_top_up", raise_exception=True)
def top_up(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Raise Available Credits by hand."""

    def post(*, is_confirmed: bool, **what: Any) -> LedgerEntry:
        return operations.post_top_up(organisation_uuid=uuid, **what)

    return _move(
        request,
        uuid,
        form_class=forms.TopUpForm,
        words=_TOP_UP,
        action=reverse("customers:top_up", args=[uuid]),
        back=reverse("customers:payment", args=[uuid]),
        post=post,
        question=lambda amount: "",
    )


@dataclass(frozen=True)
class _Words:
    """What the two steps of moving a balance are called."""

    heading: str
    hint: str
    button: str


_CORRECTION = _Words(
    "Post a correction",
    "An entry is never changed or deleted: a wrong correction is mended by another one.",
    "Post the correction",
)
_TOP_UP = _Words(
    "Top up Available Credits",
    "For money that came in without an invoice. What came in for an invoice is recorded there, as a payment.",
    "Post the top-up",
)


def correct(
    request: HttpRequest,
    uuid: uuids.UUID,
    *,
    action: str,
    back: str,
    post: Callable[..., LedgerEntry],
    question: Callable[[Decimal], str] = lambda amount: "",
) -> HttpResponse:
    """Show and take the correction form, for this tab and for the record of a termination that it mends.

    The caller has asked the permission. *Shape*: `action` is the form's own address, `back` where it leads when it
    is closed or done; `post` writes; `question` says what an amount would be asked about, "" for nothing.
    """
    return _move(
        request,
        uuid,
        form_class=forms.CorrectionForm,
        words=_CORRECTION,
        action=action,
        back=back,
        post=post,
        question=question,
    )


def _move(
    request: HttpRequest,
    uuid: uuids.UUID,
    *,
    form_class: type[forms.MoveForm],
    words: _Words,
    action: str,
    back: str,
    post: Callable[..., LedgerEntry],
    question: Callable[[Decimal], str],
) -> HttpResponse:
    """Ask for an amount and a reason, show the balance as it will be, and post."""
    try:
        organisation = selectors.organisation_header(uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    context = {"organisation": organisation, "words": words, "form_action": action, "close_url": back}

    def asked(form: forms.MoveForm, *, status: int) -> HttpResponse:
        return _dialog(request, "customers/_move.html", context | {"form": form}, status=status)

    def shown(form: forms.MoveForm, *, changed: str = "", asks: str = "", status: int = 200) -> HttpResponse:
        amount = form.signed_amount()
        moved = selectors.moved_by(uuid, amount=amount)
        if moved is None:
            form.add_error("amount", "The balance would become larger than an account can hold.")
            return asked(form, status=422)
        what = {"form": form, "moved": moved, "changed": changed, "question": asks or question(amount)}
        return _dialog(request, "customers/_move_preview.html", context | what, status=status)

    if request.method != "POST":
        initial = {"request_id": form_class.draw_request_id()}
        return asked(form_class(currency=organisation.currency, initial=initial), status=200)
    form = form_class(request.POST, currency=organisation.currency)
    if not form.is_valid() or "again" in request.POST:
        # Back in the first step, what was seen is seen no more.
        data = request.POST.copy()
        data["seen_seq"] = ""
        typed = form_class(data, currency=organisation.currency)
        return asked(typed, status=200 if typed.is_valid() else 422)
    if form.cleaned_data["seen_seq"] is None:
        return shown(form)
    try:
        entry = post(
            amount=form.signed_amount(),
            reason=form.cleaned_data["reason"],
            seen_seq=form.cleaned_data["seen_seq"],
            is_confirmed=form.cleaned_data["is_confirmed"],
            request_id=form.cleaned_data["request_id"],
            by=audit_operations.Actor.of(request.user),  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except operations.RequestReused:
        form.add_error(
            None,
            "This form was already used for another entry, so nothing was posted now. "
            "Close it, check the entries and open it again.",
        )
        return asked(form, status=409)
    except operations.BalanceMoved:
        return shown(form, changed="Another entry came in meanwhile, so the balances below are new.", status=409)
    except operations.GivesBackAboveCharged as above:
        return shown(form, asks=above.sentence, status=409)
    except operations.BalanceOutOfRange:
        form.add_error("amount", "The balance would become larger than an account can hold.")
        return asked(form, status=422)
    done = selectors.moved_sentence(entry)
    if not htmx.wants_fragment(request):
        messages.success(request, done)
        return HttpResponseRedirect(back, status=303)
    response = HttpResponse(status=204)
    htmx.trigger(response, "close-dialog")
    htmx.trigger(response, CREDITS_CHANGED)
    return htmx.trigger(response, "announce", {"message": done})


def _dialog(request: HttpRequest, fragment: str, context: dict[str, object], *, status: int) -> HttpResponse:
    response = htmx.render_page(
        request,
        page=PAGE,
        fragment=fragment,
        context={"tab": "payment", "tab_template": fragment, **context},
        status=status,
    )
    return htmx.no_store(response)


def _tab(
    request: HttpRequest, *, name: str, header: selectors.OrganisationHeader, context: dict[str, object]
) -> HttpResponse:
    fragment = f"customers/_{name}.html"
    return htmx.render_page(
        request,
        page=PAGE,
        fragment=fragment,
        context={"organisation": header, "tab": name, "tab_template": fragment, **context},
    )


def _key(request: HttpRequest, name: str) -> int | None:
    """Read the key of a page; what is no key shows the first page."""
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None
