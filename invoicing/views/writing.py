"""Payments, and what is done with credit notes. A refused write says why: 422 the form, 409 the world."""

import uuid as uuids
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from invoicing import forms, operations, selectors
from invoicing.models import CreditNote, Invoice
from invoicing.views import reading
from portal.audit.operations import Actor
from portal.lib import days, htmx, money


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.record_payment", raise_exception=True)
def record_payment(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask for a payment of an invoice, and record it."""
    now = timezone.now()
    details = reading.invoice_or_404(uuid)
    today = days.today_in(details.timezone, at=now)
    initial = {
        "request_id": uuids.uuid4(),
        "amount": money.format_amount(details.open_amount, currency=details.currency),
        "received_on": today,
    }
    form = forms.PaymentForm(
        request.POST if request.method == "POST" else None,
        currency=details.currency,
        charges=details.lines,
        today=today,
        initial=initial,
    )
    context = {"form": form, "invoice": details}
    if request.method != "POST":
        return _form(request, "payment", context)
    if not form.is_valid():
        return _form(request, "payment", context, status=422)
    try:
        payment = operations.record_payment(
            invoice_uuid=uuid,
            **form.payment(),
            by=Actor.of(request.user),  # type: ignore[arg-type]
            at=now,
        )
    except operations.ReceivedInTheFuture as refused:
        return _refused(request, "payment", context, form, refused, status=422, field="received_on")
    except (operations.AmountNotUsable, operations.PartsAboveAmount) as refused:
        return _refused(request, "payment", context, form, refused, status=422, field="amount")
    except operations.PartAboveCharge as refused:
        field = f"charge_{refused.line_id}"
        return _refused(request, "payment", context, form, refused, status=409, field=field)
    except operations.Refused as refused:
        return _refused(request, "payment", context, form, refused, status=409)
    amount = money.display(payment.amount, currency=payment.currency)
    return _done(request, f"{amount} paid on {details.number}.", reverse("invoicing:invoice", args=[uuid]))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.add_creditnote", raise_exception=True)
def create_credit_note(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask what a note shall give back of an invoice's charges, and draft it."""
    details = reading.invoice_or_404(uuid)
    form = forms.CreditNoteForm(
        request.POST if request.method == "POST" else None,
        charges=selectors.creditables(uuid),
        initial={"request_id": uuids.uuid4()},
    )
    context = {"form": form, "invoice": details}
    if request.method != "POST":
        return _form(request, "note", context)
    if not form.is_valid():
        # Sent once more after its note went out, the form asks for what is not left any more.
        request_id = form.cleaned_data.get("request_id")
        earlier = selectors.drafted_by(request_id, invoice_uuid=uuid) if request_id else None
        return _drafted(request, earlier) if earlier else _form(request, "note", context, status=422)
    try:
        note = operations.create_credit_note(
            invoice_uuid=uuid,
            amounts=form.amounts(),
            reason=form.cleaned_data["reason"],
            request_id=form.cleaned_data["request_id"],
            by=Actor.of(request.user),  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except (operations.AboveTheCharge, operations.NothingNamed, operations.AmountNotUsable) as refused:
        return _refused(request, "note", context, form, refused, status=422)
    except operations.Refused as refused:
        return _refused(request, "note", context, form, refused, status=409)
    return _drafted(request, note)


@require_POST
@permission_required("invoicing.send_creditnote", raise_exception=True)
def send_credit_note(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Mark a draft as Sent."""
    try:
        note = operations.mark_as_sent(note_uuid=uuid, by=Actor.of(request.user), at=timezone.now())  # type: ignore[arg-type]
    except CreditNote.DoesNotExist as error:
        raise Http404("There is no such credit note.") from error
    except operations.Refused as refused:
        return reading.show_credit_note(request, uuid, refusal=refused.sentence, status=409)
    return _done(request, f"Credit note {note.number} marked as Sent.", _address(note))


@require_POST
@permission_required("invoicing.void_creditnote", raise_exception=True)
def void_credit_note(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Void a note."""
    try:
        note = operations.void(note_uuid=uuid, by=Actor.of(request.user), at=timezone.now())  # type: ignore[arg-type]
    except CreditNote.DoesNotExist as error:
        raise Http404("There is no such credit note.") from error
    except operations.NoteNotVoidable as refused:
        return reading.show_credit_note(request, uuid, refusal=refused.sentence, status=409)
    return _done(request, f"Credit note {note.number} voided.", _address(note))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.allocate_creditnote", raise_exception=True)
def allocate(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask which unpaid invoice a note shall pay, and how much of it; allocate it."""
    details = reading.note_or_404(uuid)
    invoices = selectors.payable_invoices(uuid)
    most = min(details.left_amount, invoices[0].open) if invoices else details.left_amount
    form = forms.AllocationForm(
        request.POST if request.method == "POST" else None,
        currency=details.currency,
        invoices=invoices,
        initial={
            "request_id": uuids.uuid4(),
            "amount": money.format_amount(most, currency=details.currency),
        },
    )
    context = {"form": form, "note": details, "has_invoices": bool(invoices)}
    if request.method != "POST":
        return _form(request, "allocation", context)
    if not form.is_valid():
        return _form(request, "allocation", context, status=422)
    data = form.cleaned_data
    try:
        note = operations.allocate(
            note_uuid=uuid,
            invoice_uuid=data["invoice"],
            amount=data["amount"],
            request_id=data["request_id"],
            by=Actor.of(request.user),  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except Invoice.DoesNotExist:
        form.add_error("invoice", "There is no such invoice.")
        return _form(request, "allocation", context, status=422)
    except operations.AmountNotUsable as refused:
        return _refused(request, "allocation", context, form, refused, status=422, field="amount")
    except operations.Refused as refused:
        return _refused(request, "allocation", context, form, refused, status=409)
    amount = money.display(data["amount"], currency=details.currency)
    return _done(request, f"{amount} of {note.number} allocated.", _address(note))


def _address(note: CreditNote) -> str:
    return reverse("invoicing:credit_note", args=[note.uuid])


def _drafted(request: HttpRequest, note: CreditNote) -> HttpResponse:
    return _done(request, f"Credit note {note.number} drafted. Mark it as Sent when it goes out.", _address(note))


def _form(request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = htmx.render_page(
        request,
        page=f"invoicing/{name}_form.html",
        fragment=f"invoicing/_{name}_form.html",
        context=context,
        status=status,
    )
    # Its request is drawn for one sending: coming back to it must draw another.
    return htmx.no_store(response)


def _refused(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    form: django_forms.Form,
    refused: operations.Refused,
    *,
    status: int,
    field: str | None = None,
) -> HttpResponse:
    form.add_error(field, refused.sentence)
    return _form(request, name, context, status=status)


def _done(request: HttpRequest, sentence: str, address: str) -> HttpResponse:
    messages.success(request, sentence)
    if htmx.wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address, status=303)
