"""Messages about scheduled ends: to whom, with the event that they tell of, and what they say."""

import datetime as dt

import pytest

from portal.audit.models import AuditEntry
from portal.frame import SYSTEM, Actor
from portal.outbox import kinds
from portal.outbox.models import Delivery
from subscriptions.requests import operations, words
from subscriptions.requests.operations import asking
from tests.support import factories, scheduled
from tests.support.factories import C

pytestmark = pytest.mark.django_db(transaction=True)
NOW = dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC)


@pytest.fixture
def made():
    organisation = factories.OrganisationFactory.create(billing_email="b@x.example")
    return factories.subscription(organisation=organisation, cycles=(C("2026-03-01"),))


def wait(stored, made):
    why = asking.Why(code="candidates", values={}, sentence="CN-0000012 may be the refund.")
    return asking.wait_for_person(request_uuid=stored.uuid, subscription_uuid=made.uuid, why=why, by=SYSTEM, at=NOW)


def withdraw(made, stored, make_user):
    return operations.withdraw(
        subscription_uuid=made.uuid,
        request_uuid=stored.uuid,
        reason="They stay.",
        by=Actor.of(make_user("agent", "mara")),
        at=NOW,
    )


def test_a_withdrawal_is_told_to_the_customer_with_its_event(configure, made, make_user):
    configure(notify_customers=True, notification_address="p@x.example", provider_name="Acme")
    stored = scheduled.request(made, asked_at=NOW - dt.timedelta(days=1))
    withdraw(made, stored, make_user)
    message = Delivery.objects.get()
    assert (message.kind, message.cause_id) == (words.WITHDRAWN, stored.uuid)
    assert (message.to, message.cc, message.addressee) == ("b@x.example", "p@x.example", "customer")
    assert message.event_id == AuditEntry.objects.get(kind="termination.withdrawn").pk
    text_of = kinds.of(words.WITHDRAWN).text_of
    for_customer = text_of(cause_id=stored.uuid, is_for_customer=True)
    day = "31 March 2026"
    assert for_customer.subject.startswith("Your subscription ")
    assert for_customer.subject.endswith(f" does not end on {day}")
    # Why it was withdrawn is the staff's.
    assert "They stay." not in for_customer.body
    assert "Reason: They stay." in text_of(cause_id=stored.uuid, is_for_customer=False).body


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"notify_customers": True, "notification_address": "p@x.example"}, [("p@x.example", "provider")]),
        ({"notify_customers": True, "notification_address": ""}, []),
        ({"notify_partner": True, "notification_address": "p@x.example"}, [("p@x.example", "provider")]),
        ({"notify_partner": False, "notify_customers": False, "notification_address": "p@x.example"}, []),
    ],
)
def test_that_one_needs_a_person_is_told_to_the_provider_alone_and_once(configure, made, settings, told):
    configure(**settings)
    stored = scheduled.request(made, asked_at=NOW - dt.timedelta(days=1))
    assert wait(stored, made)
    assert not wait(stored, made)
    assert [(message.to, message.addressee) for message in Delivery.objects.all()] == told
    body = kinds.of(words.NEEDS_PERSON).text_of(cause_id=stored.uuid, is_for_customer=False).body
    assert "waits for a person: CN-0000012 may be the refund." in body


def test_what_is_asked_for_is_told_in_words(made):
    stored = scheduled.request(made, asked_at=NOW)
    text = kinds.of(words.ASKED).text_of(cause_id=stored.uuid, is_for_customer=True)
    assert text.subject.endswith("ends on 31 March 2026")
    assert "Until then the end can be withdrawn." in text.body
