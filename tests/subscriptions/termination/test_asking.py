"""Step 1: who asked, and when; names that are suggested, days that are not taken, and what the browser keeps."""

import datetime as dt
import re

import pytest
import time_machine
from django.urls import reverse

from subscriptions.models import Termination
from subscriptions.termination import refusals
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import REASON, address, step, to_choice
from tests.support.terminations import request, terminate

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)
SAID = "The subscription began on 1 March 2026; nobody can have asked before that day."


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_day_before_the_subscription_began_is_refused_beside_the_field(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-03-01"),))
    asked = client.get(address(made))
    field = re.findall(r'<input type="date"[^>]*name="requested_on"[^>]*>', asked.content.decode())[0]
    assert 'min="2026-03-01"' in field
    assert 'max="2026-03-10"' in field
    form = pages.form(asked, action="/refund/")
    answer = step(client, form, **{**REASON, "requested_on": "2026-02-28"})
    assert answer.status_code == 422
    assert SAID in answer.content.decode().split('id="div_id_requested_on"')[1].split("</div>")[0]
    assert step(client, form, **{**REASON, "requested_on": "2026-03-01"}).status_code == 200


def test_the_operation_refuses_it_too(agent):
    made = factories.subscription(cycles=(C("2026-03-01"),))
    with pytest.raises(refusals.RequestedBeforeItBegan) as refused:
        terminate(made, by=agent, at=NOW, asked=request(requested_on=dt.date(2026, 2, 28)))
    assert (refused.value.field, refused.value.began, str(refused.value)) == (
        "requested_on",
        dt.date(2026, 3, 1),
        SAID,
    )
    assert not Termination.objects.exists()


def test_what_has_not_begun_may_have_been_asked_for_before(client_of, agent):
    made = factories.subscription(cycles=(C("2026-04-01"),))
    to_choice(client_of("agent"), made, requested_on="2026-03-02")
    terminate(made, by=agent, at=NOW, asked=request(requested_on=dt.date(2026, 3, 2)))
    assert Termination.objects.get().requested_on == dt.date(2026, 3, 2)


def options(answer) -> list[tuple[str, str]]:
    listed = re.search(r'<datalist id="members">(.*?)</datalist>', answer.content.decode(), re.DOTALL)
    return re.findall(r'<option value="([^"]*)">([^<]*)</option>', listed[1]) if listed else []


def test_the_members_of_the_organisation_are_suggested(client_of, django_assert_num_queries):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-03-01"),))
    for name, email in (("Zoë", "zoe@a.example"), ("Ärne", "arne@a.example")):
        factories.MemberFactory.create(organisation=made.organisation, name=name, email=email)
    factories.MemberFactory.create(name="Somebody else")
    client.get(address(made))
    with django_assert_num_queries(9):
        asked = client.get(address(made), headers={"HX-Request": "true"})
    assert options(asked) == [("Ärne", "arne@a.example"), ("Zoë", "zoe@a.example")]
    assert re.search(r'<input[^>]*name="requested_by"[^>]*list="members"', asked.content.decode())
    # Whoever else asked can be typed.
    assert step(client, pages.form(asked, action="/refund/"), **REASON).status_code == 200


def test_a_hundred_members_are_suggested_at_most_and_none_where_there_are_none(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-03-01"),))
    asked = client.get(address(made))
    assert options(asked) == []
    assert "list=" not in re.findall(r'<input[^>]*name="requested_by"[^>]*>', asked.content.decode())[0]
    for number in range(101):
        factories.MemberFactory.create(organisation=made.organisation, name=f"Member {number:03}")
    assert len(options(client.get(address(made)))) == 100


def test_the_browser_keeps_what_is_typed_by_user_and_subscription(client_of):
    client = client_of("agent")
    running = factories.subscription(cycles=(C("2026-03-01"),))
    expired = factories.subscription(cycles=(C("2026-01-01"),))
    user = client.session["_auth_user_id"]
    for made, name in ((running, "terminate"), (expired, "terminate_expired")):
        assert f'data-keep="{user}:{made.uuid}"' in client.get(address(made, name)).content.decode()
    # Later steps only carry it on.
    assert "data-keep" not in to_choice(client, running).content.decode()


def test_the_log_in_that_follows_a_log_out_forgets_what_was_typed(client_of):
    client = client_of("agent")
    ended = client.post(reverse("account_logout"), follow=True)
    assert "data-forget-kept" in ended.content.decode()
    # An ended session leads back: there it is still wanted.
    back = client.get("/customers/", follow=True)
    assert "data-forget-kept" not in back.content.decode()
