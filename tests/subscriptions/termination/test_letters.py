"""What a message about a termination says: composed when it is sent for the first time, and kept."""

from decimal import Decimal

import pytest
from django.utils import timezone

from portal.outbox import operations as outbox
from portal.outbox.models import Delivery
from subscriptions.models import PhoneNumber
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from tests.support import factories
from tests.support.factories import C
from tests.support.terminations import preview, terminate, to_confirm

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(sink, configure):
    """Send what waits, and give what the customer reads."""

    def send():
        counts = outbox.send_due(server=outbox.MailServer(), clock=timezone.now)
        assert counts.sent == 1, counts
        return Delivery.objects.latest("pk")

    configure(notify_customers=True, notification_address="provider@example.com", provider_name="Acme Telecom")
    return send


def lines_of(message):
    return [line for line in message.body.split("\n") if line]


def test_a_refund_is_told_line_by_line(agent, now, configure, told):
    configure(
        notify_customers=True,
        provider_name="Acme Telecom",
        charge_administrative_fee=True,
        fees={"SGD": "21.40"},
    )
    made = factories.subscription(
        cycles=(C("2026-02-01"), C("2026-03-01", net="45.87", tax="4.13"), C("2026-04-01", paid="20")),
        numbers=("+6530000001",),
    )
    PhoneNumber.objects.create(number="+6530000002", subscription=made, is_ported_in=True)
    record = terminate(made, by=agent, at=now, acknowledged=()).termination
    message = told()
    lines = lines_of(message)
    title = made.plan.name
    assert message.subject == f"Your subscription {title} has ended"
    assert lines[:5] == [
        f"Organisation: {made.organisation.name}",
        f"Subscription: {title}",
        "Numbers: +6530000001, +6530000002",
        f"Started on: {made.started_on.day} February 2026",
        f"UUID: {made.uuid}",
    ]
    assert lines[5] == "It ended on 10 March 2026, as you asked on 9 March 2026. It can no longer be used."
    refunds = [line for line in lines if line.startswith("- ")]
    assert len(refunds) == 4
    assert "SGD 50.00 (net 45.87, tax 4.13)" in refunds[1]
    assert "SGD 20.00 (net 20.00, tax 0.00)" in refunds[2]
    assert "SGD 30.00 waived" in refunds[2]
    assert refunds[3].endswith("21.40")
    assert "Total: SGD 48.60" in lines
    assert "SGD 48.60 was added to your Available Credits." in lines
    assert record.credited == Decimal("48.60")
    assert any(line.startswith("SGD 30.00 that was not used is no longer owed on TIN-") for line in lines)
    assert "Reserved through 7 April 2026, free from the day after: +6530000001" in lines
    assert "Reserved through 5 May 2026, free from the day after: +6530000002" in lines
    assert lines[-1] == "Acme Telecom"


@pytest.mark.parametrize("policy", [{"allow_refund": False}, {"refund_method": "none"}])
def test_a_customer_reads_nothing_of_the_settings(agent, now, configure, told, policy):
    configure(notify_customers=True, **policy)
    made = factories.subscription(cycles=(C("2026-03-01", paid="20"),))
    terminate(made, by=agent, at=now)
    message = told()
    for word in ("Portal Config", "Allow Refund", "refund method", "policy", "maria"):
        assert word not in message.body
    assert "Nothing is refunded." in lines_of(message)
    assert not [line for line in lines_of(message) if line.startswith("- ")]
    assert any(line.startswith("SGD 30.00 is still owed on TIN-") for line in lines_of(message))


def test_the_provider_reads_who_asked_and_why(agent, now, configure, told):
    configure(notify_customers=False, notify_partner=True, allow_refund=False)
    made = factories.subscription()
    terminate(made, by=agent, at=now)
    message = told()
    assert message.subject == f"{made.organisation.name}: {made.plan.name} was terminated"
    lines = lines_of(message)
    assert "Nothing is refunded: Allow Refund is off in Portal Config." in lines
    assert "Ended by: maria" in lines
    assert any(line.startswith("Requested by: ") and " on 9 March 2026 (" in line for line in lines)
    assert any(line.startswith("Reason: ") for line in lines)


def test_a_note_that_is_the_refund_is_named(agent, now, told):
    made = factories.subscription()
    note = factories.credit_note(made.organisation, line=factories.charge_of(made))
    choice = quotes.LinkNote(note.number)
    needed = to_confirm(preview(made, at=now), choice=choice)
    terminate(made, by=agent, at=now, choice=choice, acknowledged=needed)
    lines = lines_of(told())
    assert f"Credit note {note.number} of SGD 50.00 is the refund." in lines
    assert not [line for line in lines if line.startswith("- ") or "Available Credits" in line]


def test_what_expired_is_told_without_a_sum(agent, now, told):
    made = factories.subscription(cycles=(C("2026-01-01"),))
    terminate(made, by=agent, at=now, asked=requested.ExpiredRequest("Long gone."))
    lines = lines_of(told())
    assert "It expired on 31 January 2026 and was ended for good on 10 March 2026." in lines
    assert "Nothing is refunded: the subscription has expired." in lines


def test_the_text_is_composed_once(agent, now, configure, told, sink):
    made = factories.subscription()
    terminate(made, by=agent, at=now)
    waiting = Delivery.objects.get()
    assert (waiting.body, waiting.subject) == (
        "",
        f"Subscription {made.uuid} of {made.organisation.name} was terminated",
    )
    sink.kill()
    outbox.send_due(server=outbox.MailServer(), clock=timezone.now, limit=1)
    composed = Delivery.objects.get()
    assert composed.status == "pending"
    assert composed.body.endswith("Acme Telecom\n")
    configure(notify_customers=True, provider_name="Another name")
    Delivery.objects.update(next_attempt_at=now)
    sink.start()
    sent = told()
    assert (sent.subject, sent.body) == (composed.subject, composed.body)
