"""A database of 28 November 2026 is brought up to date, and every page of it answers."""

import os
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Organisation
from invoicing.models import CreditNote, Invoice, Payment
from portal import verification
from portal.jobs.models import Run
from portal.outbox.models import Delivery
from portal.postgresql import migrated
from portal.shell import admin_config
from portal.staff import roles
from settings_app.models import TerminationReason
from subscriptions.models import Subscription, Termination
from tests.support.addresses import TABLE, address_of

pytestmark = pytest.mark.usefixtures("upgraded")

# All rows of that day, or one of each kind.
IS_FULL = os.environ.get("TEST_FULL") == "1"


def _of_each(found: Iterable[Any], *what: str) -> Iterator[object]:
    """Give of several rows the first one of each kind, in that which makes a kind."""
    kinds: set[tuple[Any, ...]] = set()
    for row in found:
        kind = tuple(getattr(row, name) for name in what)
        if IS_FULL or kind not in kinds:
            kinds.add(kind)
            yield row


# The rows that an address of the table is about, by their name there.
ROWS: dict[str, Callable[[], Iterator[object]]] = {
    "": lambda: iter([None]),
    "organisation": lambda: _of_each(Organisation.objects.order_by("-pk")[:8], "payment_mode"),
    "running": lambda: _of_each(
        Subscription.objects.exclude(status="terminated").order_by("pk")[:12], "status", "auto_renew", "is_trial"
    ),
    "termination": lambda: _of_each(Termination.objects.order_by("pk"), "case", "settlement"),
    "run": lambda: Run.objects.order_by("pk").iterator(),
    "invoice": lambda: _of_each(Invoice.objects.order_by("-pk")[:30], "kind", "status"),
    "payment": lambda: _of_each(Payment.objects.order_by("-pk")[:10], "method"),
    "note": lambda: _of_each(CreditNote.objects.order_by("pk"), "status", "holds"),
    "linked": lambda: _of_each(CreditNote.objects.filter(holds__gt=0).order_by("pk"), "status", "holds"),
    "reason": lambda: TerminationReason.objects.order_by("pk").iterator(),
    "delivery": lambda: Delivery.objects.order_by("pk")[:3].iterator(),
}
# Some rows are in a state in which there is nothing to fill in: then the page says why.
SAYS_WHY = {
    "subscriptions:terminate",
    "subscriptions:terminate_expired",
    "subscriptions:end_later",
    "subscriptions:recover",
    "subscriptions:withdraw_end",
    "invoicing:record_payment",
    "invoicing:create_credit_note",
    "invoicing:send_credit_note",
    "invoicing:void_credit_note",
    "invoicing:allocate",
}
# What settlements of that day left can't be mended any more: it is listed.
OLD_SETTLEMENTS = {"settled_without_charges", "corrections_above_charges"}
# Log-in and log-out lead on whoever is logged in; tests/staff/test_login.py follows.
PAGES = [name for name, (_, methods) in TABLE.items() if "GET" in methods and not name.startswith("account_")]


@pytest.fixture(scope="module")
def client(upgraded: None, django_db_blocker) -> Iterator[Client]:
    with django_db_blocker.unblock():
        made = Client()
        made.force_login(User.objects.get(username="admin"), backend="portal.staff.permissions.Backend")
        yield made


def test_migrating_lets_others_read_and_tries_again(upgraded):
    assert upgraded.pauses == (1, 2)
    assert upgraded.told == (
        "Others use a table that audit.0003_hash_of_an_entry changes; trying again in 1 s ...\n"
        "Others use a table that audit.0003_hash_of_an_entry changes; trying again in 2 s ...\n"
    )
    assert upgraded.lock_timeout == "0", "what comes after migrations waits as before"


def test_migrating_gives_up_with_a_sentence_and_leaves_what_it_found(upgraded):
    assert upgraded.refusal.startswith(
        "The database was not brought up to date: at 2 tries others used tables that audit.0003_hash_of_an_entry"
        " changes. Nothing of it was applied, what came before it stays."
    )
    assert "audit.0003_hash_of_an_entry" in upgraded.left


def test_the_database_has_all_that_this_version_needs(client):
    assert migrated.of_the_database() == migrated.Standing()
    assert roles.are_up_to_date()
    assert User.objects.get(username="agent").groups.get() == Group.objects.get(name="agent")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_answers(client, name):
    row, methods = TABLE[name]
    # The table says what the start page tells whoever may open nothing.
    expected = 200 if name == "home" else methods["GET"][1]
    asked = 0
    for found in ROWS[row]():
        address = address_of(name, SimpleNamespace(**{row: found}) if row else None)
        status = client.get(address).status_code
        assert status == expected or (name in SAYS_WHY and status in (200, 302, 409)), address
        asked += 1
    assert asked > 0


def test_every_subscription_that_ended_is_told(client):
    for ended in Subscription.objects.filter(status="terminated"):
        response = client.get(reverse("subscriptions:detail", args=[ended.uuid]))
        assert response.status_code == 200
        assert "Terminated" in response.content.decode()


@pytest.mark.parametrize("model", list(admin_config.site()._registry))
def test_every_table_of_the_admin_answers(client, model):
    response = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    assert response.status_code == 200
    first = model._default_manager.order_by("pk").first()
    if first is not None:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[first.pk])
        assert client.get(address).status_code == 200


def test_its_guards_are_those_of_a_new_database(client):
    assert list(verification.schema_faults()) == []


def test_all_that_it_says_agrees(client):
    found = list(verification.faults(at=timezone.now()))
    assert [fault for fault in found if fault.kind not in OLD_SETTLEMENTS] == []
    # A note that named no charge, followed by one for the same charge; and a correction above what was charged.
    assert {fault.kind for fault in found} == OLD_SETTLEMENTS


def test_it_was_such_a_database(client):
    """The dump holds what has to be taken along; a smaller one would prove less."""
    settlements = set(Termination.objects.values_list("case", "settlement"))
    assert settlements == {
        ("customer_request", "credited"),
        ("customer_request", "credit_note_linked"),
        ("customer_request", "nothing_due"),
        ("expired", "nothing_due"),
        ("ended_before_move", "nothing_due"),
    }
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent", "pending", "dead"}
    assert {"draft", "sent", "partly_applied", "applied", "void"} <= set(
        CreditNote.objects.values_list("status", flat=True)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM settings_app_portalconfigversion")
        assert cursor.fetchone() == (6,)
