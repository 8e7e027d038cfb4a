"""Every address of the portal: who may use it, with which method, and what it answers.

An address that is missing from the table fails the last test, so nothing is served that nobody thought about.
"""

import uuid
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

pytestmark = pytest.mark.django_db

PUBLIC, LOGGED_IN, SUPERUSER = "everybody", "whoever is logged in", "a superuser"

_CUSTOMERS = "customers.view_organisation"
_SUBSCRIPTIONS = "subscriptions.view_subscription"
_TERMINATE = "subscriptions.terminate_subscription"
_RUNS = "subscriptions.view_cleanuprun"
_CORRECT = "customers.post_correction"
_INVOICES = "invoicing.view_invoice"
_NOTES = "invoicing.view_creditnote"
_CONFIG = "settings_app.view_portalconfigversion"

# Name of the address, row of the world it is about, and by method: who may ("+": needs both), and the answer
# to an empty request.
# HEAD goes wherever GET goes; what is not named is answered with 405.
TABLE: dict[str, tuple[str, dict[str, tuple[str, int]]]] = {
    "home": ("", {"GET": (LOGGED_IN, 302)}),
    "account_login": ("", {"GET": (PUBLIC, 200), "POST": (PUBLIC, 200)}),
    # Nobody who logs out is led to the log-in as well; tests/staff/test_login.py follows somebody.
    "account_logout": ("", {"GET": (PUBLIC, 302), "POST": (PUBLIC, 302)}),
    "password": ("", {"GET": (LOGGED_IN, 200), "POST": (LOGGED_IN, 422)}),
    "healthz": ("", {"GET": (PUBLIC, 200)}),
    "readyz": ("", {"GET": (PUBLIC, 200)}),
    "styleguide": ("", {"GET": (SUPERUSER, 200)}),
    "customers:list": ("", {"GET": (_CUSTOMERS, 200)}),
    "customers:overview": ("organisation", {"GET": (_CUSTOMERS, 200)}),
    "customers:header": ("organisation", {"GET": (_CUSTOMERS, 302)}),
    "customers:payment": ("organisation", {"GET": (_CUSTOMERS, 200)}),
    "customers:members": ("organisation", {"GET": (_CUSTOMERS, 200)}),
    "customers:history": ("organisation", {"GET": (_CUSTOMERS, 200)}),
    "customers:contacts": (
        "organisation",
        {"GET": ("customers.change_contacts", 200), "POST": ("customers.change_contacts", 422)},
    ),
    "customers:top_up": (
        "organisation",
        {"GET": ("customers.post_top_up", 200), "POST": ("customers.post_top_up", 422)},
    ),
    "customers:correction": ("organisation", {"GET": (_CORRECT, 200), "POST": (_CORRECT, 422)}),
    "subscriptions:tab": ("organisation", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:detail": ("running", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:estimate": ("running", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:renewal": ("running", {"POST": ("subscriptions.change_renewal", 404)}),
    "subscriptions:terminate": ("running", {"GET": (_TERMINATE, 200), "POST": (_TERMINATE, 422)}),
    "subscriptions:refund": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 422)}),
    "subscriptions:choice": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 422)}),
    "subscriptions:apply": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 422)}),
    # What runs is led to the reason; a form for what has expired meets another world.
    "subscriptions:terminate_expired": ("running", {"GET": (_TERMINATE, 302), "POST": (_TERMINATE, 409)}),
    "subscriptions:termination": ("termination", {"GET": (_SUBSCRIPTIONS, 200)}),
    "subscriptions:correction": ("termination", {"GET": (_CORRECT, 200), "POST": (_CORRECT, 422)}),
    "subscriptions:clean_up_runs": ("", {"GET": (_RUNS, 200)}),
    "subscriptions:clean_up_run": ("run", {"GET": (_RUNS, 200)}),
    "subscriptions:clean_up_report": ("run", {"GET": (_RUNS, 200)}),
    "invoicing:tab": ("organisation", {"GET": (_INVOICES, 200)}),
    "invoicing:invoice_list": ("", {"GET": (_INVOICES, 200)}),
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
    "settings_app:portal_config": (
        "",
        {"GET": (_CONFIG, 200), "POST": (f"{_CONFIG}+settings_app.add_portalconfigversion", 422)},
    ),
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
    "outbox:list": ("", {"GET": ("outbox.view_message", 200)}),
    # It is pending already: the list says so.
    "outbox:send_again": ("message", {"POST": ("outbox.send_again", 303)}),
    "audit:list": ("", {"GET": ("audit.view_auditentry", 200)}),
    "audit:export": ("", {"GET": ("audit.view_auditentry", 200)}),
    # Of the admin, its own pages; those of the tables are made by one class (tests/shell/test_admin.py).
    "admin:index": ("", {"GET": (SUPERUSER, 200)}),
    "admin:auth_user_changelist": ("", {"GET": (SUPERUSER, 200)}),
    "admin:subscriptions_termination_changelist": ("", {"GET": (SUPERUSER, 200)}),
    "admin:customers_ledgerentry_changelist": ("", {"GET": (SUPERUSER, 200)}),
}
CASES = [(name, method) for name, (_, methods) in TABLE.items() for method in methods]
GUARDED = [case for case in CASES if TABLE[case[0]][1][case[1]][0] != PUBLIC]
BY_PERMISSION = [case for case in GUARDED if TABLE[case[0]][1][case[1]][0] != LOGGED_IN]
# The rest of Django's admin and allauth answer more methods than they use.
FOREIGN = ("admin:", "account_")


def address_of(name: str, world: SimpleNamespace | None) -> str:
    row = TABLE[name][0]
    if not row:
        return reverse(name)
    if world is None:
        return reverse(name, args=[10**9 if name == "settings_app:change_reason" else uuid.uuid4()])
    found = getattr(world, row)
    return reverse(name, args=[getattr(found, "uuid", None) or getattr(found, "message_id", None) or found.pk])


def client_with(*, permissions: list[str], is_superuser: bool = False, **options: bool) -> Client:
    user = User.objects.create_user("somebody", password="secret-word-1", is_superuser=is_superuser)
    user.user_permissions.set(
        permission
        for permission in Permission.objects.select_related("content_type")
        if f"{permission.content_type.app_label}.{permission.codename}" in permissions
    )
    client = Client(**options)
    client.force_login(user, backend="portal.staff.permissions.Backend")
    return client


def _allowed(name: str, method: str, **options: bool) -> Client:
    asked = TABLE[name][1][method][0]
    return client_with(permissions=asked.split("+"), is_superuser=asked == SUPERUSER, **options)


def _refused(name: str, method: str) -> Client:
    """Log in somebody who may do everything else."""
    asked = TABLE[name][1][method][0]
    everything = {
        f"{label}.{codename}"
        for label, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    return client_with(permissions=sorted(everything - {asked.split("+")[-1]}))


@pytest.mark.parametrize(("name", "method"), GUARDED)
def test_nobody_is_sent_to_the_log_in(world, name, method):
    address = address_of(name, world)
    response = Client().generic(method, address)
    assert response.status_code == 302
    # The admin's own log-in leads on to the portal's.
    doors = (f"{reverse('account_login')}?next=", f"{reverse('admin:login')}?next=")
    assert response["Location"].startswith(doors if name == "admin:index" else doors[0])
    if not name.startswith("admin:"):
        response = Client().generic(
            method, address, headers={"HX-Request": "true", "HX-Current-URL": "/customers/"}
        )
        assert response.status_code == 204
        assert response["HX-Redirect"].startswith(reverse("account_login"))


@pytest.mark.parametrize(("name", "method"), BY_PERMISSION)
def test_without_the_permission_it_is_refused(world, name, method):
    assert _refused(name, method).generic(method, address_of(name, world)).status_code == 403


@pytest.mark.parametrize(("name", "method"), CASES)
def test_with_the_permission_alone_it_answers(world, name, method):
    expected = TABLE[name][1][method][1]
    client = Client() if TABLE[name][1][method][0] == PUBLIC else _allowed(name, method)
    assert client.generic(method, address_of(name, world)).status_code == expected
    if method == "GET" and not name.startswith(FOREIGN):
        response = client.head(address_of(name, world))
        assert (response.status_code, b"".join(response)) == (expected, b"")


@pytest.mark.parametrize("name", [name for name in TABLE if not name.startswith(FOREIGN)])
def test_other_methods_are_not_allowed(world, name):
    methods = TABLE[name][1]
    known = {*methods, *({"HEAD"} if "GET" in methods else ())}
    client = client_with(permissions=[], is_superuser=True)
    for method in sorted({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - known):
        response = client.generic(method, address_of(name, world))
        assert (method, response.status_code) == (method, 405)
        assert set(response["Allow"].split(", ")) == known


@pytest.mark.parametrize(("name", "method"), [case for case in BY_PERMISSION if TABLE[case[0]][0]])
def test_what_does_not_exist_is_not_found(name, method):
    ask = getattr(_allowed(name, method), method.lower())
    assert ask(address_of(name, None), follow=True).status_code == 404


@pytest.mark.parametrize("name", [name for name, method in CASES if method == "POST"])
def test_a_form_from_elsewhere_is_refused(world, name):
    client = Client(enforce_csrf_checks=True)
    if TABLE[name][1]["POST"][0] != PUBLIC:
        client = _allowed(name, "POST", enforce_csrf_checks=True)
    assert (
        client.post(address_of(name, world), headers={"Referer": "https://elsewhere.example/"}).status_code == 403
    )


def _names(resolver: URLResolver, prefix: str = "") -> list[str]:
    names = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            names += _names(pattern, inner)
        else:
            assert isinstance(pattern, URLPattern)
            names.append(f"{prefix}{pattern.name}")
    return names


def test_every_address_is_in_the_table():
    served = _names(get_resolver())
    assert None not in served
    ours = {name for name in served if not name.startswith("admin:")}
    assert sorted(ours - set(TABLE)) == []
    assert sorted(set(TABLE) - set(served)) == []
