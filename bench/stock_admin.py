"""Django's admin as it comes, the peer of the portal's lists and search: it counts, filters and sorts by anything.

The portal's own admin does only what an index answers, so it is no peer.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.test import RequestFactory

from customers.models import Organisation
from invoicing.models import CreditNote, Invoice
from portal.audit.models import AuditEntry


class _Stock(ModelAdmin):  # type: ignore[type-arg]  # only the stubs know a parameter
    show_full_result_count = False
    list_per_page = 50
    actions = None


class _Organisations(_Stock):
    list_display = [
        "name",
        "uuid",
        "status",
        "payment_mode",
        "currency",
        "country",
        "timezone",
        "created_on",
    ]
    list_filter = ["status", "payment_mode", "currency"]
    search_fields = ["name", "owner_email", "billing_email", "customer_reference"]
    date_hierarchy = "created_on"


class _Invoices(_Stock):
    list_display = [
        "number",
        "organisation",
        "kind",
        "status",
        "issued_on",
        "currency",
        "charged",
        "paid",
        "waived",
    ]
    list_filter = ["status", "kind", "currency"]
    search_fields = ["number", "organisation__name"]
    date_hierarchy = "issued_on"
    list_select_related = ["organisation"]


class _Notes(_Stock):
    list_display = [
        "number",
        "organisation",
        "status",
        "issued_on",
        "currency",
        "total",
        "allocated",
        "holds",
    ]
    list_filter = ["status", "currency"]
    search_fields = ["number", "organisation__name", "reason"]
    date_hierarchy = "issued_on"
    list_select_related = ["organisation"]


class _Audit(_Stock):
    list_display = ["at", "app", "event", "description", "actor", "organisation_name"]
    list_filter = ["app"]
    search_fields = ["description", "actor", "organisation_name"]
    date_hierarchy = "at"
    ordering = ["-id"]


_CLASSES = {Organisation: _Organisations, Invoice: _Invoices, CreditNote: _Notes, AuditEntry: _Audit}
_SITE = AdminSite()


def page_of(model: type[Model]) -> ModelAdmin[Any]:
    """Give the page of a table."""
    return _CLASSES[model](model, _SITE)


def asked(user: User, **parameters: str) -> HttpRequest:
    """Make a request for a list, by somebody who may see it."""
    request = RequestFactory().get("/", parameters, headers={"Host": "localhost"})
    request.user = user
    return request


def render(page: ModelAdmin[Any], user: User) -> None:
    """Show the first page of its list."""
    response = page.changelist_view(asked(user))
    if not isinstance(response, TemplateResponse):
        raise TypeError(f"the list of {page.opts.verbose_name_plural} answered {response.status_code}")
    response.render()
