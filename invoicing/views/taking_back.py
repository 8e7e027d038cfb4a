"""Take back a payment, or what a note paid and put in."""

import uuid as uuids
from collections.abc import Callable
from decimal import Decimal

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from invoicing import forms, operations, selectors
from invoicing.models import CreditNote, Payment, TakeBack
from invoicing.views import answers
from portal import frame
from portal.lib import money
from portal.lib.http import Request


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.take_back", raise_exception=True)
def take_back_payment(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Ask what is taken back of a payment, and why; take it back."""
    try:
        takeable = selectors.takeable_payment(uuid)
    except Payment.DoesNotExist as error:
        raise Http404("There is no such payment.") from error

    def write(form: forms.TakeBackForm) -> TakeBack:
        return operations.take_back_payment(
            payment_uuid=uuid,
            parts=form.amounts("paid"),
            surplus=form.cleaned_data.get(selectors.SURPLUS) or Decimal(0),
            reason=form.cleaned_data["reason"],
            request_id=form.cleaned_data["request_id"],
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )

    action = reverse("invoicing:take_back_payment", args=[uuid])
    back = reverse("invoicing:invoice", args=[takeable.invoice_uuid])
    return _take_back(request, takeable, write=write, action=action, back=back)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.take_back", raise_exception=True)
def take_back_of_note(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Ask what is taken back of what a note paid and put in, and why; take it back."""
    try:
        takeable = selectors.takeable_note(uuid)
    except CreditNote.DoesNotExist as error:
        raise Http404("There is no such credit note.") from error

    def write(form: forms.TakeBackForm) -> TakeBack:
        return operations.take_back_of_note(
            note_uuid=uuid,
            applied=form.amounts("applied"),
            put_in=form.amounts("put_in"),
            reason=form.cleaned_data["reason"],
            request_id=form.cleaned_data["request_id"],
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )

    action = reverse("invoicing:take_back_of_note", args=[uuid])
    back = reverse("invoicing:credit_note", args=[uuid])
    return _take_back(request, takeable, write=write, action=action, back=back)


def _take_back(
    request: Request,
    takeable: selectors.Takeable,
    *,
    write: Callable[[forms.TakeBackForm], TakeBack],
    action: str,
    back: str,
) -> HttpResponse:
    form = forms.TakeBackForm(
        request.POST if request.method == "POST" else None,
        takeable=takeable,
        initial={"request_id": uuids.uuid4()},
    )
    context = {"form": form, "takeable": takeable, "form_action": action, "back_url": back}
    if request.method != "POST":
        return answers.page(request, "take_back", context)
    if not form.is_valid():
        return answers.page(request, "take_back", context, status=422)
    try:
        made = write(form)
    except frame.Refused as refusal:
        return answers.refused(request, "take_back", context, form, refusal)
    amount = money.display(made.amount, currency=made.currency)
    return answers.done(request, f"{amount} of {takeable.what} taken back.", back)
