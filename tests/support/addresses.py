"""Every address of the portal: who may use it, with which method, and what it answers.

An address that is missing here fails a test (tests/architecture/test_urls.py), so nothing is served that nobody
thought about.
"""

import uuid
from collections.abc import Iterable, Mapping
from types import SimpleNamespace

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from tests.support.clients import begin_session

PUBLIC, LOGGED_IN, SUPERUSER = "everybody", "whoever is logged in", "a superuser"

_CUSTOMERS = "customers.view_organisation"
_SUBSCRIPTIONS = "subscriptions.view_subscription"
_RECOVER = "subscriptions.recover_renewal"
_TERMINATE = "subscriptions.terminate_subscription"
_RUNS = "jobs.view_run"
_CORRECT = "customers.post_correction"
_INVOICES = "invoicing.view_invoice"
_NOTES = "invoicing.view_creditnote"
_CONFIG = "settings_app.view_portalconfigversion"

# Name of the address, row of the world it is about, and by method: who may ("+": needs both), and the answer
# to an empty request.
# HEAD goes wherever GET goes; what is not named is answered with 405.
TABLE: dict[str, tuple[str, dict[str, tuple[str, int]]]] = {
    # It leads on by permission; whoever has none is told how to get a role.
    "home": ("", {"GET": (LOGGED_IN, 403)}),
    "account_login": ("", {"GET": (PUBLIC, 200), "POST": (PUBLIC, 200)}),
    # Nobody who logs out is led to the log-in as well; tests/staff/test_login.py follows somebody.
    "account_logout": ("", {"GET": (PUBLIC, 302), "POST": (PUBLIC, 302)}),
    "password": ("", {"GET": (LOGGED_IN, 200), "POST": (LOGGED_IN, 422)}),
    "save_filter": ("", {"POST": (LOGGED_IN, 404)}),
    "remove_filter": ("", {"POST": (LOGGED_IN, 404)}),
    "help": ("", {"GET": (LOGGED_IN, 302)}),
    "help_page": ("", {"GET": (LOGGED_IN, 200)}),
    "healthz": ("", {"GET": (PUBLIC, 200)}),
    "readyz": ("", {"GET": (PUBLIC, 200)}),
    "styleguide": ("", {"GET": (SUPERUSER, 200)}),
    "customers:list": ("", {"GET": (_CUSTOMERS, 200)}),
    # Without a question it leads to the list.
    "customers:open": ("", {"GET": (_CUSTOMERS, 302)}),
    "customers:credit_entries": ("", {"GET": (_CUSTOMERS, 200)}),
    "customers:overview": ("organisation", {"GET": (_CUSTOMERS, 200)}),
    "customers:header": ("organisation", {"GET": (_CUSTOMERS, 302)}),
    "customers:payment": ("organisation", {"GET": (_CUSTOMERS, 200)}),
    "customers:members": ("organisation", {"GET": (_CUSTOMERS, 200)}),
    "customers:history": ("organisation", {"GET": (_CUSTOMERS, 200)}),
    "customers:contacts": (
        "organisation",
        {"GET": ("customers.change_contacts", 200), "POST": ("customers.change_contacts", 422)},
    ),
    "customers:tax_exemption": (
        "organisation",
        {"GET": ("customers.change_tax_exemption", 200), "POST": ("customers.change_tax_exemption", 422)},
    ),
    "customers:top_up": (
        "organisation",
        {"GET": ("customers.post_top_up", 200), "POST": ("customers.post_top_up", 422)},
    ),
    "customers:correction": ("organisation", {"GET": (_CORRECT, 200), "POST": (_CORRECT, 422)}),
    "subscriptions:tab": ("organisation", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:list": ("", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:terminations": ("", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:failed_renewals": ("", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:detail": ("running", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:estimate": ("running", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:recover": ("running", {"GET": (_RECOVER, 409), "POST": (_RECOVER, 409)}),
    "subscriptions:renewal": ("running", {"POST": ("subscriptions.change_renewal", 404)}),
    "subscriptions:terminate": ("running", {"GET": (_TERMINATE, 200), "POST": (_TERMINATE, 422)}),
    "subscriptions:refund": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 422)}),
    "subscriptions:choice": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 422)}),
    "subscriptions:apply": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 422)}),
    # What runs is led to the reason; a form for what has expired meets another world.
    "subscriptions:terminate_expired": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 409)}),
    "subscriptions:scheduled_ends": ("", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:end_later": ("running", {"GET": (_TERMINATE, 409), "POST": (_TERMINATE, 409)}),
    "subscriptions:end_later_estimate": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 409)}),
    "subscriptions:end_later_confirm": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 409)}),
    "subscriptions:withdraw_end": ("running", {"GET": (_TERMINATE, 200), "POST": (_TERMINATE, 422)}),
    "subscriptions:termination": ("termination", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:correction": ("termination", {"GET": (_CORRECT, 200), "POST": (_CORRECT, 422)}),
    # The former addresses of runs lead to those of today.
    "subscriptions:clean_up_runs": ("", {"GET": (_RUNS, 301)}),
    "subscriptions:clean_up_run": ("run", {"GET": (_RUNS, 301)}),
    "subscriptions:former_clean_up_report": ("run", {"GET": (_RUNS, 301)}),
    "subscriptions:clean_up_report": ("run", {"GET": (_RUNS, 200)}),
    "jobs:runs": ("", {"GET": (_RUNS, 200)}),
    "jobs:run": ("run", {"GET": (_RUNS, 200)}),
    "invoicing:tab": ("organisation", {"GET": (_INVOICES, 200)}),
    "invoicing:invoice_list": ("", {"GET": (_INVOICES, 200)}),
    "invoicing:payment_list": ("", {"GET": (_INVOICES, 200)}),
    "invoicing:invoice": ("invoice", {"GET": (_INVOICES, 200)}),
    "invoicing:record_payment": (
        "invoice",
        {"GET": ("invoicing.record_payment", 200), "POST": ("invoicing.record_payment", 422)},
    ),
    "invoicing:create_credit_note": (
        "invoice",
        {"GET": ("invoicing.add_creditnote", 200), "POST": ("invoicing.add_creditnote", 422)},
    ),
    "invoicing:credit_note_list": ("", {"GET": (_NOTES, 200)}),
    "invoicing:credit_note": ("note", {"GET": (_NOTES, 200)}),
    "invoicing:send_credit_note": (
        "linked",
        {"GET": ("invoicing.send_creditnote", 200), "POST": ("invoicing.send_creditnote", 422)},
    ),
    "invoicing:void_credit_note": (
        "linked",
        {"GET": ("invoicing.void_creditnote", 200), "POST": ("invoicing.void_creditnote", 422)},
    ),
    "invoicing:take_back_payment": (
        "payment",
        {"GET": ("invoicing.take_back", 200), "POST": ("invoicing.take_back", 422)},
    ),
    "invoicing:take_back_of_note": (
        "note",
        {"GET": ("invoicing.take_back", 200), "POST": ("invoicing.take_back", 422)},
    ),
    "invoicing:put_into_credits": (
        "note",
        {"GET": ("invoicing.allocate_creditnote", 200), "POST": ("invoicing.allocate_creditnote", 422)},
    ),
    "invoicing:allocate": (
        "note",
        {"GET": ("invoicing.allocate_creditnote", 200), "POST": ("invoicing.allocate_creditnote", 422)},
    ),
    "settings_app:index": ("", {"GET": (LOGGED_IN, 302)}),
    "settings_app:portal_config": (
        "",
        {"GET": (_CONFIG, 200), "POST": (f"{_CONFIG}+settings_app.add_portalconfigversion", 422)},
    ),
    "settings_app:tax_rates": ("", {"GET": ("settings_app.view_taxrate", 200)}),
    "settings_app:add_tax_rate": (
        "",
        {"GET": ("settings_app.add_taxrate", 200), "POST": ("settings_app.add_taxrate", 422)},
    ),
    "settings_app:withdraw_tax_rate": ("coming_tax_rate", {"POST": ("settings_app.delete_taxrate", 303)}),
    "settings_app:versions": ("", {"GET": (_CONFIG, 200)}),
    "settings_app:reasons": ("", {"GET": ("settings_app.view_terminationreason", 200)}),
    "settings_app:add_reason": (
        "",
        {
            "GET": ("settings_app.add_terminationreason", 200),
            "POST": ("settings_app.add_terminationreason", 422),
        },
    ),
    "settings_app:change_reason": (
        "reason",
        {
            "GET": ("settings_app.change_terminationreason", 200),
            "POST": ("settings_app.change_terminationreason", 422),
        },
    ),
    "outbox:list": ("", {"GET": ("outbox.view_delivery", 200)}),
    "outbox:samples": ("", {"GET": ("outbox.view_delivery", 200)}),
    "outbox:message": ("delivery", {"GET": ("outbox.view_delivery", 200)}),
    # It is pending already: the list says so.
    "outbox:send_again": ("delivery", {"POST": ("outbox.send_again", 303)}),
    "audit:list": ("", {"GET": ("audit.view_auditentry", 200)}),
    "audit:export": ("", {"GET": ("audit.view_auditentry", 302)}),
    # Of the admin, its own pages; those of the tables are made by one class (tests/shell/test_admin.py).
    "admin:index": ("", {"GET": (SUPERUSER, 200)}),
    "admin:auth_user_changelist": ("", {"GET": (SUPERUSER, 200)}),
    "admin:subscriptions_termination_changelist": ("", {"GET": (SUPERUSER, 200)}),
    "admin:customers_ledgerentry_changelist": ("", {"GET": (SUPERUSER, 200)}),
}
# What an address names that is no row of the world.
ARGUMENTS: dict[str, list[object]] = {"help_page": ["refunds"], "remove_filter": [1]}
# The rest of Django's admin and allauth answer more methods than they use.
FOREIGN = ("admin:", "account_")

_BY_NUMBER = ("settings_app:change_reason", "settings_app:withdraw_tax_rate")


def address_of(name: str, world: SimpleNamespace | None) -> str:
    row = TABLE[name][0]
    if not row:
        return reverse(name, args=ARGUMENTS.get(name))
    if world is None:
        return reverse(name, args=[10**9 if name in _BY_NUMBER else uuid.uuid4()])
    found = getattr(world, row)
    return reverse(name, args=[getattr(found, "uuid", None) or getattr(found, "message_id", None) or found.pk])


def client_with(*, permissions: Iterable[str], is_superuser: bool = False) -> Client:
    """Log in somebody who has these permissions and no others."""
    (session,) = sessions_of({SUPERUSER if is_superuser else "somebody": frozenset(permissions)}).values()
    return client_of_session(session)


def sessions_of(people: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Log in people who have just these permissions, and SUPERUSER as one; give the key of each one's session."""
    known = {
        f"{label}.{codename}": pk
        for label, codename, pk in Permission.objects.values_list("content_type__app_label", "codename", "pk")
    }
    users = User.objects.bulk_create(
        User(username=f"somebody-{number}", is_superuser=who == SUPERUSER) for number, who in enumerate(people)
    )
    through = User.user_permissions.through
    through.objects.bulk_create(
        through(user=user, permission_id=known[permission])
        for user, permissions in zip(users, people.values(), strict=True)
        for permission in permissions
    )
    return {who: begin_session(user) for who, user in zip(people, users, strict=True)}


def client_of_session(session: str, *, enforce_csrf_checks: bool = False) -> Client:
    """Give a browser that goes on with somebody's session."""
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    return client
