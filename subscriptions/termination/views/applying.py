"""The last step of a termination, "Apply": the one that writes, and what it shows where it may not."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal.audit.operations import Actor
from subscriptions.termination import operations, refusals, steps
from subscriptions.termination.forms import ReasonForm
from subscriptions.termination.quote import quotes
from subscriptions.termination.steps import Step
from subscriptions.termination.views import answers, choosing


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("subscriptions.terminate_subscription", raise_exception=True)
@answers.of_step
def apply(step: Step) -> HttpResponse:
    """Terminate the subscription as it was previewed and chosen, or show what stands against it."""
    if step.request.method != "POST":
        return redirect("subscriptions:terminate", step.subscription.uuid)
    form = steps.reason_form(step, step.request.POST)
    choice = choosing.picked(step.request)
    is_whole = form.is_valid() and choice is not None
    try:
        # What is whole goes to the operation, which computes the quote under lock. What has ended goes there too:
        # the same form sent again is answered as it was the first time.
        if not is_whole and not step.is_ended and (asked := _ask_for_the_rest(step, form)):
            return asked
        outcome = operations.terminate(
            subscription_uuid=step.subscription.uuid,
            request=form.asked(),
            choice=choice or quotes.Automatic(),
            acknowledged=step.request.POST.getlist("acknowledge"),
            seen=steps.unseal(step),
            by=Actor.of(step.request.user),
            at=step.at,
        )
    except refusals.Refused as refusal:
        return _refused(step, form, refusal)
    return answers.done(step.request, outcome.termination)


def _ask_for_the_rest(step: Step, form: ReasonForm) -> HttpResponse | None:
    """Ask for what the form lacks, or for a choice; None where the popup itself commits and asks for none.

    *Raises*: NotTerminable; SealRefused.
    """
    quote = steps.quote_of(step, form)
    if quote.case == "expired":
        return answers.other_case(step, quote)
    if not form.is_valid():
        return answers.reason_page(step, form, status=422)
    if not quote.asks_choice:
        return None
    problem = choosing.what_to_choose(step.request)
    seen = steps.unseal(step, quote)
    return choosing.choice_page(step, quote, form, seen=seen, status=422, problems=(problem,))


def _refused(step: Step, form: ReasonForm, refusal: refusals.Refused) -> HttpResponse:
    """Lead back to the step where it can be mended, and say what differs or what is wrong."""
    if isinstance(refusal, refusals.NotTerminable | steps.PreviewTooLarge):
        raise refusal
    quote = refusal.fresh or steps.quote_of(step, form)
    if quote.case == "expired":
        return answers.other_case(step, quote)
    if isinstance(refusal, refusals.QuoteChanged):
        return answers.changed_page(step, quote, form, seen=refusal.seen)
    if isinstance(refusal, steps.SealRefused):
        return answers.refund_page(step, quote, form, status=refusal.status, changes=refusal.changes)
    if isinstance(refusal, refusals.RequestNotAcceptable):
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return answers.reason_page(step, form, status=422)
    seen = steps.unseal(step, quote)
    if isinstance(refusal, refusals.CreditNoteChanged):
        return choosing.choice_page(step, quote, form, seen=seen, status=409, changes=(str(refusal),))
    problems = choosing.problems_of(refusal)
    if quote.asks_choice:
        return choosing.choice_page(step, quote, form, seen=seen, status=422, problems=problems)
    return answers.refund_page(step, quote, form, seal=step.request.POST["seal"], status=422, problems=problems)
