"""The steps of a termination before the last: reason, total refund, choice. None of them writes.

What the agent saw travels sealed in hidden fields. Every step computes again; what differs is shown, not applied.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from subscriptions.termination import steps
from subscriptions.termination.forms import ReasonForm
from subscriptions.termination.quote import quotes
from subscriptions.termination.steps import Step
from subscriptions.termination.views import answers, choosing


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("subscriptions.terminate_subscription", raise_exception=True)
@answers.of_step
def reason(step: Step) -> HttpResponse:
    """Ask for the reason. A POST is somebody coming back from a later step: the form as it was filled in."""
    is_back = step.request.method == "POST"
    quote = steps.quote_of(step)
    if quote.case == "expired":
        if is_back:
            return answers.other_case(step, quote)
        return redirect("subscriptions:terminate_expired", step.subscription.uuid)
    form = steps.reason_form(step, step.request.POST if is_back else None)
    if step.scheduled:
        # What was asked for is stored.
        return answers.refund_page(step, quote, form)
    return answers.reason_page(step, form, status=422 if is_back and not form.is_valid() else 200)


def _after_reason(view: Callable[[Step, ReasonForm, quotes.Quote], HttpResponse]) -> answers.StepView:
    """Have a later step begin with the reason form and the quote of now; a GET leads back to the reason."""

    @functools.wraps(view)
    def answer(step: Step) -> HttpResponse:
        if step.request.method != "POST":
            return redirect("subscriptions:terminate", step.subscription.uuid)
        form = steps.reason_form(step, step.request.POST)
        quote = steps.quote_of(step, form)
        if quote.case == "expired":
            return answers.other_case(step, quote)
        if not form.is_valid():
            return answers.reason_page(step, form, status=422)
        return view(step, form, quote)

    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("subscriptions.terminate_subscription", raise_exception=True)
@answers.of_step
@_after_reason
def refund(step: Step, form: ReasonForm, quote: quotes.Quote) -> HttpResponse:
    """Show the total refund in answer to the reason form."""
    return answers.refund_page(step, quote, form)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("subscriptions.terminate_subscription", raise_exception=True)
@answers.of_step
@_after_reason
def choice(step: Step, form: ReasonForm, quote: quotes.Quote) -> HttpResponse:
    """Ask how the refund is made, in answer to the popup's "Terminate"."""
    try:
        seen = steps.unseal(step, quote)
    except steps.SealRefused as refusal:
        return answers.refund_page(step, quote, form, status=refusal.status, changes=(str(refusal),))
    if seen.document != quotes.document(quote):
        return answers.changed_page(step, quote, form, seen=seen.document)
    if not quote.asks_choice:
        return answers.refund_page(step, quote, form, seal=step.request.POST["seal"])
    return choosing.choice_page(step, quote, form, seen=seen)
