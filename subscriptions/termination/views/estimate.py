"""Answer "What would come back?" for today or a later day. Nothing is sealed, and nothing is written."""

from __future__ import annotations

import uuid as uuids
from datetime import date
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.lib import days, htmx
from portal.lib.http import Request
from subscriptions.policies import standing
from subscriptions.selectors import naming
from subscriptions.termination import steps
from subscriptions.termination.forms import EstimateForm
from subscriptions.termination.quote import quotes
from subscriptions.termination.selectors import quoting
from subscriptions.termination.steps import Step
from subscriptions.termination.words import consequences, preview


@require_safe
@permission_required("subscriptions.view_subscription", raise_exception=True)
def estimate(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show the total refund of a termination on the day asked: today where no day is given."""
    step = steps.start(request, uuid)
    address = reverse("subscriptions:estimate", args=[uuid])
    form = EstimateForm({"on": request.GET.get("on", step.today.isoformat())}, today=step.today)
    on = form.cleaned_data["on"] if form.is_valid() else None
    subscription = step.subscription
    named = naming.identity_of(subscription)
    context = {
        "subscription_uuid": subscription.uuid,
        "plan": named.title,
        "identity": named.line,
        "organisation_name": subscription.organisation.name,
        "organisation_uuid": subscription.organisation.uuid,
        "close_url": reverse("subscriptions:detail", args=[subscription.uuid]),
        "fragment": "subscriptions/termination/_estimate.html",
        "links": {},
        "title": "What would come back?",
        "form": form,
        "address": address,
        **(_answer(step, on=on) if on else {}),
    }
    return htmx.render_page(
        request,
        page="subscriptions/termination/flow.html",
        fragment="subscriptions/termination/_estimate.html",
        context=context,
        status=200 if on else 422,
    )


def _answer(step: Step, *, on: date) -> dict[str, Any]:
    """Compute the refund of that day, or say why nothing would come back."""
    subscription = step.subscription
    found = quoting.quote_of(subscription, on=on, config=step.config)
    if isinstance(found, standing.Ended):
        return {"why_not": standing.why_not_terminable(found), "termination_uuid": subscription.termination.uuid}
    if isinstance(found, standing.NotYet) or found.case == "expired":
        return {"why_not": preview.nothing_after_expiry(expires_on=subscription.expires_on, on=on)}
    document = quotes.document(found)
    return {
        "invoices": consequences.invoices(document),
        "preview": preview.preview_of(document, why_nothing=found.why_nothing),
        "is_later": on > step.today,
        "day": days.display(on),
    }
