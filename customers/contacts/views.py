"""Show the contacts of an organisation as a form, and save them."""

import uuid as uuids

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from customers import selectors, tab_bar
from customers.contacts import forms, operations
from customers.models import Organisation
from portal import frame
from portal.lib import htmx
from portal.lib.http import Request


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.change_contacts", raise_exception=True)
def contacts(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Serve and save the contacts. If somebody else saved others meanwhile, show those."""
    try:
        organisation = Organisation.objects.select_related("credit_account").get(uuid=uuid)
    except Organisation.DoesNotExist as missing:
        raise Http404 from missing
    if request.method != "POST":
        return _page(request, organisation, form=forms.ContactsForm.showing(operations.contacts_of(organisation)))
    form = forms.ContactsForm(request.POST)
    if not form.is_valid():
        return _page(request, organisation, form=form, status=422)
    try:
        operations.change_contacts(
            organisation_uuid=uuid,
            seen=form.cleaned_data["seen"],
            values=form.values(),
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except operations.ContactsChanged as changed:
        return _page(
            request,
            organisation,
            form=forms.ContactsForm.showing(changed.current),
            status=changed.status,
            is_conflict=True,
        )
    messages.success(request, "The contacts are saved.")
    return htmx.lead_to(request, reverse("customers:overview", args=[uuid]))


def _page(
    request: Request,
    organisation: Organisation,
    *,
    form: forms.ContactsForm,
    status: int = 200,
    is_conflict: bool = False,
) -> HttpResponse:
    form.takes_focus = not is_conflict
    return tab_bar.page(
        request,
        organisation=selectors.header_of(organisation),
        tab="overview",
        fragment="customers/contacts/_contacts.html",
        context={"form": form, "is_conflict": is_conflict},
        status=status,
    )
