"""The views of the termination flow: reason, total refund, choice, apply. Only the last one writes.

What the agent saw travels sealed in hidden fields. Every step recomputes; what differs is shown, not applied.
"""

from __future__ import annotations

import functools
import uuid as uuids
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.audit.operations import Actor
from portal.lib import days, htmx, money, seals
from settings_app import selectors as settings_selectors
from settings_app import views as settings_views
from subscriptions import operations, presentation, quotes, selectors
from subscriptions.forms import ExpiredForm, ReasonForm
from subscriptions.models import Subscription, Termination

PURPOSE = "terminate"
SEAL_AGE = timedelta(minutes=30)
TOO_LARGE = (
    "This subscription has more cycles and charges than one preview can carry, so it cannot be terminated here. "
    "Nothing was written. Tell whoever runs the portal."
)

may_terminate = permission_required("subscriptions.terminate_subscription", raise_exception=True)


@dataclass(frozen=True)
class _Step:
    """Hold what every step starts from: who, which subscription, and the clock, read once."""

    request: HttpRequest
    subscription: Subscription
    at: datetime

    @property
    def today(self) -> Any:
        return days.today_in(self.subscription.organisation.timezone, at=self.at)

    @property
    def config(self) -> settings_selectors.Config:
        return settings_views.config_of(self.request)


def _start(request: HttpRequest, uuid: uuids.UUID) -> _Step:
    try:
        return _Step(request, selectors.find(uuid), timezone.now())
    except Subscription.DoesNotExist:
        raise Http404 from None


class _PreviewTooLarge(Exception):
    """Carry the step whose preview cannot travel through a browser."""

    def __init__(self, step: _Step) -> None:
        self.step = step
        super().__init__(TOO_LARGE)


def _says_what_is_too_large(
    view: Callable[[HttpRequest, uuids.UUID], HttpResponse],
) -> Callable[[HttpRequest, uuids.UUID], HttpResponse]:
    """Answer with a sentence where a preview is too large to travel through a browser."""

    @functools.wraps(view)
    def answer(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
        try:
            return view(request, uuid)
        except _PreviewTooLarge as refusal:
            return _refused_page(refusal.step, TOO_LARGE, status=422)

    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@may_terminate
@_says_what_is_too_large
def reason(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask for the reason; for a subscription that expired long ago, for the explanation alone.

    A POST is somebody coming back from a later step: the form as it was filled in.
    """
    step = _start(request, uuid)
    is_back = request.method == "POST"
    try:
        quote = _quote(step)
    except operations.NotTerminable as refusal:
        return _refused(step, refusal)
    if quote.case == "expired":
        return _other_case(step, quote) if is_back else _expired_page(step, quote, ExpiredForm())
    form = _reason_form(step, request.POST if is_back else None)
    return _reason_page(step, form, status=422 if is_back and not form.is_valid() else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@may_terminate
@_says_what_is_too_large
def refund(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Show the total refund in answer to the reason form."""
    if request.method != "POST":
        return redirect("subscriptions:terminate", uuid)
    step = _start(request, uuid)
    try:
        quote = _quote(step)
    except operations.NotTerminable as refusal:
        return _refused(step, refusal)
    if quote.case == "expired":
        return _other_case(step, quote)
    form = _reason_form(step, request.POST)
    if not form.is_valid():
        return _reason_page(step, form, status=422)
    return _refund_page(step, quote, form)


@require_http_methods(["GET", "HEAD", "POST"])
@may_terminate
@_says_what_is_too_large
def choice(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask how the refund is made, in answer to the popup's "Terminate"."""
    if request.method != "POST":
        return redirect("subscriptions:terminate", uuid)
    step = _start(request, uuid)
    form = _reason_form(step, request.POST)
    try:
        quote = _quote(step)
        if quote.case == "expired":
            return _other_case(step, quote)
        if not form.is_valid():
            return _reason_page(step, form, status=422)
        seen = _unseal(step, quote)
    except operations.NotTerminable as refusal:
        return _refused(step, refusal)
    except _SealRefused as refusal:
        return _refund_page(step, refusal.quote, form, status=refusal.status, changes=refusal.changes)
    if seen.document != quotes.document(quote):
        return _changed_page(step, quote, form, seen=seen.document)
    if quote.terms.is_simplified:
        return _refund_page(step, quote, form, seal=request.POST["seal"])
    return _choice_page(step, quote, form, seal=request.POST["seal"])


@require_http_methods(["GET", "HEAD", "POST"])
@may_terminate
@_says_what_is_too_large
def apply(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Commit: the one step that writes."""
    if request.method != "POST":
        return redirect("subscriptions:terminate", uuid)
    step = _start(request, uuid)
    is_expired = "reason" not in request.POST
    form: Any = ExpiredForm(request.POST) if is_expired else _reason_form(step, request.POST)
    is_valid = form.is_valid()
    # What expired long ago has nothing to choose.
    picked = None if is_expired else _picked(request)
    is_ended = getattr(step.subscription, "termination", None) is not None
    try:
        # What is whole goes to the operation, which computes the quote under lock; all else is shown one here.
        fresh = None if is_ended or (is_valid and (picked or is_expired)) else _quote(step)
        if fresh:
            if is_expired != (fresh.case == "expired"):
                return _other_case(step, fresh)
            if not is_valid:
                return _again(step, fresh, form)
        seen = _unseal(step, fresh)
        if fresh and picked is None and not fresh.terms.is_simplified:
            return _choice_page(
                step, fresh, form, seal=request.POST["seal"], status=422, problems=(_what_to_choose(request),)
            )
        outcome = operations.terminate(
            subscription_uuid=uuid,
            request=_said(form, is_expired=is_expired, step=step),
            choice=picked or quotes.Automatic(),
            acknowledged=request.POST.getlist("acknowledge"),
            seen=seen,
            by=Actor.of(request.user),  # type: ignore[arg-type]
            at=step.at,
        )
    except operations.NotTerminable as refusal:
        return _refused(step, refusal)
    except operations.QuoteChanged as changed:
        if is_expired != (changed.fresh.case == "expired"):
            return _other_case(step, changed.fresh)
        if is_expired:
            said = quotes.changes(old=changed.seen, new=quotes.document(changed.fresh))
            return _expired_page(step, changed.fresh, _explained(request), status=409, changes=said)
        return _changed_page(step, changed.fresh, form, seen=changed.seen)
    except _SealRefused as refusal:
        if is_expired != (refusal.quote.case == "expired"):
            return _other_case(step, refusal.quote)
        if is_expired:
            return _expired_page(step, refusal.quote, form, status=refusal.status, changes=refusal.changes)
        return _refund_page(step, refusal.quote, form, status=refusal.status, changes=refusal.changes)
    except operations.RequestNotAcceptable as refusal:
        quote = _quote(step)
        if is_expired != (quote.case == "expired"):
            return _other_case(step, quote)
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _again(step, quote, form)
    except (operations.CreditNoteNotUsable, operations.AcknowledgementMissing) as refusal:
        quote = _quote(step)
        show = _refund_page if quote.terms.is_simplified else _choice_page
        return show(
            step, quote, form, seal=request.POST["seal"], status=422, problems=_problems_of(refusal, quote=quote)
        )
    return _done(request, outcome.termination)


# ---- What a step needs --------------------------------------------------------------------------------------


def _quote(step: _Step) -> quotes.Quote:
    found = selectors.quote_of(step.subscription, on=step.today, config=step.config)
    if isinstance(found, selectors.NotTerminableFacts):
        if getattr(step.subscription, "termination", None) is not None:
            raise operations.AlreadyTerminated(step.subscription)
        raise operations.NotTerminable(found.why_not)
    return found


def _reason_form(step: _Step, data: Any, **initial: str) -> ReasonForm:
    reasons = settings_selectors.active_reasons()
    return ReasonForm(data, today=step.today, reasons=reasons, initial=initial)


def _explained(request: HttpRequest) -> ExpiredForm:
    """Ask for the explanation with what was typed already."""
    return ExpiredForm(initial={"explanation": request.POST.get("explanation", "")})


def _said(
    form: forms.Form, *, is_expired: bool, step: _Step
) -> operations.CustomerRequest | operations.ExpiredRequest:
    said = form.cleaned_data
    if is_expired:
        return operations.ExpiredRequest(explanation=said.get("explanation", ""))
    return operations.CustomerRequest(
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
    number = request.POST.get("note", "")
    if picked == "credit_note" and number:
        return quotes.LinkNote(number)
    return None


@dataclass(frozen=True)
class _Problem:
    """Say what is wrong with a choice. *Shape*: `field` is "choice", "note" or an acknowledgement's key."""

    field: str
    text: str


def _what_to_choose(request: HttpRequest) -> _Problem:
    if request.POST.get("choice") == "credit_note":
        return _Problem("note", "Choose the credit note that is the refund.")
    return _Problem("choice", "Choose how the refund is made.")


def _problems_of(
    refusal: operations.CreditNoteNotUsable | operations.AcknowledgementMissing, *, quote: quotes.Quote
) -> tuple[_Problem, ...]:
    if isinstance(refusal, operations.AcknowledgementMissing):
        return tuple(_Problem(item.key, f"Please confirm: {item.text}") for item in refusal.missing)
    # Where the last note that could be chosen is gone, there is no list of notes to point at.
    return (_Problem("note" if quote.choosable else "choice", str(refusal)),)


# ---- The seal -----------------------------------------------------------------------------------------------


class _SealRefused(Exception):
    """Say why a seal is not taken; carries the fresh quote that is shown instead."""

    def __init__(self, quote: quotes.Quote, *, status: int, change: str) -> None:
        self.quote = quote
        self.status = status
        self.changes = (change,)
        super().__init__(change)


def _seal(step: _Step, quote: quotes.Quote) -> str:
    payload = {
        "user": step.request.user.pk,
        "subscription": str(step.subscription.uuid),
        "quote_id": str(uuids.uuid4()),
        "quote": quotes.document(quote),
    }
    try:
        return seals.seal(payload, at=step.at, purpose=PURPOSE)
    except seals.SealTooLarge:
        raise _PreviewTooLarge(step) from None


def _unseal(step: _Step, fresh: quotes.Quote | None) -> operations.Seen:
    """Open the seal of the form; what is terminated already is answered by `terminate`, whatever its age."""
    try:
        payload = seals.unseal(step.request.POST.get("seal", ""), at=step.at, purpose=PURPOSE, max_age=SEAL_AGE)
    except seals.SealExpired as expired:
        if getattr(step.subscription, "termination", None) is None:
            raise _SealRefused(
                fresh or _quote(step),
                status=409,
                change="The preview is older than 30 minutes; this is a new one.",
            ) from None
        payload = expired.payload
    except seals.SealBroken:
        payload = {}
    mine = payload.get("user") == step.request.user.pk
    if mine and payload.get("subscription") == str(step.subscription.uuid):
        return operations.Seen(quote_id=uuids.UUID(payload["quote_id"]), document=payload["quote"])
    fresh = fresh or _quote(step)
    if payload and not mine:
        raise _SealRefused(fresh, status=409, change="The preview was made for somebody else; this is yours.")
    raise _SealRefused(fresh, status=422, change="The preview could not be read; this is a new one.")


# ---- The pages ----------------------------------------------------------------------------------------------


def _page(step: _Step, fragment: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    subscription = step.subscription
    context = {
        "subscription_uuid": subscription.uuid,
        "plan": presentation.plan_title(product=subscription.plan.product.name, plan=subscription.plan.name),
        "organisation_name": subscription.organisation.name,
        "organisation_uuid": subscription.organisation.uuid,
        "close_url": reverse("subscriptions:detail", args=[subscription.uuid]),
        "fragment": fragment,
        **context,
    }
    response = htmx.render_page(
        step.request, page="subscriptions/flow.html", fragment=fragment, context=context, status=status
    )
    return htmx.no_store(response)


def _address(step: _Step, name: str) -> str:
    return reverse(f"subscriptions:{name}", args=[step.subscription.uuid])


def _other_case(step: _Step, quote: quotes.Quote) -> HttpResponse:
    """Ask what fits the case, which is another one than when the form was shown; the explanation stays."""
    if quote.case == "expired":
        changes = ("The subscription has expired since.",)
        return _expired_page(step, quote, _explained(step.request), status=409, changes=changes)
    form = _reason_form(step, None, explanation=step.request.POST.get("explanation", ""))
    return _reason_page(step, form, status=409, changes=("The subscription is active again.",))


def _again(step: _Step, quote: quotes.Quote, form: Any) -> HttpResponse:
    """Show the form that was sent once more, with its errors."""
    if quote.case == "expired":
        return _expired_page(step, quote, form, status=422)
    return _reason_page(step, form, status=422)


def _reason_page(
    step: _Step, form: ReasonForm, *, status: int = 200, changes: tuple[str, ...] = ()
) -> HttpResponse:
    context = {
        "form": form,
        "form_action": _address(step, "refund"),
        "changes": changes,
        "short": step.config.termination_method == "simplified",
    }
    return _page(step, "subscriptions/_reason.html", context, status=status)


def _expired_page(
    step: _Step,
    quote: quotes.Quote,
    form: ExpiredForm,
    *,
    status: int = 200,
    changes: tuple[str, ...] = (),
) -> HttpResponse:
    context = {
        "form": form,
        "seal": _seal(step, quote),
        "expiry_date": days.display(step.subscription.expires_on),
        "changes": changes,
        "form_action": _address(step, "apply"),
    }
    return _page(step, "subscriptions/_expired.html", context, status=status)


def _changed_page(step: _Step, quote: quotes.Quote, form: ReasonForm, *, seen: dict[str, Any]) -> HttpResponse:
    fresh = quotes.document(quote)
    return _refund_page(
        step,
        quote,
        form,
        status=409,
        changes=quotes.changes(old=seen, new=fresh),
        changed=quotes.changed_cycles(old=seen, new=fresh),
    )


def _refund_page(
    step: _Step,
    quote: quotes.Quote,
    form: ReasonForm,
    *,
    seal: str = "",
    status: int = 200,
    changes: tuple[str, ...] = (),
    changed: frozenset[str] = frozenset(),
    problems: tuple[_Problem, ...] = (),
) -> HttpResponse:
    document = quotes.document(quote)
    is_short = quote.terms.is_simplified
    required = quotes.acknowledgements(quote, choice=quotes.Automatic()) if is_short else ()
    boxes = _to_confirm(step, required, problems, name="acknowledge")
    requested_on = form.cleaned_data.get("requested_on") if form.is_valid() else None
    context = {
        "form": form,
        "seal": seal or _seal(step, quote),
        "preview": presentation.preview_of(document, changed=changed),
        "window_closed": presentation.window_closed(document, requested_on=requested_on) if requested_on else "",
        "changes": changes,
        "problems": _summary(problems, boxes),
        "acknowledgements": boxes,
        "form_action": _address(step, "apply" if is_short else "choice"),
        "back_action": _address(step, "terminate"),
        "short": is_short,
    }
    return _page(step, "subscriptions/_refund.html", context, status=status)


@dataclass(frozen=True)
class _ToConfirm:
    """One acknowledgement as a box to tick. *Shape*: `id` is that of the box; keys may hold what ids may not."""

    id: str
    key: str
    text: str
    is_ticked: bool
    is_missing: bool


def _to_confirm(
    step: _Step, items: Iterable[quotes.Acknowledgement], problems: tuple[_Problem, ...], *, name: str
) -> tuple[_ToConfirm, ...]:
    ticked = step.request.POST.getlist("acknowledge")
    missing = {problem.field for problem in problems}
    return tuple(
        _ToConfirm(
            id=f"{name}-{number}",
            key=item.key,
            text=item.text,
            is_ticked=item.key in ticked,
            is_missing=item.key in missing,
        )
        for number, item in enumerate(items, start=1)
    )


def _summary(problems: tuple[_Problem, ...], boxes: Iterable[_ToConfirm]) -> list[dict[str, str]]:
    """List what is wrong for the error summary, each with the id of the box or group that it leads to."""
    ids = {box.key: box.id for box in boxes}
    return [{"text": problem.text, "id": ids.get(problem.field, problem.field)} for problem in problems]


@dataclass(frozen=True)
class _NoteOption:
    """One credit note that can be chosen, in words."""

    number: str
    total: str
    text: str
    is_chosen: bool
    difference: tuple[_ToConfirm, ...]


def _choice_page(
    step: _Step,
    quote: quotes.Quote,
    form: ReasonForm,
    *,
    seal: str,
    status: int = 200,
    problems: tuple[_Problem, ...] = (),
) -> HttpResponse:
    sent = step.request.POST
    picked = sent.get("choice") or ("credit_note" if quote.doubling else "")
    chosen = sent.get("note") or (quote.doubling[0].number if quote.doubling else "")
    required = quotes.acknowledgements(quote, choice=quotes.Automatic())
    boxes = _to_confirm(step, required, problems, name="acknowledge")
    options = [
        _NoteOption(
            number=note.number,
            total=money.display(note.total, currency=quote.currency),
            text="names this subscription" if note.names_this else "names no subscription",
            is_chosen=note.number == chosen,
            difference=_to_confirm(
                step,
                quotes.acknowledgements(quote, choice=quotes.LinkNote(note.number)),
                problems,
                name=f"difference-{place}",
            ),
        )
        for place, note in enumerate(quote.choosable, start=1)
    ]
    context = {
        "form": form,
        "seal": seal,
        "picked": picked,
        "notes": options,
        "acknowledgements": boxes,
        "preview": presentation.preview_of(quotes.document(quote)),
        "to_credits": money.display(quote.to_credits, currency=quote.currency) if quote.to_credits else "",
        "why_nothing": quote.why_nothing,
        "is_waiving": quote.is_waiving,
        "problems": _summary(problems, [*boxes, *(box for option in options for box in option.difference)]),
        "wrong": {problem.field: problem.text for problem in problems},
        "form_action": _address(step, "apply"),
        "back_action": _address(step, "refund"),
    }
    return _page(step, "subscriptions/_choice.html", context, status=status)


def _refused(step: _Step, refusal: operations.NotTerminable) -> HttpResponse:
    """Say why not, and what can be done."""
    termination = refusal.termination if isinstance(refusal, operations.AlreadyTerminated) else None
    return _refused_page(
        step, refusal.why_not, status=409, termination_uuid=termination.uuid if termination else None
    )


def _refused_page(
    step: _Step, why_not: str, *, status: int, termination_uuid: uuids.UUID | None = None
) -> HttpResponse:
    context = {"why_not": why_not, "termination_uuid": termination_uuid}
    return _page(step, "subscriptions/_refused.html", context, status=status)


def _done(request: HttpRequest, termination: Termination) -> HttpResponse:
    """Say what happened; for a repeated form the same as the first time."""
    sentences = selectors.result_sentences(termination)
    if not htmx.wants_fragment(request):
        messages.success(request, " ".join(sentences))
        return redirect(reverse("subscriptions:termination", args=[termination.uuid]))
    response = htmx.render_page(
        request,
        page="subscriptions/flow.html",
        fragment="subscriptions/_done.html",
        context={
            "sentences": sentences,
            "termination_uuid": termination.uuid,
            "close_url": reverse("subscriptions:detail", args=[termination.subscription.uuid]),
        },
    )
    htmx.trigger(response, "subscription-terminated", {"uuid": str(termination.subscription.uuid)})
    return htmx.no_store(response)
