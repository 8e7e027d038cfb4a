"""Serve the list of notifications, and put a dead letter back."""

import uuid as uuids
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.http import require_POST, require_safe

from portal.audit.operations import Actor
from portal.lib import htmx
from portal.lib.http import Request
from portal.outbox import operations, selectors
from portal.outbox.forms import FilterForm
from portal.outbox.models import Message


@require_safe
@permission_required("outbox.view_message", raise_exception=True)
def message_list(request: Request) -> HttpResponse:
    """List messages, the dead letters unless another status is asked for; htmx gets the list alone."""
    return _show(request)


@require_POST
@permission_required("outbox.send_again", raise_exception=True)
def send_again(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Put a dead letter back among the messages that are to be sent."""
    try:
        put_back = operations.send_again(
            message_id=uuid,
            # The outbox knows no organisation: who does tells where its messages go.
            look_up=import_string(settings.OUTBOX_ADDRESSES),
            by=Actor.of(request.user),
            at=timezone.now(),
        )
    except Message.DoesNotExist as error:
        raise Http404("There is no such message.") from error
    except operations.NoAddress as error:
        return _show(request, refusal=error.why, status=409)
    except operations.AlreadySent:
        return _show(request, refusal="This message was sent meanwhile: nothing was changed.", status=409)
    except operations.AlreadyOnItsWay:
        messages.info(request, "The message waits to be sent already.")
    else:
        copy = f", {put_back.cc} in copy" if put_back.cc else ""
        messages.success(request, f"The message will be sent again, to {put_back.to}{copy}.")
    return htmx.lead_to(request, reverse("outbox:list"))


def _show(request: Request, *, refusal: str = "", status: int = 200) -> HttpResponse:
    # What a POST carries is no filter.
    form = FilterForm(request.GET if request.method in ("GET", "HEAD") else {})
    context: dict[str, object] = {
        "form": form,
        "refusal": refusal,
        "rows": (),
        "load": selectors.load(),
        "has_mail_server": operations.MailServer.is_configured(),
        "can_send_again": request.user.has_perm("outbox.send_again"),
        "can_correct": request.user.has_perm("customers.change_contacts"),
    }
    if form.is_valid():
        page = selectors.messages(
            status=form.wanted_status(), before=_key(request, "before"), after=_key(request, "after")
        )
        here = f"{reverse('outbox:list')}?{urlencode({'status': form.asked()})}"
        context |= {
            "rows": page.rows,
            "asked": form.asked(),
            "older_url": f"{here}&before={page.older}" if page.older else "",
            "newer_url": f"{here}&after={page.newer}" if page.newer else "",
        }
    elif status == 200:
        status = 422
    return htmx.render_page(
        request, page="outbox/list.html", fragment="outbox/_list.html", context=context, status=status
    )


def _key(request: Request, name: str) -> int | None:
    """Read a key out of the address; anything else is no key, which gives the newest page."""
    value = request.GET.get(name)
    return int(value) if value and value.isascii() and value.isdigit() and len(value) <= 18 else None
