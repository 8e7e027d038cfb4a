"""The last steps of a termination as pages: what each option does, what stands beside the button, what was done."""

import pytest
import time_machine

from subscriptions.models import Termination
from tests.support import factories, pages, shown
from tests.support.factories import C
from tests.support.steps import NOW, to_choice
from tests.support.terminations import fresh

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
STEP = "How is the refund made?"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def made():
    """Of 50, 30 are paid; a note of 30 names nothing."""
    subscription = factories.subscription(cycles=(C("2026-03-01", paid="30"),), numbers=("+6530000001",))
    factories.credit_note(subscription.organisation, net="30", number="CN-77")
    return subscription


def test_the_choice_says_what_each_option_does(client_of, made):
    bill = factories.charge_of(made).invoice.number
    read = shown.read(to_choice(client_of("agent"), made))
    said = read.said(STEP).partition(STEP)[2]
    for sentences in (
        "Credit note CN-77, SGD 30.00 names no subscription; has the sum of this refund SGD 0.00 into Available "
        "Credits, SGD 0.00 cancelled on open invoices, SGD 20.00 still owed, SGD 30.00 by credit note.",
        "No credit note has been sent SGD 30.00 goes into Available Credits.",
        f"SGD 30.00 goes into Available Credits. SGD 20.00 is waived on {bill}. The service stops now, and this "
        "can't be undone. +6530000001 stays reserved through 7 April 2026. Cancel Apply Back",
    ):
        assert sentences in said
    assert read.terms() == {
        "Into Available Credits": "SGD 30.00",
        "Cancelled on open invoices": f"SGD 20.00 on {bill}",
        "Still owed": "SGD 0.00",
    }


DONE = {
    "automatic": (
        "SGD 30.00 added to Available Credits. SGD 20.00 was waived on {bill}.",
        {
            "Into Available Credits": "SGD 30.00",
            "Cancelled on open invoices": "SGD 20.00 on {bill}",
            "Stays owed": "SGD 0.00",
        },
    ),
    "credit_note": (
        "Credit note CN-77 is the refund. SGD 30.00 of it waits to be used. SGD 20.00 stays owed on {bill}.",
        {
            "Into Available Credits": "SGD 0.00",
            "Cancelled on open invoices": "SGD 0.00",
            "Stays owed": "SGD 20.00 on {bill}",
            "By credit note": "SGD 30.00 waits on CN-77",
        },
    ),
}


@pytest.mark.parametrize("choice", DONE)
def test_what_was_done_is_said_with_the_way_to_its_record(client_of, made, choice):
    client = client_of("agent")
    bill = factories.charge_of(made).invoice.number
    page = to_choice(client, made)
    form = pages.form(page, action="/apply/")
    confirmed = pages.values(page, name="acknowledge")
    sent = form.data(choice=choice, note="CN-77" if choice == "credit_note" else None, acknowledge=confirmed)
    read = shown.read(client.post(form.action, sent, headers=HTMX))
    sentences, terms = DONE[choice]
    assert (
        read.said("Done")
        .partition(f"Subscription {made.uuid} terminated. ")[2]
        .startswith(sentences.format(bill=bill))
    )
    assert read.terms() == {term: value.format(bill=bill) for term, value in terms.items()}
    assert read.address("Show the termination") == f"/terminations/{Termination.objects.get().uuid}/"
    assert fresh(made).status == "terminated"
