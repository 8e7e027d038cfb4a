"""Ending what expired long ago: one step, which asks for an explanation and commits. Nothing is refunded."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal import frame
from subscriptions.termination import operations, refusals, requested, steps
from subscriptions.termination.forms import ExpiredForm
from subscriptions.termination.quote import quotes
from subscriptions.termination.steps import Step
from subscriptions.termination.views import answers


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("subscriptions.terminate_subscription", raise_exception=True)
@answers.of_step
def terminate_expired(step: Step) -> HttpResponse:
    """Ask for the explanation; a POST terminates the subscription, or shows what stands against it."""
    if step.request.method != "POST":
        quote = steps.quote_of(step)
        if quote.case != "expired":
            return redirect("subscriptions:terminate", step.subscription.uuid)
        kept = {"explanation": step.scheduled.explanation} if step.scheduled else None
        return answers.expired_page(step, quote, ExpiredForm(initial=kept))
    form = ExpiredForm(step.request.POST)
    try:
        if not form.is_valid() and not step.is_ended:
            return _again(step, form, quote=steps.quote_of(step), status=422)
        outcome = operations.terminate(
            subscription_uuid=step.subscription.uuid,
            request=requested.ScheduledEnd(step.scheduled.uuid)
            if step.scheduled
            else requested.ExpiredRequest(form.cleaned_data.get("explanation", "")),
            choice=quotes.Automatic(),
            acknowledged=(),
            seen=steps.unseal(step),
            by=frame.Actor.of(step.request.user),
            at=step.at,
        )
    except refusals.QuoteChanged as changed:
        said = quotes.changes(old=changed.seen, new=quotes.document(changed.fresh))
        return _again(step, form, quote=changed.fresh, status=changed.status, changes=said)
    except steps.SealRefused as refusal:
        return _again(step, form, quote=refusal.fresh, status=refusal.status, changes=(str(refusal),))
    except refusals.RequestNotAcceptable as refusal:
        return _again(step, form, quote=steps.quote_of(step), status=frame.put_into(form, refusal))
    return answers.done(step.request, outcome.termination)


def _again(
    step: Step, form: ExpiredForm, *, quote: quotes.Quote, status: int, changes: tuple[str, ...] = ()
) -> HttpResponse:
    """Ask once more, with what differs or is wrong; for the reason where the subscription is active again."""
    if quote.case != "expired":
        return answers.other_case(step, quote)
    return answers.expired_page(step, quote, form, status=status, changes=changes)
