"""What every page shows around its content."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from portal.staff import roles
from settings_app import in_force

# label, name of the address, icon, permission
NAVIGATION = (
    ("Customers", "customers:list", "people", "customers.view_organisation"),
    ("Subscriptions", "subscriptions:list", "package", "subscriptions.view_subscription"),
    ("Scheduled ends", "subscriptions:scheduled_ends", "circle-stop", "subscriptions.view_subscription"),
    ("Terminations", "subscriptions:terminations", "history", "subscriptions.view_subscription"),
    ("Invoices", "invoicing:invoice_list", "invoice", "invoicing.view_invoice"),
    ("Credit notes", "invoicing:credit_note_list", "credit-note", "invoicing.view_creditnote"),
    ("Payments", "invoicing:payment_list", "banknote", "invoicing.view_invoice"),
    ("Credit entries", "customers:credit_entries", "wallet", "customers.view_organisation"),
    ("Notifications", "outbox:list", "mail", "outbox.view_delivery"),
    ("Runs", "jobs:runs", "clock", "jobs.view_run"),
    ("Audit", "audit:list", "audit", "audit.view_auditentry"),
    ("Portal Settings", "settings_app:portal_config", "settings", "settings_app.view_portalconfigversion"),
)

# Pages that belong to an entry of the navigation, though their addresses begin otherwise.
UNDER = {
    "settings_app:portal_config": ("/settings/",),
}


@dataclass(frozen=True)
class Item:
    """One entry of the navigation."""

    label: str
    url: str
    icon: str
    is_current: bool


def items_of(user: AbstractBaseUser | AnonymousUser, *, path: str) -> list[Item]:
    """Give the entries that somebody may open; `path` is the page that they look at."""
    if not isinstance(user, User):
        return []
    items = [
        Item(label, _address(name), icon, is_current=path.startswith((_address(name), *UNDER.get(name, ()))))
        for label, name, icon, permission in NAVIGATION
        if user.has_perm(permission)
    ]
    if user.is_superuser:
        items.append(Item("Admin", _address("admin:index"), "shield", is_current=False))
    if items:
        items.insert(0, Item("Needs attention", _address("home"), "inbox", is_current=path == _address("home")))
        items.append(Item("Help", _address("help"), "info", is_current=path.startswith(_address("help"))))
    return items


@cache
def _address(name: str) -> str:
    return reverse(name)


@lru_cache(maxsize=256)
def _drawn(items: tuple[Item, ...]) -> str:
    """Draw the navigation once for all who may open the same and look at the same entry: a third of each page."""
    return render_to_string("components/navigation.html", {"items": items}) if items else ""


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give the frame of a page: navigation by permission, provider name, who is logged in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": "", "provider_name": "Portal", "user_display": "", "role_label": ""}
    asked: HtmxDetails | None = getattr(request, "htmx", None)
    if asked and not asked.history_restore_request:
        return {}
    return {
        "navigation": _drawn(tuple(items_of(user, path=request.path))),
        "provider_name": in_force.provider_name_of(request),
        "user_display": user.get_username(),
        "role_label": roles.label_of(user),
    }
