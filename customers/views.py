"""The Customer app: the list with its search, and the tabs of one organisation that it serves itself."""

import uuid as uuids

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from customers import forms, operations, selectors
from customers.models import Organisation
from customers.selectors import search, tabs
from portal.audit import operations as audit_operations
from portal.lib import htmx

PAGE = "customers/organisation.html"
CREDITS_CHANGED = "credits-changed"


@require_safe
@permission_required("customers.view_organisation", raise_exception=True)
def organisation_list(request: HttpRequest) -> HttpResponse:
    """List the organisations, or those that a question finds, with similar ones where they are wanted."""
    listing = search.organisations(
        request.GET.get("q", ""),
        older=request.GET.get("after", ""),
        newer=request.GET.get("before", ""),
        with_similar=request.GET.get("similar") == "1",
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
    return _tab(request, name="payment", header=page.header, context={"ledger": page})


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
    return _tab(request, name="history", header=page.header, context={"history": page})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.post_correction", raise_exception=True)
def correction(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Post a correction entry that mends no termination."""
    payment_url = reverse("customers:payment", args=[uuid])
    return correct(
        request, uuid, cause_id=None, action=reverse("customers:correction", args=[uuid]), back=payment_url
    )


def correct(
    request: HttpRequest, uuid: uuids.UUID, *, cause_id: uuids.UUID | None, action: str, back: str
) -> HttpResponse:
    """Show and take the correction form, for this tab and for the record of a termination that it mends.

    The caller has asked the permission and knows that `cause_id` is there. *Shape*: `action` is the form's
    own address, `back` where it leads when it is closed or done.
    """
    try:
        organisation = selectors.organisation_header(uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing

    def shown(form: forms.CorrectionForm, *, status: int) -> HttpResponse:
        return _correction_form(
            request, organisation=organisation, form=form, status=status, action=action, back=back
        )

    if request.method != "POST":
        form = forms.CorrectionForm(
            currency=organisation.currency, initial={"request_id": forms.CorrectionForm.draw_request_id()}
        )
        return shown(form, status=200)
    form = forms.CorrectionForm(request.POST, currency=organisation.currency)
    if not form.is_valid():
        return shown(form, status=422)
    try:
        entry = operations.post_correction(
            organisation_uuid=uuid,
            amount=form.signed_amount(),
            reason=form.cleaned_data["reason"],
            cause_id=cause_id,
            request_id=form.cleaned_data["request_id"],
            by=audit_operations.Actor.of(request.user),  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except operations.RequestReused:
        form.add_error(
            None,
            "This form was already used for another correction, so nothing was posted now. "
            "Close it, check the entries and open it again.",
        )
        return shown(form, status=409)
    except operations.BalanceOutOfRange:
        form.add_error("amount", "The balance would become larger than an account can hold.")
        return shown(form, status=422)
    done = selectors.moved_sentence(entry)
    if not htmx.wants_fragment(request):
        messages.success(request, done)
        return HttpResponseRedirect(back, status=303)
    response = HttpResponse(status=204)
    htmx.trigger(response, "close-dialog")
    htmx.trigger(response, CREDITS_CHANGED)
    return htmx.trigger(response, "announce", {"message": done})


def _correction_form(
    request: HttpRequest,
    *,
    organisation: selectors.OrganisationHeader,
    form: forms.CorrectionForm,
    status: int,
    action: str,
    back: str,
) -> HttpResponse:
    response = htmx.render_page(
        request,
        page=PAGE,
        fragment="customers/_correction.html",
        context={
            "organisation": organisation,
            "tab": "payment",
            "tab_template": "customers/_correction.html",
            "form": form,
            "form_action": action,
            "close_url": back,
        },
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
