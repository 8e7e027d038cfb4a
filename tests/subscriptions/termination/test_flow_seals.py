"""The seal of a preview: sent again, somebody else's, forged, too old, and what changed since it was made."""

import base64
import datetime as dt
import json
import zlib

import pytest
import time_machine
from django.core import signing

from customers.models import LedgerEntry
from subscriptions.models import Termination
from subscriptions.termination.steps import PURPOSE
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import NOW, step, to_choice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_double_click_on_apply_gives_the_first_answer(client_of):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    first = step(client, form, choice="automatic")
    second = step(client, form, choice="automatic")
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert LedgerEntry.objects.count() == 1


def test_a_lost_answer_is_given_again_after_the_seal_has_expired(client_of):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    first = step(client, form, choice="automatic")
    with time_machine.travel(NOW + dt.timedelta(hours=2), tick=False):
        assert step(client, form, choice="automatic")["Location"] == first["Location"]


def test_two_agents_the_second_is_told_who_and_when(client_of):
    one, two = client_of("agent"), client_of("agent")
    made = factories.subscription()
    form_one = pages.form(to_choice(one, made), action="/apply/")
    form_two = pages.form(to_choice(two, made), action="/apply/")
    assert step(one, form_one, choice="automatic").status_code == 302
    late = step(two, form_two, choice="automatic")
    assert late.status_code == 409
    told = f"already terminated by {one.user.username} on 10 March 2026 at 17:00 (Asia/Singapore)"
    assert told in pages.words(late)
    assert LedgerEntry.objects.count() == 1


def test_another_users_seal_is_not_taken(client_of):
    one, two = client_of("agent"), client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(one, made), action="/apply/")
    theirs = pages.form(to_choice(two, made), action="/apply/")
    answer = step(two, theirs, choice="automatic", seal=form.fields["seal"])
    assert answer.status_code == 409
    assert "made for somebody else" in pages.words(answer)
    # The same after it was applied: who and when.
    assert step(one, form, choice="automatic").status_code == 302
    again = step(two, theirs, choice="automatic", seal=form.fields["seal"])
    assert again.status_code == 409
    assert "already terminated by" in pages.words(again)
    assert Termination.objects.count() == 1


@pytest.mark.parametrize("seal", ["", "forged", "a:b:c", "x" * 50_000, "\x00"])
def test_a_forged_seal_writes_nothing_and_shows_a_new_preview(client_of, seal):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    answer = step(client, form, choice="automatic", seal=seal)
    assert answer.status_code == 422
    assert "Total refund" in pages.words(answer)
    assert not Termination.objects.exists()


def test_the_seal_of_another_subscription_is_not_taken(client_of):
    client = client_of("agent")
    made, other = factories.subscription(), factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    seal = pages.form(to_choice(client, other), action="/apply/").fields["seal"]
    assert step(client, form, choice="automatic", seal=seal).status_code == 422
    assert not Termination.objects.exists()


def test_a_preview_older_than_thirty_minutes_is_made_anew(client_of):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    with time_machine.travel(NOW + dt.timedelta(minutes=31), tick=False):
        late = step(client, form, choice="automatic")
        assert late.status_code == 409
        assert "older than 30 minutes" in pages.words(late)
        choice = step(client, pages.form(late, action="/choice/"))
        assert step(client, pages.form(choice, action="/apply/"), choice="automatic").status_code == 302


def test_a_preview_of_a_version_that_sealed_otherwise_is_made_anew(client_of):
    """Until 29 November 2026 a seal was packed by hand, and signed by the same key for the same purpose."""
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    document = json.dumps({"at": NOW.isoformat(), "payload": {"user": client.user.pk}}).encode()
    packed = base64.urlsafe_b64encode(zlib.compress(document)).decode()
    earlier = signing.Signer(salt=f"portal.lib.seals/{PURPOSE}").sign(packed)
    answer = step(client, form, choice="automatic", seal=earlier)
    assert answer.status_code == 409
    assert "older than 30 minutes" in pages.words(answer)
    choice = step(client, pages.form(answer, action="/choice/"))
    assert step(client, pages.form(choice, action="/apply/"), choice="automatic").status_code == 302
    # Of what is ended by now it says so.
    again = step(client, form, choice="automatic", seal=earlier)
    assert again.status_code == 409
    assert "already terminated by" in pages.words(again)
    assert Termination.objects.count() == 1


def test_a_stale_preview_marks_the_difference(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-03-01", net="100", paid="50"),))
    form = pages.form(to_choice(client, made), action="/apply/")
    factories.pay(factories.charge_of(made), "50")
    stale = step(client, form, choice="automatic")
    assert stale.status_code == 409
    said = pages.words(stale)
    assert "Nothing was written" in said
    assert "refund is now SGD 100.00; it was SGD 50.00" in said
    assert "changed" in said
    assert not Termination.objects.exists()
    choice = step(client, pages.form(stale, action="/choice/"))
    assert step(client, pages.form(choice, action="/apply/"), choice="automatic").status_code == 302
    assert Termination.objects.get().credited == 100


def test_midnight_between_preview_and_commit(client_of):
    client = client_of("agent")
    made = factories.subscription()
    late = dt.datetime(2026, 3, 10, 15, 50, tzinfo=dt.UTC)  # 23:50 in Singapore
    with time_machine.travel(late, tick=False):
        form = pages.form(to_choice(client, made), action="/apply/")
    with time_machine.travel(late + dt.timedelta(minutes=15), tick=False):
        answer = step(client, form, choice="automatic")
    assert answer.status_code == 409
    assert "The termination date is now 11 March 2026; it was 10 March 2026" in pages.words(answer)
