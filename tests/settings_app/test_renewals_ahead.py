"""Before more renewals are made here: what the next night would renew and charge is said, and asked."""

import re

import pytest
import time_machine

from customers.models import CreditAccount
from settings_app import selectors, views
from subscriptions.declares import due_tonight
from tests.settings_app.sending import CONFIG, form_data
from tests.subscriptions.life.nights import due, organisation, renew
from tests.support import factories, pages

pytestmark = pytest.mark.django_db(transaction=True)
HERE = {"renewals_are_made_here": "here"}


@pytest.fixture
def client(client_of, now):
    client = client_of("superuser")
    with time_machine.travel(now, tick=False):
        yield client


def asked(client, **changes):
    """Save what is not to be saved yet; give what was said, and what the next save brings along."""
    answer = client.post(CONFIG, form_data(**changes))
    assert (answer.status_code, selectors.current_config().number) == (422, 1)
    seal = re.search(r'name="confirmed_renewals" value="([^"]+)"', answer.content.decode())
    assert seal
    return pages.words(answer), {**changes, "confirmed_renewals": seal[1]}


def test_it_says_what_the_night_would_charge_and_the_night_does_so(client, now):
    due(organisation("100"), net="50")
    due(organisation("100", currency="USD"), net="20")
    due(organisation("100"), net="0")
    due(organisation("10"), net="60")
    told = "you are told how many subscriptions the next night would renew and what it would charge"
    assert told in pages.words(client.get(CONFIG))
    said, again = asked(client, **HERE)
    assert (
        "the next night would renew 3 subscriptions and charge SGD 50.00, USD 20.00 to Available Credits." in said
    )
    assert "It would refuse 1, for want of Available Credits" in said
    assert client.post(CONFIG, form_data(**again)).status_code == 303
    assert selectors.current_config().renewals_are_made_here
    counts = renew(now)
    assert (counts.renewed, counts.refused) == (3, 1)


def test_what_renews_within_a_day_counts_and_nothing_else(client):
    due(cycles=(factories.C("2026-02-19"),))  # from tomorrow
    due(cycles=(factories.C("2026-02-20"),))  # from the day after
    due(auto_renew=False)
    said, _ = asked(client, **HERE)
    assert "would renew 1 subscription and charge SGD 50.00 to" in said


def test_of_one_product_it_says_what_that_one_would_renew(client):
    due(net="50")
    fax = factories.ProductFactory.create(name="Fax")
    due(net="7", plan=factories.PlanFactory.create(product=fax))
    rows = {"renewals-TOTAL_FORMS": "1", "renewals-0-product": "Fax", "renewals-0-where": "here"}
    said, again = asked(client, **rows)
    assert "would renew 1 subscription and charge SGD 7.00 to" in said
    # Other settings are another question.
    said, _ = asked(client, **{**again, **HERE})
    assert "would renew 2 subscriptions and charge SGD 57.00 to" in said
    assert client.post(CONFIG, form_data(**again)).status_code == 303


def test_more_than_was_read_is_asked_again_and_less_is_not(client, make_user):
    owner = organisation("60")
    due(owner, net="50")
    _, again = asked(client, **HERE)
    due(organisation("100"), net="5")
    said, again = asked(client, **again)
    assert "would renew 2 subscriptions and charge SGD 55.00 to" in said
    CreditAccount.objects.filter(organisation=owner).update(reserved=60)
    assert client.post(CONFIG, form_data(**again)).status_code == 303


def test_what_somebody_else_has_read_or_nobody_is_no_answer(client, client_of):
    due()
    _, again = asked(client, **HERE)
    asked(client_of("superuser"), **again)
    asked(client, **HERE, confirmed_renewals="nonsense")


def test_nothing_is_asked_where_nothing_would_be_renewed_or_no_more_than_now(client, configure):
    assert client.post(CONFIG, form_data(**HERE)).status_code == 303
    due()
    more = {**HERE, "seen_version": "2", "provider_name": "Other"}
    assert client.post(CONFIG, form_data(**more)).status_code == 303
    back = {"seen_version": "3", "renewals_are_made_here": "elsewhere"}
    assert client.post(CONFIG, form_data(**back)).status_code == 303


def test_what_takes_too_long_to_count_is_at_least(client, monkeypatch):
    for _ in range(3):
        due()
    monkeypatch.setattr(due_tonight, "BATCH", 1)
    monkeypatch.setattr(views, "PATIENCE", 0)
    said, again = asked(client, **HERE)
    assert "would renew at least 1 subscription and charge SGD 50.00 to" in said
    assert "There are more than could be counted in time." in said
    # That was read as “at least”, and is the answer.
    assert client.post(CONFIG, form_data(**again)).status_code == 303
