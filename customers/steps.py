"""The two steps of a correction or a top-up: amount and reason, then a preview of the balance."""

import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django_htmx.http import trigger_client_event

from customers import forms, refusals, selectors, tab_bar
from customers.models import LedgerEntry, Organisation
from portal import frame
from portal.lib import htmx
from portal.lib.http import Request

CREDITS_CHANGED = "credits-changed"


@dataclass(frozen=True)
class Words:
    """The headings and labels of the two steps."""

    heading: str
    hint: str
    button: str


CORRECTION = Words(
    "Post a correction",
    "An entry is never changed or deleted: a wrong correction is mended by another one.",
    "Post the correction",
)
TOP_UP = Words(
    "Top up Available Credits",
    "For money that came in without an invoice. What came in for an invoice is recorded there, as a payment.",
    "Post the top-up",
)


def correct(
    request: Request,
    uuid: uuids.UUID,
    *,
    action: str,
    back: str,
    post: Callable[..., LedgerEntry],
    question: Callable[[Decimal], str] = lambda amount: "",
) -> HttpResponse:
    """Serve a correction, in the Payment tab and in the record of a termination. The caller checks the permission.

    *Shape*: `action` is the address of the form, `back` that of the page behind it. `post` writes the entry.
    `question` asks for a confirmation of the amount, "" for none.
    """
    return move(
        request,
        uuid,
        form_class=forms.CorrectionForm,
        words=CORRECTION,
        action=action,
        back=back,
        post=post,
        question=question,
    )


def move(
    request: Request,
    uuid: uuids.UUID,
    *,
    form_class: type[forms.MoveForm],
    words: Words,
    action: str,
    back: str,
    post: Callable[..., LedgerEntry],
    question: Callable[[Decimal], str],
) -> HttpResponse:
    """Ask for an amount and a reason, show a preview of the balance, and post the entry."""
    try:
        organisation = selectors.organisation_header(uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    context = {"words": words, "form_action": action, "close_url": back}

    def asked(form: forms.MoveForm, *, status: int) -> HttpResponse:
        return _dialog(
            request, "customers/_move.html", context | {"form": form}, organisation=organisation, status=status
        )

    def refused(form: forms.MoveForm, refusal: frame.Refused) -> HttpResponse:
        return asked(form, status=frame.put_into(form, refusal))

    def shown(form: forms.MoveForm, *, changed: str = "", asks: str = "", status: int = 200) -> HttpResponse:
        amount = form.signed_amount()
        try:
            moved = selectors.moved_by(uuid, amount=amount)
        except frame.Refused as refusal:
            return refused(form, refusal)
        what = {"form": form, "moved": moved, "changed": changed, "question": asks or question(amount)}
        return _dialog(
            request, "customers/_move_preview.html", context | what, organisation=organisation, status=status
        )

    if request.method != "POST":
        initial = {"request_id": form_class.draw_request_id()}
        return asked(form_class(currency=organisation.currency, initial=initial), status=200)
    form = form_class(request.POST, currency=organisation.currency)
    if not form.is_valid() or "again" in request.POST:
        # Back in the first step there is no preview that could have changed.
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
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except refusals.BalanceMoved as refusal:
        return shown(form, changed=str(refusal), status=refusal.status)
    except refusals.CorrectionAsks as refusal:
        return shown(form, asks=str(refusal), status=refusal.status)
    except frame.Refused as refusal:
        return refused(form, refusal)
    done = selectors.moved_sentence(entry)
    if not htmx.wants_fragment(request):
        messages.success(request, done)
        return HttpResponseRedirect(back, status=303)
    response = HttpResponse(status=204)
    trigger_client_event(response, "close-dialog")
    trigger_client_event(response, CREDITS_CHANGED)
    return trigger_client_event(response, "announce", {"message": done})


def _dialog(
    request: Request,
    fragment: str,
    context: dict[str, object],
    *,
    organisation: selectors.OrganisationHeader,
    status: int,
) -> HttpResponse:
    return tab_bar.page(
        request, organisation=organisation, tab="payment", fragment=fragment, context=context, status=status
    )
