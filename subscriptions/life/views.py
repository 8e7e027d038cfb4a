"""Unsubscribe and resubscribe, from the sidebar; the list of renewals that failed."""

from __future__ import annotations

import uuid as uuids

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from portal import frame
from portal.lib import htmx, lists
from portal.lib.http import Request
from subscriptions.life import operations, refusals
from subscriptions.life.lists import FAILED
from subscriptions.models import Subscription

CHANGED = "subscription-changed"

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
