"""Show whether an organisation is exempt from taxes as a form, and save it."""

from __future__ import annotations

import uuid as uuids

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from customers import selectors, tab_bar
from customers.exemption import operations
from customers.exemption.forms import ExemptionForm
from customers.models import Organisation
from portal import frame
from portal.lib import htmx
from portal.lib.http import Request


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.change_tax_exemption", raise_exception=True)
def tax_exemption(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Serve and save it. If somebody else saved otherwise meanwhile, show that."""
    try:
        organisation = Organisation.objects.select_related("credit_account").get(uuid=uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    if request.method != "POST":
        return _page(request, organisation, form=ExemptionForm.showing(is_tax_exempt=organisation.is_tax_exempt))
    form = ExemptionForm(request.POST)
    if not form.is_valid():
        return _page(request, organisation, form=form, status=422)
    try:
        is_changed = operations.change_exemption(
            organisation_uuid=uuid,
            seen=form.cleaned_data["seen"],
            is_tax_exempt=form.cleaned_data["is_tax_exempt"],
            reason=form.cleaned_data["reason"],
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except operations.ExemptionChanged as changed:
        now = ExemptionForm.showing(is_tax_exempt=changed.is_tax_exempt)
        return _page(request, organisation, form=now, status=changed.status, is_conflict=True)
    if is_changed:
        messages.success(request, "The tax exemption is saved.")
    else:
        messages.info(request, "Nothing was changed.")
    return htmx.lead_to(request, reverse("customers:overview", args=[uuid]))


def _page(
    request: Request,
    organisation: Organisation,
    *,
    form: ExemptionForm,
    status: int = 200,
    is_conflict: bool = False,
) -> HttpResponse:
    form.takes_focus = not is_conflict
    return tab_bar.page(
        request,
        organisation=selectors.header_of(organisation),
        tab="overview",
        fragment="customers/exemption/_exemption.html",
        context={"form": form, "is_conflict": is_conflict},
        status=status,
    )
