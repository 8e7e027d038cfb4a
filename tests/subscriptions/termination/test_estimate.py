""" "What would come back?": the total refund of today or a later day, to read only."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from portal.audit.models import AuditEntry
from subscriptions.models import Termination
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.terminations import terminate

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def ask(client, subscription, **given):
    return client.get(reverse("subscriptions:estimate", args=[subscription.uuid]), given)


def test_without_a_day_it_is_today(client_of):
    made = factories.subscription(cycles=(C("2026-03-01"),))
    answer = ask(client_of("auditor"), made)
    assert answer.status_code == 200
    shown = pages.words(answer)
    assert "What would come back?" in shown
    assert "This is what a termination on 10 March 2026 would do. Nothing is written here." in shown
    assert "Within 14 days of activation" in shown
    assert "SGD 50.00" in shown
    assert 'value="2026-03-10"' in answer.content.decode()
    # A day that is not today is computed from what is known today, and only then that is said.
    assert "until then" not in shown


@pytest.mark.parametrize(
    ("on", "why", "total"),
    [
        ("2026-03-15", "Within 14 days of activation", "SGD 150.00"),
        ("2026-03-16", "2 of 3 months not begun", "SGD 100.00"),
        ("2026-04-30", "1 of 3 months not begun", "SGD 50.00"),
        ("2026-05-31", "The last month has begun", "SGD 0.00"),
    ],
)
def test_a_later_day_is_computed_as_of_that_day(client_of, on, why, total):
    made = factories.subscription(cycles=(C("2026-03-01", months=3, net="150"),))
    shown = pages.words(ask(client_of("agent"), made, on=on))
    assert why in shown
    assert f"Into Available Credits {total}" in shown
    assert "computed from what the portal knows today" in shown


def test_nothing_is_sealed_and_nothing_is_written(client_of):
    made = factories.subscription(cycles=(C("2026-03-01"),))
    before = AuditEntry.objects.count()
    answer = ask(client_of("agent"), made, on="2026-03-11")
    assert 'name="seal"' not in answer.content.decode()
    assert 'method="post"' not in answer.content.decode().split("<main")[1]
    assert "no-store" in answer["Cache-Control"]
    assert AuditEntry.objects.count() == before
    assert not Termination.objects.exists()


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("2026-03-09", "This day is too early; expected 10 March 2026 or a later day."),
        ("", "This is empty; expected a date as year-month-day, such as 2026-03-07."),
        ("tomorrow", "is not a date; expected a date as year-month-day, such as 2026-03-07."),
        ("2026-02-30", "is not a date; expected a date as year-month-day, such as 2026-03-07."),
        ("2026-3-11", "is not a date; expected a date as year-month-day, such as 2026-03-07."),
        ("２０２６-03-11", "is not a date; expected a date as year-month-day, such as 2026-03-07."),
    ],
)
def test_a_day_that_cannot_be_asked_for_is_said_beside_the_field(client_of, on, said):
    made = factories.subscription(cycles=(C("2026-03-01"),))
    answer = ask(client_of("agent"), made, on=on)
    assert answer.status_code == 422
    beside = answer.content.decode().split('id="div_id_on"')[1].split("</form>")[0]
    assert said in beside
    assert "Total refund" not in pages.words(answer)


def test_today_is_that_of_the_customer(client_of):
    made = factories.subscription(
        organisation=factories.OrganisationFactory.create(timezone="Pacific/Kiritimati"), cycles=(C("2026-03-01"),)
    )
    with time_machine.travel("2026-03-10T11:00:00Z", tick=False):
        assert 'value="2026-03-11"' in ask(client_of("agent"), made).content.decode()
        assert ask(client_of("agent"), made, on="2026-03-10").status_code == 422


@pytest.mark.parametrize("on", ["2026-04-01", "2026-04-28", "2026-04-29", "9999-12-31"])
def test_after_the_last_day_nothing_comes_back(client_of, on):
    made = factories.subscription(cycles=(C("2026-03-01"),))
    shown = pages.words(ask(client_of("agent"), made, on=on))
    assert "The last day is 31 March 2026." in shown
    assert "nothing comes back" in shown
    assert "Total refund" not in shown


def test_what_is_terminated_leads_to_its_record(client_of, agent):
    made = factories.subscription(cycles=(C("2026-03-01"),))
    done = terminate(made, by=agent, at=NOW).termination
    answer = ask(client_of("agent"), made)
    assert "This subscription was already terminated by" in pages.words(answer)
    assert reverse("subscriptions:termination", args=[done.uuid]) in answer.content.decode()


def test_htmx_gets_the_fragment(client_of):
    made = factories.subscription(cycles=(C("2026-03-01"),))
    address = reverse("subscriptions:estimate", args=[made.uuid])
    answer = client_of("agent").get(address, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "What would come back?" in pages.words(answer)
    assert "HX-Request" in answer["Vary"]


def test_the_sidebar_leads_there(client_of):
    client = client_of("auditor")
    made = factories.subscription(cycles=(C("2026-03-01"),))
    address = reverse("subscriptions:estimate", args=[made.uuid])
    sidebar = client.get(reverse("subscriptions:detail", args=[made.uuid])).content.decode()
    assert f'href="{address}" id="estimate-button" hx-get="{address}" hx-target="#dialog"' in sidebar


def test_query_count(client_of, django_assert_num_queries):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01")))
    ask(client, made)
    with django_assert_num_queries(8):
        ask(client, made, on="2026-03-20")
