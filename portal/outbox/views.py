"""Serve the list of notifications, and put a dead letter back."""

import uuid as uuids
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal import frame
from portal.lib import htmx, lists
from portal.lib.http import Request
from portal.lib.lists import cells
from portal.outbox import kinds, operations, selectors
from portal.outbox.lists import DELIVERIES
from portal.outbox.models import Delivery

PAGE = "outbox/list.html"
WAITING = Delivery.Status.PENDING.value


def _above(request: Request) -> dict[str, Any]:
    load = selectors.load()
    return {
        "dead": _counted(load.dead),
        "pending": _counted(load.pending),
        "has_mail_server": operations.MailServer.is_configured(),
    }


def _counted(count: int) -> str:
    most = selectors.MOST_COUNTED
    return f"{count:,}" if count <= most else f"more than {most:,}"


message_list = lists.page(DELIVERIES, template=PAGE, context=_above)


@require_safe
@permission_required("outbox.view_delivery", raise_exception=True)
def samples(request: Request) -> HttpResponseBase:
    """Show what each kind of message looks like, about somebody made up."""
    shown = [
        {
            "code": kind.code,
            "label": kind.label,
            "when": kind.when,
            "waiting": f"{reverse('outbox:list')}?{urlencode({'status': WAITING, 'kind': kind.code})}",
            "texts": [
                (whom, kind.sample_of(is_for_customer=is_for_customer))
                for whom, is_for_customer in (("To a customer", True), ("To the provider", False))
                if not (is_for_customer and kind.is_for_staff)
            ],
        }
        for kind in kinds.every()
        if kind.sample_of
    ]
    return render(request, "outbox/samples.html", {"kinds": shown})


@require_safe
@permission_required("outbox.view_delivery", raise_exception=True)
def message(request: Request, uuid: uuids.UUID) -> HttpResponseBase:
    """Show one message: what it says, or would say if it were sent now."""
    try:
        found = selectors.message(uuid)
    except Delivery.DoesNotExist as error:
        raise Http404("There is no such message.") from error
    row = found.row
    facts: list[tuple[str, object]] = [
        ("To", row.to),
        ("Cc", row.cc),
        ("Kind", kinds.label_of(row.kind)),
        ("Created", row.created_at),
        ("Attempts", row.attempts),
        ("Last error", row.last_error),
        ("Sent" if row.sent_at else "Next attempt", row.sent_at or row.next_attempt_at),
    ]
    return render(
        request,
        "outbox/message.html",
        {
            "status": row.status,
            "status_label": Delivery.Status(row.status).label,
            "tone": "danger" if row.is_dead else "",
            "subject": found.text.subject if found.text else row.subject,
            "body": found.text.body if found.text else "",
            "is_kept": found.is_kept,
            "facts": tuple((term, cells.html(value)) for term, value in facts),
        },
    )


@require_POST
@permission_required("outbox.send_again", raise_exception=True)
def send_again(request: Request, uuid: uuids.UUID) -> HttpResponseBase:
    """Put a dead letter back among the messages that are to be sent."""
    try:
        put_back = operations.send_again(
            message_id=uuid,
            # The outbox knows no organisation: who does tells where its messages go.
            look_up=kinds.addresses_of,
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except Delivery.DoesNotExist as error:
        raise Http404("There is no such message.") from error
    except operations.AlreadyOnItsWay as refusal:
        messages.info(request, str(refusal))
    except frame.Refused as refusal:
        return _refused(request, refusal)
    else:
        copy = f", {put_back.cc} in copy" if put_back.cc else ""
        messages.success(request, f"The message will be sent again, to {put_back.to}{copy}.")
    return htmx.lead_to(request, reverse("outbox:list"))


def _refused(request: Request, refusal: frame.Refused) -> HttpResponseBase:
    """Show the list, and above it why nothing was done."""
    context = {**_above(request), "refusal": str(refusal)}
    return lists.answer(
        request, DELIVERIES, template=PAGE, context=context, address=reverse("outbox:list"), status=refusal.status
    )
