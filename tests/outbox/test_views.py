"""The list of notifications, and putting a dead letter back."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.frame import Actor
from portal.outbox import operations, selectors
from portal.outbox.models import Delivery
from portal.outbox.policies import Addresses
from tests.support import factories, shown

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


def test_the_list_shows_what_became_of_each_message(client_of, write, dead):
    dead("gone@example.com", cc="copy@example.com", subject="Ended <i>")
    write("waiting@example.com", subject="It ended.")
    write(
        "done@example.com", subject="It ended.", status="sent", sent_at=timezone.now().replace(2026, 3, 11, 10, 30)
    )
    client = client_of("auditor")
    common = {
        "Created": "10 March 2026, 09:00 UTC",
        "Subject": "It ended. Subscription terminated",
        "Attempts": "0",
        "Last error": "–",
    }
    page = client.get(LIST, {"status": "all"})
    assert shown.read(page).table("Notifications, newest first").rows == [
        {
            **common,
            "Status": "Sent",
            "To": "done@example.com",
            "Next attempt": "Sent 11 March 2026, 10:30 UTC",
        },
        {**common, "Status": "Pending", "To": "waiting@example.com", "Next attempt": "10 March 2026, 09:00 UTC"},
        {
            **common,
            "Status": "Dead letter",
            "To": "gone@example.com Cc copy@example.com",
            "Subject": "Ended <i> Subscription terminated",
            "Attempts": "12",
            "Last error": "550 Nobody <b>here</b>",
            "Next attempt": "–",
        },
    ]
    assert "1 dead letter, 1 pending." in page.content.decode()


def test_each_filter_lets_through_what_it_says(client_of, write, dead):
    acme = factories.OrganisationFactory.create(name="Ácme")
    dead("gone@example.com", cc="copy@example.com")
    write("waiting@example.com", organisation_uuid=acme.uuid)
    sent_at = timezone.now()
    write("done@example.com", status="sent", sent_at=sent_at, created_at=sent_at.replace(2026, 3, 12), kind="other")
    client = client_of("billing")
    for asked, found in (
        ({}, ["gone"]),
        ({"status": "dead"}, ["gone"]),
        ({"status": "pending"}, ["waiting"]),
        ({"status": "sent"}, ["done"]),
        ({"status": "all"}, ["done", "waiting", "gone"]),
        ({"status": "all", "sort": "newest"}, ["gone", "waiting", "done"]),
        ({"organisation": "acme"}, []),
        ({"organisation": "acme", "status": "all"}, ["waiting"]),
        ({"organisation": str(acme.uuid), "status": "pending"}, ["waiting"]),
        ({"organisation": "nobody", "status": "all"}, []),
        ({"to": "COPY@"}, ["gone"]),
        ({"to": "done@", "status": "all"}, ["done"]),
        ({"kind": "subscription_terminated", "status": "all"}, ["waiting", "gone"]),
        ({"created_from": "2026-03-11", "status": "all"}, ["done"]),
        ({"created_from": "2026-03-13", "status": "all"}, []),
        ({"created_to": "2026-03-10", "status": "all"}, ["waiting", "gone"]),
    ):
        told = shown.listed(client.get(LIST, asked), "To")
        assert [address.partition("@")[0] for address in told] == found, asked
    assert client.get(LIST, {"status": "lost"}).status_code == 422


@pytest.mark.parametrize(
    ("role", "addressee", "offers"),
    [
        ("auditor", "customer", set()),
        ("billing", "customer", {"Send again", "Correct the address"}),
        ("billing", "provider", {"Send again"}),
    ],
)
def test_what_can_be_done_with_a_dead_letter(client_of, write, dead, role, addressee, offers):
    letter = dead(addressee=addressee)
    write("waiting@example.com", addressee="customer")
    client = client_of(role)
    page = shown.read(client.get(LIST))
    assert {words for words in ("Send again", "Correct the address") if page.can(words)} == offers
    if "Send again" in offers:
        assert page.sends_to("Send again") == address_of(letter)
    if "Correct the address" in offers:
        assert page.address("Correct the address") == f"/customers/{letter.organisation_uuid}/contacts/"
    pending = shown.read(client.get(LIST, {"status": "pending"}))
    assert not pending.can("Send again")
    assert pending.table().rows[0].get("What to do", "") == ""


def test_htmx_gets_the_list_alone(client_of, dead):
    dead()
    answer = client_of("billing").get(LIST, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize(("status", "words"), [("", "No dead letters"), ("pending", "No message matches")])
def test_an_empty_list_says_so(client_of, status, words):
    assert words in client_of("billing").get(LIST, {"status": status}).content.decode()


def test_without_a_mail_server_the_page_says_so(client_of, settings):
    settings.EMAIL_HOST = ""
    client = client_of("billing")
    assert "No mail server is set up" in client.get(LIST).content.decode()
    settings.EMAIL_HOST = "mail.example.com"
    assert "No mail server is set up" not in client.get(LIST).content.decode()


def test_pages_go_by_key_and_come_back(client_of, dead):
    for number in range(120):
        dead(f"m{number}@example.com")
    newest = [f"m{number}@example.com" for number in range(119, -1, -1)]
    client = client_of("billing")

    def read(address):
        page = client.get(address)
        return shown.listed(page, "To"), shown.beside(page)

    first, to = read(LIST + "?status=dead")
    assert (first, list(to)) == (newest[:50], ["Next"])
    second, to = read(to["Next"])
    assert second == newest[50:100]
    third, to = read(to["Next"])
    assert (third, list(to)) == (newest[100:], ["Previous"])
    back, to = read(to["Previous"])
    assert back == second
    assert read(to["Previous"])[0] == first


def test_the_number_of_queries_does_not_grow(client_of, dead, django_assert_num_queries):
    for number in range(20):
        dead(f"m{number}@example.com")
    client = client_of("billing")
    # Session, user, permissions, group label; provider name; saved filters; the messages; dead, pending ones.
    with django_assert_num_queries(9):
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
    answer = client.post(shown.read(client.get(LIST)).sends_to("Send again"), follow=True)
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
    # The list is there, as at its own address.
    assert shown.listed(answer, "Last error") == ["550 Nobody <b>here</b>"]
    assert f'action="{LIST}"' in answer.content.decode()
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
    assert Delivery.objects.get().next_attempt_at == now + timedelta(days=1)
