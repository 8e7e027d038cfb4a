"""The page of one message: as it was written, or as it would be."""

import uuid
from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.outbox import kinds
from portal.outbox.policies import Text
from tests.support import shown

pytestmark = pytest.mark.django_db

LIST = "/notifications/"


def test_a_message_is_shown_as_it_was_written(client_of, write):
    sent = write("a@example.com", cc="c@example.com", body="It <b>ended</b>.\n", attempts=1, last_error="451 Later")
    client = client_of("auditor")
    address = shown.read(client.get(LIST, {"status": "all"})).address("Subscription terminated")
    page = shown.read(client.get(address))
    assert page.headings[-3:] == ["Subscription terminated", "What it says", "Its delivery"]
    assert page.said("What it says") == (
        "As it was written at the first attempt; every further one sends the same. It <b>ended</b>."
    )
    assert page.terms() == {
        "To": "a@example.com",
        "Cc": "c@example.com",
        "Kind": "Subscription terminated",
        "Created": "10 March 2026, 09:00 UTC",
        "Attempts": "1",
        "Last error": "451 Later",
        "Next attempt": "10 March 2026, 09:00 UTC",
    }
    sent.refresh_from_db()
    assert sent.attempts == 1


def test_a_message_that_waits_is_shown_as_it_would_be_and_is_not_written(client_of, write, monkeypatch):
    cause = uuid.uuid4()

    def text_of(*, cause_id, is_for_customer):
        assert cause_id == cause
        return Text("For a customer" if is_for_customer else "For us", "Made now.\n")

    kind = replace(kinds.of("subscription_terminated"), text_of=text_of)
    monkeypatch.setitem(kinds._KINDS.so_far, kind.code, kind)
    client = client_of("billing")
    for addressee, subject in (("customer", "For a customer"), ("provider", "For us")):
        waiting = write(body="", cause_id=cause, addressee=addressee)
        page = shown.read(client.get(reverse("outbox:message", args=[waiting.message_id])))
        assert subject in page.headings
        assert page.said("What it says") == (
            "As it would be written now. Its text is written and kept at the first attempt. Made now."
        )
        waiting.refresh_from_db()
        assert (waiting.subject, waiting.body, waiting.attempts) == ("Subscription terminated", "", 0)
        waiting.delete()


@pytest.mark.parametrize("kind", ["subscription_terminated", "of_another_version"])
def test_a_message_whose_text_can_not_be_written_says_so(client_of, write, kind):
    lost = write(body="", kind=kind)
    page = shown.read(client_of("billing").get(reverse("outbox:message", args=[lost.message_id])))
    assert "Its text can't be written" in page.said("What it says")


def test_a_message_that_is_not_there(client_of):
    client = client_of("billing")
    assert client.get(reverse("outbox:message", args=[uuid.uuid4()])).status_code == 404


def test_each_sample_leads_to_those_of_its_kind_that_wait(client_of, write):
    write("a@example.com")
    write("b@example.com", status="sent", sent_at=timezone.now())
    client = client_of("billing")
    samples = client.get("/notifications/samples/").content.decode()
    address = "/notifications/?status=pending&amp;kind=subscription_terminated"
    assert f'href="{address}"' in samples
    assert shown.listed(client.get(address.replace("&amp;", "&")), "To") == ["a@example.com"]
