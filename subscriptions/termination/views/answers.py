"""What the steps of the flow answer with."""

from __future__ import annotations

import functools
import uuid as uuids
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import trigger_client_event

from customers.selectors import tabs as customers_tabs
from portal import frame
from portal.lib import days, htmx
from portal.lib.http import Request
from subscriptions.models import Termination
from subscriptions.policies import standing
from subscriptions.selectors import naming, reading
from subscriptions.termination import refusals, steps
from subscriptions.termination.forms import ExpiredForm, ReasonForm
from subscriptions.termination.quote import acknowledgements, numbers, quotes
from subscriptions.termination.selectors import kept
from subscriptions.termination.steps import Step
from subscriptions.termination.words import consequences, preview, scheduled, told

StepView = Callable[[Step], HttpResponse]


def of_step(view: StepView) -> Callable[[Request, uuids.UUID], HttpResponse]:
    """Have a view of a step begin with its subscription and clock, and say why where there is no way on."""

    @functools.wraps(view)
    def answer(request: Request, uuid: uuids.UUID) -> HttpResponse:
        step = steps.start(request, uuid)
        try:
            return view(step)
        except frame.Refused as refusal:
            return refused_page(step, refusal)

    return answer


@dataclass(frozen=True)
class Problem:
    """Say what is wrong with a choice. *Shape*: `field` is "choice", "note" or an acknowledgement's key."""

    field: str
    text: str


def page_of(step: Step, fragment: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Show a step, as a fragment or as a page, with what every step names."""
    subscription = step.subscription
    named = naming.identity_of(subscription)
    context = {
        "subscription_uuid": subscription.uuid,
        "plan": named.title,
        "identity": named.line,
        "organisation_name": subscription.organisation.name,
        "organisation_uuid": subscription.organisation.uuid,
        "scheduled": scheduled.carried_out_here(step.scheduled) if step.scheduled else "",
        "close_url": reverse("subscriptions:detail", args=[subscription.uuid]),
        "fragment": fragment,
        # A link would lead out of a step that is half filled in.
        "links": {},
        **context,
    }
    return htmx.render_page(
        step.request, page="subscriptions/termination/flow.html", fragment=fragment, context=context, status=status
    )


def address(step: Step, name: str) -> str:
    """Give the address of a step of this subscription."""
    return reverse(f"subscriptions:{name}", args=[step.subscription.uuid])


def _keep(step: Step) -> str:
    """Name what is typed here, for the browser that keeps it: by user and subscription."""
    return f"{step.request.user.pk}:{step.subscription.uuid}"


def other_case(step: Step, quote: quotes.Quote) -> HttpResponse:
    """Ask what fits the case, which is another one than when the form was shown; the explanation stays."""
    typed = {"explanation": step.request.POST.get("explanation", "")}
    if quote.case == "expired":
        changes = ("The subscription has expired since.",)
        return expired_page(step, quote, ExpiredForm(initial=typed), status=409, changes=changes)
    form = steps.reason_form(step, None, **typed)
    return reason_page(step, form, status=409, changes=("The subscription is active again.",))


def reason_page(step: Step, form: ReasonForm, *, status: int = 200, changes: tuple[str, ...] = ()) -> HttpResponse:
    """Step 1: the reason."""
    form.takes_focus = not changes
    members = customers_tabs.people_to_suggest(step.subscription.organisation_id)
    if members:
        form.suggest(members="members")
    context = {
        "form": form,
        "members": members,
        "says": NOTHING_YET,
        "keep": _keep(step),
        "form_action": address(step, "refund"),
        "changes": changes,
        "short": step.config.termination_method == "simplified",
    }
    return page_of(step, "subscriptions/termination/_reason.html", context, status=status)


def expired_page(
    step: Step,
    quote: quotes.Quote,
    form: ExpiredForm,
    *,
    status: int = 200,
    changes: tuple[str, ...] = (),
) -> HttpResponse:
    """The only step of a subscription that expired long ago: the explanation."""
    form.takes_focus = not changes
    context = {
        "form": form,
        "keep": _keep(step),
        "says": says(step, quote),
        "seal": steps.seal(step, quote),
        "expiry_date": days.display(step.subscription.expires_on),
        "owed": preview.owed_of_expired(quotes.document(quote)),
        "held_back": standing.HELD_BACK if reading.is_held_back(step.subscription, config=step.config) else "",
        "changes": changes,
        "form_action": address(step, "terminate_expired"),
    }
    return page_of(step, "subscriptions/termination/_expired.html", context, status=status)


def changed_page(step: Step, quote: quotes.Quote, form: ReasonForm, *, seen: dict[str, Any]) -> HttpResponse:
    """Show the refund anew, with what differs from what the agent saw."""
    fresh = quotes.document(quote)
    return refund_page(
        step,
        quote,
        form,
        status=409,
        changes=quotes.changes(old=seen, new=fresh),
        changed=quotes.changed_cycles(old=seen, new=fresh),
    )


def refund_page(
    step: Step,
    quote: quotes.Quote,
    form: ReasonForm,
    *,
    seal: str = "",
    status: int = 200,
    changes: tuple[str, ...] = (),
    changed: frozenset[str] = frozenset(),
    problems: tuple[Problem, ...] = (),
) -> HttpResponse:
    """Step 2: the total refund, cycle by cycle; the last one where the method is Simplified."""
    document = quotes.document(quote)
    is_short = not quote.asks_choice
    required = acknowledgements.of_automatic(quote) if is_short else ()
    boxes = to_confirm(step, required, problems, name="acknowledge")
    requested_on = form.cleaned_data.get("requested_on") if form.is_valid() else None
    context = {
        "form": form,
        "says": says(step, quote) if is_short else NOTHING_YET,
        "invoices": consequences.invoices(document),
        "seal": seal or steps.seal(step, quote),
        "preview": preview.preview_of(document, changed=changed, why_nothing=quote.why_nothing),
        "window_closed": preview.window_closed(document, requested_on=requested_on) if requested_on else "",
        "changes": changes,
        "problems": summary(problems, boxes),
        "acknowledgements": boxes,
        "form_action": address(step, "apply" if is_short else "choice"),
        "back_action": "" if step.scheduled else address(step, "terminate"),
        "short": is_short,
    }
    return page_of(step, "subscriptions/termination/_refund.html", context, status=status)


@dataclass(frozen=True)
class Says:
    """Hold what is said beside a button.

    *Shape*: `money` and `more` are what "No credit note has been sent" does; `note` what a chosen note does and
    `used_now` what it does where it is used at once, empty where none can be chosen; `ends` closes either.
    """

    money: str = ""
    more: str = ""
    note: str = ""
    used_now: str = ""
    ends: str = ""


NOTHING_YET = Says(ends=consequences.NOTHING_YET)


def says(step: Step, quote: quotes.Quote, *, asks_choice: bool = False) -> Says:
    """Say what the step does that commits this quote. One query, for the numbers."""
    reservation = numbers.Reservation(
        days=step.config.number_reservation_days,
        days_ported_in=step.config.number_reservation_days_ported_in,
    )
    stays = consequences.of_numbers(kept.numbers_to_keep(step.subscription), on=step.today, reservation=reservation)
    if quote.case == "expired":
        return Says(ends=" ".join((consequences.ENDS_EXPIRED, *stays)))
    money, *more = consequences.of_money(quotes.document(quote), why_nothing=quote.why_nothing)
    return Says(
        money=money,
        more=" ".join(more),
        note=consequences.NOTE if asks_choice else "",
        used_now=consequences.USED_NOW if asks_choice else "",
        ends=" ".join((consequences.ENDS, *stays)),
    )


@dataclass(frozen=True)
class ToConfirm:
    """One acknowledgement as a box to tick. *Shape*: `id` is that of the box; keys may hold what ids may not."""

    id: str
    key: str
    text: str
    is_ticked: bool
    is_missing: bool


def to_confirm(
    step: Step, items: Iterable[acknowledgements.Acknowledgement], problems: tuple[Problem, ...], *, name: str
) -> tuple[ToConfirm, ...]:
    """Turn acknowledgements into boxes to tick. *Shape*: `name` begins their ids."""
    ticked = step.request.POST.getlist("acknowledge")
    missing = {problem.field for problem in problems}
    return tuple(
        ToConfirm(
            id=f"{name}-{number}",
            key=item.key,
            text=item.text,
            is_ticked=item.key in ticked,
            is_missing=item.key in missing,
        )
        for number, item in enumerate(items, start=1)
    )


def summary(problems: tuple[Problem, ...], boxes: Iterable[ToConfirm]) -> list[dict[str, str]]:
    """List what is wrong for the error summary, each with the id of the box or group that it leads to."""
    ids = {box.key: box.id for box in boxes}
    return [{"text": problem.text, "id": ids.get(problem.field, problem.field)} for problem in problems]


def refused_page(step: Step, refusal: frame.Refused) -> HttpResponse:
    """Say why there is no way on."""
    ended = refusal.termination_uuid if isinstance(refusal, refusals.AlreadyTerminated) else None
    context = {"why_not": str(refusal), "termination_uuid": ended}
    return page_of(step, "subscriptions/termination/_refused.html", context, status=refusal.status)


def done(request: Request, termination: Termination) -> HttpResponse:
    """Say what happened; for a repeated form the same as the first time."""
    result = told.result_of(termination)
    if not htmx.wants_fragment(request):
        messages.success(request, " ".join(result.sentences))
        return redirect(reverse("subscriptions:termination", args=[termination.uuid]))
    response = htmx.render_page(
        request,
        page="subscriptions/termination/flow.html",
        fragment="subscriptions/termination/_done.html",
        context={
            "identity": naming.identity_of(termination.subscription).line,
            "organisation_name": termination.subscription.organisation.name,
            "sentences": result.sentences,
            "figures": result.figures,
            "termination_uuid": termination.uuid,
            "close_url": reverse("subscriptions:detail", args=[termination.subscription.uuid]),
        },
    )
    return trigger_client_event(response, "subscription-terminated", {"uuid": str(termination.subscription.uuid)})
