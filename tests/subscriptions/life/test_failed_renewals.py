"""The list “Failed to renew”: who is on it, why, and until when; the message that tells the organisation."""

import datetime as dt

import pytest
import time_machine

from customers.models import CreditAccount
from portal.outbox.models import Delivery
from subscriptions.declares import letters
from subscriptions.models import Subscription
from tests.subscriptions.life.nights import due, organisation, renew
from tests.support import shown
from tests.support.factories import C

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _here(configure):
    configure(renewals_are_made_here=True, notification_address="provider@example.com")


def listed(client, query=""):
    page = shown.read(client.get(f"/subscriptions/failed-renewals/{query}"))
    return [(row["Reason"], row["Why"], row["Tried on"]) for table in page.tables for row in table.rows]


def test_it_lists_the_last_try_until_the_next_cycle_is_there(now, client_of):
    client = client_of("agent")
    owner = organisation("12.40")
    due(owner, net="54")
    contract = due(organisation("1000"), billing_plan="as_incurred", cycles=(C("2026-02-16"),))
    renew(now)
    renew(now + DAY)
    passes = "The next cycle would end on 15 April 2026, after its contract, which ends on 15 March 2026."
    short = ("Available Credits", "SGD 54.00 is needed, SGD 12.40 is available.", "11 March 2026")
    assert sorted(listed(client)) == [short, ("End of the contract", passes, "11 March 2026")]
    assert listed(client, "?about=insufficient_credits") == [short]
    # Paid for, and renewed; the other one is ended otherwise.
    CreditAccount.objects.filter(organisation=owner).update(credit_limit=1000)
    assert renew(now + 2 * DAY).renewed == 1
    Subscription.objects.filter(pk=contract.pk).update(expires_on=contract.expires_on + DAY)
    assert listed(client) == []


def test_the_message_names_each_subscription_with_its_reason(now):
    owner = organisation("12.40", name="Acme")
    first, second = due(owner, net="50"), due(owner, net="4")
    renew(now)
    message = Delivery.objects.get()
    provider = letters.text_of_refusals(cause_id=message.cause_id, is_for_customer=False)
    assert provider.subject == "Acme: 2 renewals were refused"
    assert provider.body.count("Not renewed: SGD 54.00 is needed, SGD 12.40 is available.") == 2
    assert provider.body.count("Usable through: 14 March 2026") == 2
    for made in (first, second):
        assert str(made.uuid)[:8] in provider.body
    assert "Tried on: 10 March 2026" in provider.body
    customer = letters.text_of_refusals(cause_id=message.cause_id, is_for_customer=True)
    assert customer.subject == "2 of your renewals were refused"


def test_what_is_due_where_it_is_tomorrow_already_is_listed(client_of):
    client = client_of("agent")
    at = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
    # On Kiritimati it is the 11th, 7 days before it expires.
    due(organisation("0", timezone="Pacific/Kiritimati"), cycles=(C("2026-02-19"),))
    assert renew(at).refused == 1
    with time_machine.travel(at, tick=False):
        assert [tried_on for _, _, tried_on in listed(client)] == ["11 March 2026"]
