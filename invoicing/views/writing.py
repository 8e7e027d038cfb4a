"""Serve payments, new credit notes and allocations."""

import uuid as uuids

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from invoicing import forms, operations, refusals, selectors
from invoicing.models import CreditNote, Invoice
from invoicing.views import answers, reading
from portal import frame
from portal.lib import days, money
from portal.lib.http import Request


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.record_payment", raise_exception=True)
def record_payment(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Ask for a payment of an invoice, and record it."""
    now = timezone.now()
    details = reading.invoice_or_404(uuid)
    today = days.today_in(details.timezone, at=now)
    initial = {
        "request_id": uuids.uuid4(),
        "amount": money.format_amount(details.open_amount, currency=details.currency) if details.is_payable else "",
        "received_on": today,
    }

    def form_of(data: QueryDict | None) -> forms.PaymentForm:
        return forms.PaymentForm(
            data, currency=details.currency, charges=details.lines, today=today, initial=initial
        )

    def question(asked: frame.Refused, **changes: str) -> HttpResponse:
        asking = {"form": form_of(_with(request.POST, **changes)), "question": asked}
        return answers.page(request, "payment", context | asking, status=asked.status)

    form = form_of(request.POST if request.method == "POST" else None)
    context = {"form": form, "invoice": details}
    if request.method != "POST":
        return answers.page(request, "payment", context)
    if not form.is_valid():
        return answers.page(request, "payment", context, status=422)
    try:
        payment = operations.record_payment(
            invoice_uuid=uuid,
            **form.payment(),
            by=frame.Actor.of(request.user),
            at=now,
        )
    except refusals.PaymentLikeAnother as asked:
        return question(asked, is_like_another="1")
    except refusals.ReceivedAboveOpen as asked:
        surplus = money.format_amount(asked.surplus, currency=details.currency) if asked.surplus else ""
        return question(asked, surplus=surplus, into_credits="")
    except frame.Refused as refusal:
        return answers.refused(request, "payment", context, form, refusal)
    amount = money.display(payment.amount, currency=payment.currency)
    above = money.display(payment.surplus, currency=payment.currency)
    put = f" {above} of it went into Available Credits." if payment.surplus else ""
    address = reverse("invoicing:invoice", args=[uuid])
    return answers.done(request, f"{amount} paid on {details.number}.{put}", address)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.add_creditnote", raise_exception=True)
def create_credit_note(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Ask what a note shall give back of an invoice's charges, and draft it."""
    details = reading.invoice_or_404(uuid)
    form = forms.CreditNoteForm(
        request.POST if request.method == "POST" else None,
        charges=selectors.creditables(uuid),
        about={line.line_id: line.subject for line in details.lines if line.subject},
        initial={"request_id": uuids.uuid4()},
    )
    context = {"form": form, "invoice": details}
    if request.method != "POST":
        return answers.page(request, "note", context)
    if not form.is_valid():
        # Sent once more after its note went out, the form asks for what is not left any more.
        request_id = form.cleaned_data.get("request_id")
        earlier = selectors.drafted_by(request_id, invoice_uuid=uuid) if request_id else None
        return _drafted(request, earlier) if earlier else answers.page(request, "note", context, status=422)
    try:
        note = operations.create_credit_note(
            invoice_uuid=uuid,
            amounts=form.amounts(),
            reason=form.cleaned_data["reason"],
            request_id=form.cleaned_data["request_id"],
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except frame.Refused as refusal:
        return answers.refused(request, "note", context, form, refusal)
    return _drafted(request, note)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.allocate_creditnote", raise_exception=True)
def allocate(request: Request, uuid: uuids.UUID) -> HttpResponse:
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
        return answers.page(request, "allocation", context)
    if not form.is_valid():
        return answers.page(request, "allocation", context, status=422)
    data = form.cleaned_data
    try:
        note = operations.allocate(
            note_uuid=uuid,
            invoice_uuid=data["invoice"],
            amount=data["amount"],
            request_id=data["request_id"],
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except Invoice.DoesNotExist:
        form.add_error("invoice", "There is no such invoice.")
        return answers.page(request, "allocation", context, status=422)
    except frame.Refused as refusal:
        return answers.refused(request, "allocation", context, form, refusal)
    amount = money.display(data["amount"], currency=details.currency)
    return answers.done(request, f"{amount} of {note.number} allocated.", answers.note_address(note))


def _with(data: QueryDict, **changes: str) -> QueryDict:
    """Copy the sent form with changes: the question that it comes back with, and no answer yet."""
    changed = data.copy()
    for name, value in changes.items():
        changed[name] = value
    return changed


def _drafted(request: Request, note: CreditNote) -> HttpResponse:
    return answers.done(
        request, f"Credit note {note.number} drafted. Mark it as Sent when it goes out.", answers.note_address(note)
    )
