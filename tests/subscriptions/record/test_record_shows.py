"""The record of a termination: what was asked, done and shown before, each value by its term."""

import uuid
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from customers import operations as customers_operations
from subscriptions.record import operations as record_operations
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from tests.support import factories, shown
from tests.support.factories import C
from tests.support.steps import NOW
from tests.support.terminations import preview, request, terminate, to_confirm

pytestmark = pytest.mark.django_db

ASKED, SETTLEMENT = "Who asked, and why", "Settlement"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def record(client, termination):
    return shown.read(client.get(reverse("subscriptions:termination", args=[termination.uuid])))


def by_note(made, agent, **asked):
    """End it with the note CN-77 as the refund."""
    choice = quotes.LinkNote("CN-77")
    acknowledged = to_confirm(preview(made, at=NOW), choice=choice)
    return terminate(
        made, by=agent, at=NOW, choice=choice, acknowledged=acknowledged, asked=request(**asked)
    ).termination


def test_every_term_has_its_own_value(client_of, configure, agent):
    # Three versions, so that none has the key of its row.
    configure(provider_name="One")
    configure(provider_name="Two")
    made = factories.subscription(cycles=(C("2026-03-01", net="50", tax="4.50", paid="40"),))
    bill = factories.charge_of(made).invoice.number
    note = factories.credit_note(made.organisation, net="40", number="CN-77")
    termination = by_note(
        made, agent, ticket="T-4711", channel="email", requested_by="Mr Lim", explanation="Moves abroad."
    )
    read = record(client_of("agent"), termination)
    terms = "refund method: Remaining months, full refund within 14 days, Allow Refund on, no administrative fee"
    assert read.terms(under="What happened") == {
        "Into Available Credits": "SGD 0.00",
        "Cancelled on open invoices": "SGD 0.00",
        "Stays owed": f"SGD 14.50 on {bill}",
        "By credit note": "SGD 40.00 waits on CN-77",
    }
    assert read.said("Acknowledged") == (
        "I know that credit note CN-77 (SGD 40.00) is SGD 14.50 less than what was not used and not given back yet "
        "(SGD 54.50)."
    )
    assert read.terms(under=ASKED) == {
        "Case": "Customer request",
        "Terminated on": "10 March 2026 recorded 10 March 2026, 17:00 Asia/Singapore; 10 March 2026, 09:00 UTC",
        "By": "maria Agent",
        "Reason": "Too expensive",
        "Requested by": "Mr Lim",
        "Requested on": "9 March 2026",
        "Channel": "E-mail",
        "Ticket reference": "T-4711",
        "Explanation": "Moves abroad.",
    }
    number = termination.config_version.number
    assert read.terms(under=SETTLEMENT) == {
        "Choice": "Choose from Invoice app",
        "Portal Config": f"Version {number} Portal Config version {number}, {terms}",
    }
    assert read.said("As shown before").startswith(
        "The total refund as it was shown. A credit note was chosen as the refund, so that the system neither "
        "refunded nor waived any of it."
    )
    assert read.table().column("Refund")[:1] == ["40.00"]
    assert read.address("Credit note CN-77") == f"/credit-notes/{note.uuid}/"
    assert [(link.words, link.address) for link in read.navigations["Breadcrumb"]] == [
        (made.organisation.name, f"/customers/{made.organisation.uuid}/"),
        ("Subscriptions", f"/customers/{made.organisation.uuid}/subscriptions/"),
        ("SIP Trunk monthly", f"/subscriptions/{made.uuid}/"),
    ]


def end_expired(made, agent):
    return terminate(made, by=agent, at=NOW, asked=requested.ExpiredRequest("Nobody answers.")).termination


# What ended and under which settings; what was done, and what the record says was shown before.
APPLIED = "The total refund as it was shown, and applied."
NOT_REFUNDED = "The total refund as it was shown. Allow Refund was off, so that none of it was refunded or waived."
UNPAID = C("2026-03-01", paid="30")
DONE = {
    "what was not used comes back": ({}, (UNPAID,), "SGD 30.00", "SGD 20.00 on {0}", "SGD 0.00", APPLIED),
    "nothing does while Allow Refund is off": (
        {"allow_refund": False},
        (UNPAID,),
        "SGD 0.00 Allow Refund is off in Portal Config",
        "SGD 0.00",
        "SGD 20.00 on {0}",
        NOT_REFUNDED,
    ),
}


@pytest.mark.parametrize("case", DONE)
def test_the_figures_are_those_of_what_was_written(client_of, configure, agent, case):
    settings, cycles, to_credits, cancelled, owed, before = DONE[case]
    configure(**settings)
    made = factories.subscription(cycles=cycles)
    bill = factories.charge_of(made).invoice.number
    read = record(client_of("auditor"), terminate(made, by=agent, at=NOW).termination)
    assert read.terms(under="What happened") == {
        "Into Available Credits": to_credits,
        "Cancelled on open invoices": cancelled.format(bill),
        "Stays owed": owed.format(bill),
    }
    said = read.said("What happened")
    assert (f"SGD 20.00 was waived on {bill}" in said) == (before == APPLIED)
    assert (f"SGD 20.00 stays owed on {bill}" in said) == (before != APPLIED)
    assert read.said("As shown before").startswith(before)
    # No correction is there: the entry of the refund is none.
    assert "Corrections" not in read.headings
    assert "Acknowledged" not in read.headings


def test_what_had_expired_was_asked_for_by_nobody(client_of, agent):
    made = factories.subscription(cycles=(C("2025-01-01", paid="20"),))
    bill = factories.charge_of(made).invoice.number
    read = record(client_of("agent"), end_expired(made, agent))
    assert read.terms(under=ASKED) == {
        "Case": "Expired",
        "Terminated on": "10 March 2026 recorded 10 March 2026, 17:00 Asia/Singapore; 10 March 2026, 09:00 UTC",
        "By": "maria Agent",
        "Explanation": "Nobody answers.",
    }
    assert read.terms(under=SETTLEMENT)["Choice"] == "–"
    assert read.terms(under="What happened")["Stays owed"] == f"SGD 30.00 on {bill}"


def correct(of, amount, reason, agent):
    record_operations.correct_termination(
        termination_uuid=of.uuid,
        amount=Decimal(amount),
        reason=reason,
        seen_seq=None,
        is_confirmed=True,
        request_id=uuid.uuid4(),
        by=agent,
        at=NOW,
    )


def test_its_own_corrections_stand_in_their_order(client_of, agent):
    ended = [terminate(factories.subscription(), by=agent, at=NOW).termination for _ in range(2)]
    correct(ended[0], "12.5", "First.", agent)
    correct(ended[1], "7", "Of somebody else.", agent)
    correct(ended[0], "-2", "Second.", agent)
    customers_operations.post_correction(
        organisation_uuid=ended[0].organisation.uuid,
        cause_id=None,
        amount=Decimal(3),
        reason="Of no termination.",
        seen_seq=None,
        request_id=uuid.uuid4(),
        by=agent,
        at=NOW,
    )
    read = record(client_of("auditor"), ended[0])
    assert read.said("Corrections") == "SGD 12.50 on 10 March 2026: First. SGD -2.00 on 10 March 2026: Second."


@pytest.mark.parametrize(("role", "may"), [("agent", False), ("billing", True), ("auditor", False)])
def test_a_correction_is_offered_to_who_may_post_one(client_of, agent, role, may):
    termination = terminate(factories.subscription(), by=agent, at=NOW).termination
    assert record(client_of(role), termination).can("correction entry") == may
