"""Ask for the end of a subscription on a later day, withdraw it, and list what is asked."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from customers.selectors import tabs as customers_tabs
from portal import frame
from portal.lib import days, htmx, lists
from subscriptions.models import TerminationRequest
from subscriptions.requests import operations, refusals, steps
from subscriptions.requests.forms import EndLaterForm, WithdrawForm
from subscriptions.requests.lists import SCHEDULED_ENDS
from subscriptions.selectors import naming, reading
from subscriptions.termination.quote import quotes
from subscriptions.termination.refusals import RequestNotAcceptable
from subscriptions.termination.steps import Step
from subscriptions.termination.views import answers
from subscriptions.termination.words import consequences, preview, scheduled

TITLE = "End later"
PERMISSION = "subscriptions.terminate_subscription"
CHANGED = "subscription-changed"

scheduled_ends = lists.page(SCHEDULED_ENDS)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(PERMISSION, raise_exception=True)
@answers.of_step
def end_later(step: Step) -> HttpResponse:
    """Ask who wants the end, when and why. A POST is somebody coming back: the form as it was filled in."""
    steps.check(step)
    is_back = step.request.method == "POST"
    form = steps.form_of(step, step.request.POST if is_back else None)
    return _form_page(step, form, status=422 if is_back and not form.is_valid() else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(PERMISSION, raise_exception=True)
@answers.of_step
def estimate(step: Step) -> HttpResponse:
    """Show the estimate of the day in answer to the form."""
    if step.request.method != "POST":
        return redirect("subscriptions:end_later", step.subscription.uuid)
    steps.check(step)
    form = steps.form_of(step, step.request.POST)
    if not form.is_valid() or form.last_day is None:
        return _form_page(step, form, status=422)
    try:
        quote = steps.estimate(step, form, ends_on=form.last_day)
    except (refusals.NotAhead, refusals.AfterExpiry) as refusal:
        return _form_page(step, form, status=_put(form, refusal))
    return _estimate_page(step, form, quote)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(PERMISSION, raise_exception=True)
@answers.of_step
def confirm(step: Step) -> HttpResponse:
    """Keep the request as it was estimated, or show what stands against it."""
    if step.request.method != "POST":
        return redirect("subscriptions:end_later", step.subscription.uuid)
    form = steps.form_of(step, step.request.POST)
    seen = steps.unseal(step)
    if not form.is_valid() or form.last_day is None or seen is None:
        return estimate_again(step, form)
    try:
        # What was sealed says the day: "the running cycle" may be another one by now.
        asked = operations.ask(
            subscription_uuid=step.subscription.uuid,
            request=form.asked(),
            ends_on=date.fromisoformat(seen.document["on"]),
            seen=seen,
            by=frame.Actor.of(step.request.user),
            at=step.at,
        )
    except refusals.EstimateChanged as refusal:
        changes = quotes.changes(old=seen.document, new=quotes.document(refusal.fresh))
        return _estimate_page(step, form, refusal.fresh, status=refusal.status, changes=changes)
    except (refusals.NotAhead, refusals.AfterExpiry, RequestNotAcceptable) as refusal:
        return _form_page(step, form, status=_put(form, refusal))
    return _done(step, asked.request)


def estimate_again(step: Step, form: EndLaterForm) -> HttpResponse:
    """Ask for what the form lacks, or show the estimate of now where its seal is not taken."""
    steps.check(step)
    if not form.is_valid() or form.last_day is None:
        return _form_page(step, form, status=422)
    quote = steps.estimate(step, form, ends_on=form.last_day)
    return _estimate_page(
        step,
        form,
        quote,
        status=409,
        changes=("The estimate could not be read, or is older than 30 minutes; this is a new one.",),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(PERMISSION, raise_exception=True)
@answers.of_step
def withdraw(step: Step) -> HttpResponse:
    """Ask why the scheduled end is withdrawn; a POST withdraws it."""
    open_one = reading.open_request_of(step.subscription)
    if open_one is None:
        raise refusals.NoneOpen
    data = step.request.POST if step.request.method == "POST" else None
    form = WithdrawForm(data, initial={"request": open_one.uuid})
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            withdrawn = operations.withdraw(
                subscription_uuid=step.subscription.uuid,
                request_uuid=form.cleaned_data["request"],
                reason=form.cleaned_data["reason"],
                by=frame.Actor.of(step.request.user),
                at=step.at,
            )
            return _told(step, f"The end on {days.display(withdrawn.ends_on)} is withdrawn.", title="Withdrawn")
    form.takes_focus = True
    context = {
        "title": "Withdraw the scheduled end",
        "form": form,
        "day": days.display(open_one.ends_on),
        "says": answers.Says(ends="The subscription goes on as if nobody had asked. This is kept in its history."),
        "form_action": answers.address(step, "withdraw_end"),
        "scheduled": "",
    }
    return answers.page_of(step, "subscriptions/requests/_withdraw.html", context, status=status)


def _put(form: EndLaterForm, refusal: frame.Refused) -> int:
    return frame.put_into(form, refusal)


def _form_page(step: Step, form: EndLaterForm, *, status: int = 200) -> HttpResponse:
    form.takes_focus = True
    members = customers_tabs.people_to_suggest(step.subscription.organisation_id)
    if members:
        form.suggest(members="members")
    context = {
        "title": TITLE,
        "form": form,
        "members": members,
        "says": answers.NOTHING_YET,
        "form_action": answers.address(step, "end_later_estimate"),
    }
    return answers.page_of(step, "subscriptions/requests/_ask.html", context, status=status)


def _estimate_page(
    step: Step, form: EndLaterForm, quote: quotes.Quote, *, status: int = 200, changes: tuple[str, ...] = ()
) -> HttpResponse:
    document = quotes.document(quote)
    day = days.display(quote.on)
    context = {
        "title": TITLE,
        "form": form,
        "day": day,
        "seal": steps.seal(step, quote),
        "invoices": consequences.invoices(document),
        "preview": preview.preview_of(document, why_nothing=quote.why_nothing),
        "is_after_expiry": quote.on > step.subscription.expires_on,
        "candidates": [note.number for note in quote.candidates],
        "changes": changes,
        "says": answers.Says(
            ends=f"The subscription can be used through {day} and ends in the night after it. Until then this can "
            "be withdrawn."
        ),
        "form_action": answers.address(step, "end_later_confirm"),
        "back_action": answers.address(step, "end_later"),
    }
    return answers.page_of(step, "subscriptions/requests/_estimate.html", context, status=status)


def _done(step: Step, stored: TerminationRequest) -> HttpResponse:
    said = f"Ends on {days.display(stored.ends_on)}. Estimated today: {scheduled.estimate(stored.quote)}."
    return _told(step, said, title="Scheduled")


def _told(step: Step, said: str, *, title: str) -> HttpResponse:
    """Say what happened; what shows the subscription reads itself anew."""
    if not htmx.wants_fragment(step.request):
        messages.success(step.request, said)
        return redirect("subscriptions:detail", step.subscription.uuid)
    context = {
        "title": title,
        "sentences": (said,),
        "identity": naming.identity_of(step.subscription).line,
        "organisation_name": step.subscription.organisation.name,
        "close_url": reverse("subscriptions:detail", args=[step.subscription.uuid]),
    }
    response = answers.page_of(step, "subscriptions/requests/_done.html", context)
    return trigger_client_event(response, CHANGED, {"uuid": str(step.subscription.uuid)})
