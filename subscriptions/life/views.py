"""Unsubscribe and resubscribe, from the sidebar; recover a renewal that failed, and the list of them."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from customers import steps as customers_steps
from portal import frame
from portal.lib import days, htmx, lists, money
from portal.lib.http import Request
from subscriptions.life import operations, refusals, steps
from subscriptions.life.lists import FAILED
from subscriptions.models import Subscription
from subscriptions.policies import next_cycle
from subscriptions.termination import steps as termination_steps
from subscriptions.termination.views import answers

CHANGED = "subscription-changed"
RECOVER = "Recover the renewal"
FRAGMENT = "subscriptions/life/_recover.html"
UNREADABLE = "What was shown could not be read, or was shown to somebody else; this is a new one."

failed_renewals = lists.page(FAILED)


@require_POST
@permission_required("subscriptions.change_renewal", raise_exception=True)
def renewal(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Unsubscribe ("wanted" is "off") or resubscribe ("on"); what shows the subscription reads itself anew."""
    wanted = request.POST.get("wanted")
    if wanted not in ("on", "off"):
        raise Http404
    said, is_refused = ("Resubscribed." if wanted == "on" else "Unsubscribed: usable until it expires."), False
    try:
        operations.set_auto_renew(
            subscription_uuid=uuid,
            wanted=wanted == "on",
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except Subscription.DoesNotExist:
        raise Http404 from None
    except refusals.AlreadySo:
        pass
    except frame.Refused as refusal:
        said, is_refused = str(refusal), True
    if not htmx.wants_fragment(request):
        messages.add_message(request, messages.ERROR if is_refused else messages.SUCCESS, said)
        return redirect("subscriptions:detail", uuid)
    response = trigger_client_event(HttpResponse(status=204), CHANGED, {"uuid": str(uuid)})
    return trigger_client_event(
        response, "announce", {"message": said, "tone": "danger" if is_refused else "success"}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("subscriptions.recover_renewal", raise_exception=True)
def recover(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show what the next cycle costs; a POST renews for what was shown, or shows what is so now."""
    step = termination_steps.start(request, uuid)
    try:
        if request.method != "POST":
            return _recover_page(step, _preview(step))
        seen = steps.unseal(request, step.subscription, at=step.at)
        if seen is None:
            return _recover_page(step, _preview(step), status=422, changes=(UNREADABLE,))
        told = operations.recover(subscription_uuid=uuid, seen=seen, by=frame.Actor.of(request.user), at=step.at)
    except refusals.RenewalShownAnew as refusal:
        changes = (str(refusal), *_sums_before_and_now(seen, fresh=refusal.fresh))
        return _recover_page(step, refusal.fresh, status=refusal.status, changes=changes)
    except frame.Refused as refusal:
        context = {"why_not": str(refusal), "title": RECOVER}
        return answers.page_of(step, FRAGMENT, context, status=refusal.status)
    said = f"Renewed. {told}"
    if not htmx.wants_fragment(request):
        messages.success(request, said)
        return redirect("subscriptions:detail", uuid)
    response = answers.page_of(step, "subscriptions/life/_recovered.html", {"said": said, "title": RECOVER})
    # The header of the page around it shows Available Credits.
    response = trigger_client_event(response, customers_steps.CREDITS_CHANGED, {})
    return trigger_client_event(response, CHANGED, {"uuid": str(uuid)})


def _sums_before_and_now(seen: operations.Seen | None, *, fresh: operations.Preview) -> tuple[str, ...]:
    """Say what the next cycle cost when it was shown, where that is not what it costs now."""
    if seen is None or seen.total == fresh.next.total:
        return ()
    before = money.display(seen.total, currency=fresh.currency)
    return (f"It was {before} and is {money.display(fresh.next.total, currency=fresh.currency)} now.",)


def _amounts(charges: Sequence[next_cycle.Charge], *, currency: str) -> dict[str, str]:
    """Add up charges, as they are shown."""
    return {
        name: money.display(sum((getattr(charge, name) for charge in charges), Decimal(0)), currency=currency)
        for name in ("net", "tax", "total")
    }


def _preview(step: termination_steps.Step) -> operations.Preview:
    return operations.preview_of(step.subscription, config=step.config, on=step.today)


def _recover_page(
    step: termination_steps.Step,
    preview: operations.Preview,
    *,
    status: int = 200,
    changes: tuple[str, ...] = (),
) -> HttpResponse:
    currency, charges = preview.currency, preview.next.charges
    context = {
        "title": RECOVER,
        "form_action": answers.address(step, "recover"),
        "seal": steps.seal(step.request, step.subscription, preview=preview, at=step.at),
        "changes": changes,
        "period": days.display_range(preview.next.span),
        "charges": [{"description": charge.name, **_amounts([charge], currency=currency)} for charge in charges],
        "sums": _amounts(charges, currency=currency) if len(charges) > 1 else None,
        "total": money.display(preview.next.total, currency=currency),
        "available": money.display_balance(preview.available, currency=currency),
        "left": money.display_balance(preview.available - preview.next.total, currency=currency),
    }
    return answers.page_of(step, FRAGMENT, context, status=status)
