"""The sidebar of a subscription: its order, its buttons, and how it reads itself again."""

import pytest
import time_machine

from customers.models import LedgerEntry
from tests.support import factories, pages
from tests.support.steps import NOW, address
from tests.support.terminations import fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_the_sidebar_stands_in_the_order_of_the_handbook(client_of):
    client = client_of("agent")
    made = factories.subscription(numbers=("+6530000001",), billing_plan="as_incurred", auto_renew=True)
    for name in ("Zoë", "Ärne", "Bert"):
        made.assignments.create(
            member=factories.MemberFactory.create(organisation=made.organisation, name=name),
            assigned_on=made.started_on,
        )
    made.add_ons.create(name="Voicemail", price_per_month=5)
    said = pages.words(client.get(address(made, "detail"), headers={"HX-Request": "true"}))
    order = (
        *("Owner organisation", "Assignees", "Ärne", "Bert", "Zoë", "Contract", "Plan", "Add-ons", "Voicemail"),
        *("Numbers", "+6530000001", "Billing model", "Unsubscribe", "History", "Terminate"),
    )
    # Behind the identity line, which names number and contract already.
    places = [said.index(word, said.index("UUID")) for word in order]
    assert places == sorted(places)


def test_unsubscribe_and_resubscribe(client_of):
    client = client_of("agent")
    made = factories.subscription(auto_renew=True)
    detail = client.get(address(made, "detail"))
    client.post(address(made, "renewal"), pages.form(detail, action="/renewal/").data())
    assert fresh(made).auto_renew is False
    detail = client.get(address(made, "detail"))
    assert "Unsubscribed" in pages.words(detail)
    client.post(address(made, "renewal"), pages.form(detail, action="/renewal/").data())
    assert fresh(made).auto_renew is True
    assert not LedgerEntry.objects.exists()


def test_the_sidebar_and_its_own_page_each_refresh_themselves(client_of):
    client = client_of("agent")
    made = factories.subscription(auto_renew=True)
    page = client.get(address(made, "detail")).content.decode()
    assert 'hx-target="#details"' in page
    assert 'hx-target="#sidebar"' not in page
    sidebar = client.get(address(made, "detail"), headers={"HX-Request": "true", "HX-Target": "sidebar"})
    assert 'hx-target="#sidebar"' in sidebar.content.decode()
    again = client.get(address(made, "detail"), headers={"HX-Request": "true", "HX-Target": "details"})
    assert 'hx-target="#details"' in again.content.decode()
