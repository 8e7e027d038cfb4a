"""The steps of a termination: reason, total refund, choice, apply. Only the last one writes.

What the agent saw travels sealed in hidden fields. Every step recomputes; what differs is shown, not applied.
"""

from __future__ import annotations

import functools
import uuid as uuids
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal.audit.operations import Actor
from subscriptions.termination import operations, refusals, requested
from subscriptions.termination.forms import ExpiredForm
from subscriptions.termination.quote import quotes
from subscriptions.termination.steps import (
    TOO_LARGE,
    PreviewTooLarge,
    SealRefused,
    Step,
    explained,
    quote_of,
    reason_form,
    start,
    unseal,
)
from subscriptions.termination.views import answers, choosing

may_terminate = permission_required("subscriptions.terminate_subscription", raise_exception=True)


def _says_what_is_too_large(
    view: Callable[[HttpRequest, uuids.UUID], HttpResponse],
) -> Callable[[HttpRequest, uuids.UUID], HttpResponse]:
    """Answer with a sentence where a preview is too large to travel through a browser."""

    @functools.wraps(view)
    def answer(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
        try:
            return view(request, uuid)
        except PreviewTooLarge as refusal:
            return answers.refused_page(refusal.step, TOO_LARGE, status=422)

    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@may_terminate
@_says_what_is_too_large
def reason(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask for the reason; for a subscription that expired long ago, for the explanation alone.

    A POST is somebody coming back from a later step: the form as it was filled in.
    """
    step = start(request, uuid)
    is_back = request.method == "POST"
    try:
        quote = quote_of(step)
    except refusals.NotTerminable as refusal:
        return answers.refused(step, refusal)
    if quote.case == "expired":
        return answers.other_case(step, quote) if is_back else answers.expired_page(step, quote, ExpiredForm())
    form = reason_form(step, request.POST if is_back else None)
    return answers.reason_page(step, form, status=422 if is_back and not form.is_valid() else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@may_terminate
@_says_what_is_too_large
def refund(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Show the total refund in answer to the reason form."""
    if request.method != "POST":
        return redirect("subscriptions:terminate", uuid)
    step = start(request, uuid)
    form = reason_form(step, request.POST)
    try:
        quote = quote_of(step, form)
    except refusals.NotTerminable as refusal:
        return answers.refused(step, refusal)
    if quote.case == "expired":
        return answers.other_case(step, quote)
    if not form.is_valid():
        return answers.reason_page(step, form, status=422)
    return answers.refund_page(step, quote, form)


@require_http_methods(["GET", "HEAD", "POST"])
@may_terminate
@_says_what_is_too_large
def choice(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask how the refund is made, in answer to the popup's "Terminate"."""
    if request.method != "POST":
        return redirect("subscriptions:terminate", uuid)
    step = start(request, uuid)
    form = reason_form(step, request.POST)
    try:
        quote = quote_of(step, form)
        if quote.case == "expired":
            return answers.other_case(step, quote)
        if not form.is_valid():
            return answers.reason_page(step, form, status=422)
        seen = unseal(step, quote)
    except refusals.NotTerminable as refusal:
        return answers.refused(step, refusal)
    except SealRefused as refusal:
        return answers.refund_page(step, refusal.quote, form, status=refusal.status, changes=refusal.changes)
    if seen.document != quotes.document(quote):
        return answers.changed_page(step, quote, form, seen=seen.document)
    if not quote.asks_choice:
        return answers.refund_page(step, quote, form, seal=request.POST["seal"])
    return choosing.choice_page(step, quote, form, seen=seen)


@require_http_methods(["GET", "HEAD", "POST"])
@may_terminate
@_says_what_is_too_large
def apply(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Commit: the one step that writes."""
    if request.method != "POST":
        return redirect("subscriptions:terminate", uuid)
    step = start(request, uuid)
    is_expired = "reason" not in request.POST
    form: Any = ExpiredForm(request.POST) if is_expired else reason_form(step, request.POST)
    is_valid = form.is_valid()
    # What expired long ago has nothing to choose.
    picked = None if is_expired else _picked(request)
    is_ended = getattr(step.subscription, "termination", None) is not None
    try:
        # What is whole goes to the operation, which computes the quote under lock; all else is shown one here.
        fresh = None if is_ended or (is_valid and (picked or is_expired)) else _fresh(step, form, is_expired)
        if fresh:
            if is_expired != (fresh.case == "expired"):
                return answers.other_case(step, fresh)
            if not is_valid:
                return answers.again(step, fresh, form)
        seen = unseal(step, fresh)
        if fresh and picked is None and fresh.asks_choice:
            to_choose = _what_to_choose(request)
            return choosing.choice_page(step, fresh, form, seen=seen, status=422, problems=(to_choose,))
        outcome = operations.terminate(
            subscription_uuid=uuid,
            request=_said(form, is_expired=is_expired, step=step),
            choice=picked or quotes.Automatic(),
            acknowledged=request.POST.getlist("acknowledge"),
            seen=seen,
            by=Actor.of(request.user),  # type: ignore[arg-type]
            at=step.at,
        )
    except refusals.NotTerminable as refusal:
        return answers.refused(step, refusal)
    except refusals.QuoteChanged as changed:
        if is_expired != (changed.fresh.case == "expired"):
            return answers.other_case(step, changed.fresh)
        if is_expired:
            said = quotes.changes(old=changed.seen, new=quotes.document(changed.fresh))
            return answers.expired_page(step, changed.fresh, explained(request), status=409, changes=said)
        return answers.changed_page(step, changed.fresh, form, seen=changed.seen)
    except SealRefused as refusal:
        if is_expired != (refusal.quote.case == "expired"):
            return answers.other_case(step, refusal.quote)
        if is_expired:
            return answers.expired_page(step, refusal.quote, form, status=refusal.status, changes=refusal.changes)
        return answers.refund_page(step, refusal.quote, form, status=refusal.status, changes=refusal.changes)
    except refusals.RequestNotAcceptable as refusal:
        quote = _fresh(step, form, is_expired)
        if is_expired != (quote.case == "expired"):
            return answers.other_case(step, quote)
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return answers.again(step, quote, form)
    except refusals.CreditNoteChanged as changed:
        changes = (str(changed),)
        return choosing.choice_page(step, changed.fresh, form, seen=seen, status=409, changes=changes)
    except (
        refusals.CreditNoteNotUsable,
        refusals.AcknowledgementMissing,
        refusals.CreditsOutOfRange,
    ) as refusal:
        quote = quote_of(step, form)
        problems = _problems_of(refusal)
        if quote.asks_choice:
            return choosing.choice_page(step, quote, form, seen=seen, status=422, problems=problems)
        return answers.refund_page(step, quote, form, seal=request.POST["seal"], status=422, problems=problems)
    return answers.done(request, outcome.termination)


def _fresh(step: Step, form: Any, is_expired: bool) -> quotes.Quote:
    return quote_of(step, None if is_expired else form)


def _said(
    form: forms.Form, *, is_expired: bool, step: Step
) -> requested.CustomerRequest | requested.ExpiredRequest:
    said = form.cleaned_data
    if is_expired:
        return requested.ExpiredRequest(explanation=said.get("explanation", ""))
    return requested.CustomerRequest(
        reason_code=said.get("reason", ""),
        explanation=said.get("explanation", ""),
        requested_by=said.get("requested_by", ""),
        requested_on=said.get("requested_on", step.today),
        channel=said.get("channel", ""),
        ticket=said.get("ticket", ""),
    )


def _picked(request: HttpRequest) -> quotes.Choice | None:
    picked = request.POST.get("choice")
    if picked == "automatic":
        return quotes.Automatic()
    number = choosing.without_nul(request.POST.get("note", ""))
    # Without scripts picking a note does not pick its option; where no other is picked, it is meant.
    if number and picked in (None, "credit_note"):
        return quotes.LinkNote(number, use_now=choosing.is_used_now(request))
    return None


def _what_to_choose(request: HttpRequest) -> answers.Problem:
    if request.POST.get("choice") == "credit_note":
        return answers.Problem("note", "Choose the credit note that is the refund.")
    return answers.Problem("choice", "Choose how the refund is made.")


def _problems_of(
    refusal: refusals.CreditNoteNotUsable | refusals.AcknowledgementMissing | refusals.CreditsOutOfRange,
) -> tuple[answers.Problem, ...]:
    if isinstance(refusal, refusals.AcknowledgementMissing):
        return tuple(answers.Problem(item.key, f"Please confirm: {item.text}") for item in refusal.missing)
    if isinstance(refusal, refusals.CreditNoteNotUsable):
        return (answers.Problem("note", str(refusal)),)
    return (answers.Problem("choice", str(refusal)),)
