"""The last step of a termination, "Apply": the one that writes, and what it shows where it may not."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal import frame
from portal.lib.http import Request
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
    choice = _picked(step.request)
    is_whole = form.is_valid() and choice is not None
    try:
        # What is whole goes to the operation, which computes the quote under lock. What has ended goes there too:
        # the same form sent again is answered as it was the first time.
        if not is_whole and not step.is_ended and (asked := _ask_for_the_rest(step, form)):
            return asked
        outcome = operations.terminate(
            subscription_uuid=step.subscription.uuid,
            request=steps.request_of(step, form),
            choice=choice or quotes.Automatic(),
            acknowledged=step.request.POST.getlist("acknowledge"),
            seen=steps.unseal(step),
            by=frame.Actor.of(step.request.user),
            at=step.at,
        )
    except refusals.Mendable as refusal:
        return _refused(step, form, refusal)
    return answers.done(step.request, outcome.termination)


def _picked(request: Request) -> quotes.Choice | None:
    """Read what was picked; None where nothing was. *Raises*: PermissionDenied, for a box that was not offered."""
    choice = request.POST.get("choice")
    if choice == "automatic":
        return quotes.Automatic()
    number = choosing.without_nul(request.POST.get("note", ""))
    # Without scripts picking a note does not pick its option; where no other is picked, it is meant.
    if not number or choice not in (None, "credit_note"):
        return None
    is_used_now = "use_now" in request.POST
    if is_used_now and not request.user.has_perm(choosing.MAY_USE):
        raise PermissionDenied
    return quotes.LinkNote(number, use_now=is_used_now)


def _what_to_choose(request: Request) -> answers.Problem:
    """Say which choice is missing."""
    if request.POST.get("choice") == "credit_note":
        return answers.Problem("note", "Choose the credit note that is the refund.")
    return answers.Problem("choice", "Choose how the refund is made.")


def _problems_of(refusal: refusals.Mendable) -> tuple[answers.Problem, ...]:
    """Say what is wrong with a choice, beside the box or group that it is about."""
    if isinstance(refusal, refusals.AcknowledgementMissing):
        return tuple(answers.Problem(item.key, f"Please confirm: {item.text}") for item in refusal.missing)
    return (answers.Problem(refusal.field, str(refusal)),)


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
    problem = _what_to_choose(step.request)
    seen = steps.unseal(step, quote)
    return choosing.choice_page(step, quote, form, seen=seen, status=422, problems=(problem,))


def _refused(step: Step, form: ReasonForm, refusal: refusals.Mendable) -> HttpResponse:
    """Lead back to the step where it can be mended, and say what differs or what is wrong."""
    quote = refusal.fresh if isinstance(refusal, refusals.ShownAnew) else steps.quote_of(step, form)
    if quote.case == "expired":
        return answers.other_case(step, quote)
    if isinstance(refusal, refusals.QuoteChanged):
        return answers.changed_page(step, quote, form, seen=refusal.seen)
    if isinstance(refusal, steps.SealRefused):
        return answers.refund_page(step, quote, form, status=refusal.status, changes=(str(refusal),))
    if isinstance(refusal, refusals.RequestNotAcceptable):
        return answers.reason_page(step, form, status=frame.put_into(form, refusal))
    seen, status = steps.unseal(step, quote), refusal.status
    if isinstance(refusal, refusals.CreditNoteChanged):
        return choosing.choice_page(step, quote, form, seen=seen, status=status, changes=(str(refusal),))
    problems = _problems_of(refusal)
    if quote.asks_choice:
        return choosing.choice_page(step, quote, form, seen=seen, status=status, problems=problems)
    return answers.refund_page(step, quote, form, seal=step.request.POST["seal"], status=status, problems=problems)
