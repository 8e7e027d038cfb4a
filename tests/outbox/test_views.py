"""The list of notifications, and putting a dead letter back."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.audit.operations import Actor
from portal.outbox import operations, selectors
from portal.outbox.models import Message
from portal.outbox.policies import Addresses
from tests.support import factories, pages

pytestmark = pytest.mark.django_db

LIST = "/notifications/"


def address_of(message):
    return reverse("outbox:send_again", kwargs={"uuid": message.message_id})


@pytest.fixture
def dead(write):
    def write_dead(to="old@example.com", **fields):
        return write(to, status="dead", attempts=12, last_error="550 Nobody <b>here</b>", **fields)

    return write_dead


def test_many_are_counted_as_far_as_anybody_wants_to_know(client_of, write, monkeypatch):
    monkeypatch.setattr(selectors, "MOST_COUNTED", 2)
    for number in range(3):
        write(f"waiting-{number}@example.com")
    assert "0 dead letters, more than 2 pending." in client_of("billing").get(LIST).content.decode()


def test_dead_letters_come_first_and_the_filter_shows_the_others(client_of, write, dead):
    dead("gone@example.com", cc="copy@example.com", subject="Ended <i>")
    write("waiting@example.com")
    write("done@example.com", status="sent", sent_at=timezone.now())
    client = client_of("billing")
    page = client.get(LIST).content.decode()
    assert "gone@example.com" in page
    assert "copy@example.com" in page
    assert "Ended &lt;i&gt;" in page
    assert "550 Nobody &lt;b&gt;here&lt;/b&gt;" in page
    assert "1 dead letter, 1 pending." in page
    assert "waiting@example.com" not in page
    assert "done@example.com" not in page
    assert "Send again" in page
    pending = client.get(LIST, {"status": "pending"}).content.decode()
    assert "waiting@example.com" in pending
    assert "10 March 2026, 09:00 UTC" in pending
    assert "Send again" not in pending
    everything = client.get(LIST, {"status": "all"}).content.decode()
    assert all(name in everything for name in ("gone@", "waiting@", "done@"))
    assert client.get(LIST, {"status": "lost"}).status_code == 422


def test_htmx_gets_the_list_alone(client_of, dead):
    dead()
    answer = client_of("billing").get(LIST, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize(
    ("status", "words"),
    [("", "No dead letters"), ("pending", "Nothing waits to be sent"), ("sent", "No messages yet")],
)
def test_an_empty_list_says_so(client_of, status, words):
    assert words in client_of("billing").get(LIST, {"status": status}).content.decode()


def test_without_a_mail_server_the_page_says_so(client_of, settings):
    settings.EMAIL_HOST = ""
    client = client_of("billing")
    assert "No mail server is set up" in client.get(LIST).content.decode()
    settings.EMAIL_HOST = "mail.example.com"
    assert "No mail server is set up" not in client.get(LIST).content.decode()


def test_pages_go_by_key_and_come_back(client_of, dead, monkeypatch):
    monkeypatch.setattr(selectors, "MESSAGES_PER_PAGE", 2)
    made = [dead(f"m{number}@example.com") for number in range(5)]
    first = selectors.messages(status="dead")
    assert [row.to for row in first.rows] == ["m4@example.com", "m3@example.com"]
    second = selectors.messages(status="dead", before=first.older)
    assert [row.to for row in second.rows] == ["m2@example.com", "m1@example.com"]
    last = selectors.messages(status="dead", before=second.older)
    assert ([row.to for row in last.rows], last.older) == (["m0@example.com"], None)
    back = selectors.messages(status="dead", after=last.newer)
    assert [row.to for row in back.rows] == ["m2@example.com", "m1@example.com"]
    assert selectors.messages(status="dead", after=back.newer).newer is None
    page = client_of("billing").get(LIST, {"status": "dead", "before": made[4].pk}).content.decode()
    assert f"before={made[2].pk}" in page
    assert f"after={made[3].pk}" in page


def test_the_number_of_queries_does_not_grow(client_of, dead, django_assert_max_num_queries):
    for number in range(20):
        dead(f"m{number}@example.com")
    client = client_of("billing")
    with django_assert_max_num_queries(12):
        client.get(LIST)


@pytest.mark.parametrize(
    ("role", "sees", "sends"),
    [("agent", 403, 403), ("auditor", 200, 403), ("billing", 200, 303), ("superuser", 200, 303)],
)
@pytest.mark.django_db(transaction=True)
def test_who_may_what(client_of, dead, role, sees, sends):
    letter = dead()
    client = client_of(role)
    page = client.get(LIST)
    assert page.status_code == sees
    assert ("Send again" in page.content.decode()) == (sends == 303)
    home = client.get("/customers/").content.decode()
    assert ('href="/notifications/"' in home) == (sees == 200)
    assert client.post(address_of(letter)).status_code == sends
    letter.refresh_from_db()
    assert letter.status == ("pending" if sends == 303 else "dead")


@pytest.mark.django_db(transaction=True)
def test_send_again_puts_it_back_once_and_the_audit_tells(client_of, dead):
    organisation = factories.OrganisationFactory.create(name="Acme", billing_email="", owner_email="")
    letter = dead(organisation_uuid=organisation.uuid, subject="Ended")
    before = letter.message_id
    client = client_of("billing")
    # As the page offers it, without JavaScript.
    form = pages.form(client.get(LIST), action=address_of(letter))
    assert (form.method, form.buttons) == ("post", ["Send again"])
    answer = client.post(form.action, form.data(), follow=True)
    assert answer.redirect_chain == [(LIST, 303)]
    assert "The message will be sent again, to old@example.com." in answer.content.decode()
    letter.refresh_from_db()
    assert (letter.status, letter.attempts, letter.message_id) == ("pending", 0, before)
    assert letter.next_attempt_at <= timezone.now()
    again = client.post(address_of(letter), follow=True)
    assert "The message waits to be sent already." in again.content.decode()
    entry = AuditEntry.objects.get(event="Notification sent again")
    assert entry.description == "“Ended” is to be sent again, to old@example.com."
    assert (entry.actor, entry.organisation_uuid, entry.organisation_name) == (
        client.user.username,
        organisation.uuid,
        "Acme",
    )


@pytest.mark.parametrize(
    ("billing", "owner", "to"),
    [
        ("billing@acme.example", "owner@acme.example", "billing@acme.example"),
        ("", "owner@acme.example", "owner@acme.example"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_the_address_is_looked_up_again(client_of, dead, billing, owner, to):
    organisation = factories.OrganisationFactory.create(billing_email=billing, owner_email=owner)
    # With no address, or with one that it died of.
    for letter in (
        dead(old, organisation_uuid=organisation.uuid, addressee="customer") for old in ("", "old@a.example")
    ):
        client_of("billing").post(address_of(letter))
        letter.refresh_from_db()
        assert (letter.status, letter.to) == ("pending", to)


@pytest.mark.django_db(transaction=True)
def test_what_is_for_the_provider_goes_to_the_provider(client_of, dead, configure):
    configure(notification_address="new@provider.example")
    organisation = factories.OrganisationFactory.create(billing_email="billing@acme.example")
    letter = dead(organisation_uuid=organisation.uuid, addressee="provider")
    client_of("billing").post(address_of(letter))
    letter.refresh_from_db()
    assert (letter.to, letter.cc) == ("new@provider.example", "")


@pytest.mark.parametrize(
    ("addressee", "words"),
    [
        ("customer", "Acme has neither a billing e-mail nor an owner e-mail"),
        ("provider", "Portal Config has no notification address"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_without_an_address_it_stays_a_dead_letter_and_says_why(client_of, dead, addressee, words):
    organisation = factories.OrganisationFactory.create(name="Acme", billing_email="", owner_email="")
    letter = dead("", organisation_uuid=organisation.uuid, addressee=addressee)
    answer = client_of("billing").post(address_of(letter))
    assert answer.status_code == 409
    assert words in answer.content.decode()
    letter.refresh_from_db()
    assert (letter.status, letter.attempts) == ("dead", 12)
    assert not AuditEntry.objects.filter(event="Notification sent again").exists()


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_is_not_sent_again(client_of, write):
    sent = write(status="sent", sent_at=timezone.now())
    assert client_of("billing").post(address_of(sent)).status_code == 409
    assert client_of("billing").post(f"{LIST}{uuid.uuid4()}/send-again/").status_code == 404
    sent.refresh_from_db()
    assert sent.status == "sent"


@pytest.mark.django_db(transaction=True)
def test_the_provider_is_put_in_copy_again(dead, make_user, now):
    letter = dead("", addressee="customer", cc="old-copy@example.com")
    put_back = operations.send_again(
        message_id=letter.message_id,
        look_up=lambda _: Addresses(
            organisation_name="Acme", customer="new@example.com", provider="us@example.com"
        ),
        by=Actor.of(make_user("billing")),
        at=now + timedelta(days=1),
    )
    assert put_back == operations.PutBack(to="new@example.com", cc="us@example.com")
    assert Message.objects.get().next_attempt_at == now + timedelta(days=1)
