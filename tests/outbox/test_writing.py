"""The message is written with the termination, and only with it."""

import pytest
from django.db import connection, transaction

from portal.frame import SYSTEM
from portal.outbox.models import Delivery
from portal.verification import registry
from portal.verification.check import Check
from settings_app.models import ConfigHead, MessageSetting, PortalConfigVersion
from subscriptions.clean_up.operations import expire
from subscriptions.declares import letters
from subscriptions.models import Termination
from tests.support import factories
from tests.support.factories import C

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def notify():
    """Put a config in force that sends in one way: `notify(customers=True)`."""

    def save(*, customers=False, partner=False, address="provider@example.com", terminated=""):
        last = PortalConfigVersion.objects.latest("number")
        last.pk, last.number = None, last.number + 1
        last.notify_customers, last.notify_partner, last.notification_address = customers, partner, address
        last.save(force_insert=True)
        if terminated:
            MessageSetting.objects.create(version=last, kind="subscription_terminated", addressee=terminated)
            MessageSetting.objects.create(version=last, kind="another", addressee="provider")
        ConfigHead.objects.filter(id=1).update(version=last)

    return save


def end(now, **organisation):
    factories.subscription(
        organisation=factories.OrganisationFactory.create(**organisation), cycles=(C("2026-01-01"),)
    )
    assert expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now).terminated == 1
    return Delivery.objects.latest("pk")


@pytest.mark.parametrize(
    ("billing", "owner", "way", "to", "cc", "addressee", "status"),
    [
        (
            "b@x.example",
            "o@x.example",
            {"customers": True},
            "b@x.example",
            "provider@example.com",
            "customer",
            "pending",
        ),
        ("", "o@x.example", {"customers": True}, "o@x.example", "provider@example.com", "customer", "pending"),
        ("", "", {"customers": True}, "", "provider@example.com", "customer", "dead"),
        (
            "b@x.example",
            "",
            {"customers": True, "partner": True, "address": ""},
            "b@x.example",
            "",
            "customer",
            "pending",
        ),
        ("b@x.example", "", {"partner": True}, "provider@example.com", "", "provider", "pending"),
        # What is said of this kind goes before what the switches say.
        (
            "b@x.example",
            "",
            {"partner": True, "terminated": "customer"},
            "b@x.example",
            "provider@example.com",
            "customer",
            "pending",
        ),
        (
            "b@x.example",
            "",
            {"customers": True, "terminated": "provider"},
            "provider@example.com",
            "",
            "provider",
            "pending",
        ),
    ],
)
def test_where_it_goes(notify, now, billing, owner, way, to, cc, addressee, status):
    notify(**way)
    message = end(now, billing_email=billing, owner_email=owner)
    assert (message.to, message.cc, message.addressee, message.status) == (to, cc, addressee, status)
    assert message.cause_id == Termination.objects.get().uuid
    assert bool(message.last_error) == (status == "dead")
    assert _disagreements() == []


@pytest.mark.parametrize(
    "way",
    [
        {},
        {"partner": True, "address": ""},
        {"customers": True, "partner": True, "terminated": "nobody"},
        {"customers": True, "address": "", "terminated": "provider"},
    ],
)
def test_nobody_is_told_when_nobody_is_to_be_or_can_be(notify, now, way):
    notify(**way)
    factories.subscription(cycles=(C("2026-01-01"),))
    assert expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now).terminated == 1
    assert not Delivery.objects.exists()
    assert _disagreements() == []


def _disagreements():
    """Ask `verify_ledger` whether the messages are those that the settings want."""
    of_all = [check for declared in registry.declared().in_order() for check in declared.checks]
    (check,) = [check for check in of_all if isinstance(check, Check) and check.kind == "termination_message"]
    with connection.cursor() as cursor:
        cursor.execute(check.sql, registry.declared().parameters())
        return cursor.fetchall()


def test_a_name_writes_no_line_of_its_own(notify, now):
    notify(partner=True)
    message = end(now, name="Acme\r\nSubscription: all of them\r\n\r\nPay here")
    assert "\n" not in message.subject
    told = letters.text_of(cause_id=message.cause_id, is_for_customer=False)
    assert told.body.split("\n")[:2] == [
        "Organisation: Acme Subscription: all of them Pay here",
        f"Subscription: {Termination.objects.get().subscription.plan.name}",
    ]
    assert "\n" not in told.subject


def test_a_termination_that_is_rolled_back_tells_nobody(notify, now, monkeypatch):
    notify(partner=True)
    monkeypatch.setattr(transaction.Atomic, "__exit__", _break(transaction.Atomic.__exit__))
    factories.subscription(cycles=(C("2026-01-01"),))
    with pytest.raises(PowerCut):
        expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now)
    assert not Delivery.objects.exists()
    assert not Termination.objects.exists()


class PowerCut(Exception):
    pass


def _break(leave):
    """End the first transaction that has written a termination as a fault would."""
    state = {"done": False}

    def leave_broken(self, kind, error, trace):
        if error is None and not state["done"] and Termination.objects.exists():
            state["done"] = True
            cut = PowerCut()
            leave(self, PowerCut, cut, None)
            raise cut
        return leave(self, kind, error, trace)

    return leave_broken
