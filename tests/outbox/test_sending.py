"""Sending against a real mail server, polite and otherwise."""

import email
import email.policy
import threading
from datetime import timedelta

import pytest
from django.db import connection

from portal.audit.models import AuditEntry
from portal.outbox import operations, policies
from portal.outbox.models import Delivery
from tests.support.sink import FAULTS, Sink

pytestmark = pytest.mark.django_db(transaction=True)


def send(at, **options):
    return operations.send_due(server=operations.MailServer(), clock=lambda: at, **options)


def read(arrival):
    return email.message_from_string(arrival["content"], policy=email.policy.default)


def test_a_message_is_sent_once_and_says_when(sink, write, now):
    made = write("billing@example.com", cc="provider@example.com")
    assert send(now) == operations.Counts(sent=1)
    assert send(now + timedelta(days=1)) == operations.Counts()
    arrival = sink.arrivals()[0]
    assert len(sink.arrivals()) == 1
    assert arrival["to"] == ["billing@example.com", "provider@example.com"]
    mail = read(arrival)
    assert (mail["To"], mail["Cc"], mail["From"]) == (
        "billing@example.com",
        "provider@example.com",
        "portal@localhost",
    )
    assert mail["Message-ID"] == f"<{made.message_id}@notifications.portal>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == now
    assert mail.get_content().replace("\r\n", "\n") == made.body
    made.refresh_from_db()
    assert (made.status, made.sent_at, made.attempts, made.last_error) == ("sent", now, 1, "")
    assert not AuditEntry.objects.filter(description__contains="update of").exists()


def test_what_is_not_due_waits(sink, write, now):
    write(next_attempt_at=now + timedelta(seconds=1))
    assert send(now) == operations.Counts()
    assert send(now + timedelta(seconds=1)) == operations.Counts(sent=1)


def test_at_most_so_many(sink, write, now):
    for number in range(3):
        write(f"m{number}@example.com")
    assert send(now, limit=2).sent == 2
    assert send(now, limit=0).sent == 0
    assert send(now, should_stop=lambda: True).sent == 0
    assert send(now).sent == 1


def test_text_of_any_kind_arrives_and_no_header_is_added(sink, write, now):
    write(
        subject="Café 東京\r\nBcc: thief@example.com\x00".replace("\x00", ""),
        body="Café 東京\n.\nQUIT\r\n" + "long " * 500,
    )
    assert send(now).sent == 1
    mail = read(sink.arrivals()[0])
    assert mail["Subject"] == "Café 東京 Bcc: thief@example.com"
    assert mail["Bcc"] is None
    assert sink.arrivals()[0]["to"] == ["provider@example.com"]
    assert mail.get_content().replace("\r\n", "\n").startswith("Café 東京\n.\nQUIT\nlong long ")


@pytest.mark.parametrize(
    "address",
    ["a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "nobody", "ü@example.com", "@"],
)
def test_an_address_that_is_none_is_a_dead_letter(sink, write, now, address):
    made = write(address)
    assert send(now) == operations.Counts(dead=1)
    made.refresh_from_db()
    assert made.status == "dead"
    assert "This is no e-mail address." in made.last_error
    assert sink.arrivals() == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("refused@example.com", "refused@example.com: 550 5.1.1 There is nobody <b>here</b> of that name"),
        ("content@example.com", "554 5.6.0 Not this"),
    ],
)
def test_a_refusal_for_good_is_a_dead_letter_at_once(sink, write, now, address, said):
    made = write(address)
    write("somebody@example.com")
    assert send(now) == operations.Counts(dead=1, sent=1)
    made.refresh_from_db()
    assert (made.status, made.attempts, made.last_error, made.sent_at) == ("dead", 1, said, None)
    assert send(now + timedelta(days=9)) == operations.Counts()


def test_a_refusal_for_now_is_tried_again_with_longer_pauses_and_then_a_dead_letter(sink, write, now):
    made = write("busy@example.com")
    at, pauses = now, []
    for attempt in range(1, policies.MOST_ATTEMPTS):
        assert send(at) == operations.Counts(put_off=1)
        assert send(at) == operations.Counts()
        made.refresh_from_db()
        assert (made.status, made.attempts) == ("pending", attempt)
        assert made.last_error == "busy@example.com: 450 4.2.1 Not now"
        pauses.append(made.next_attempt_at - at)
        at = made.next_attempt_at
    assert pauses == [policies.pause_after(attempts=n, message_id=made.message_id) for n in range(1, 12)]
    assert send(at) == operations.Counts(dead=1)
    made.refresh_from_db()
    assert (made.status, made.attempts) == ("dead", policies.MOST_ATTEMPTS)


def test_who_took_it_does_not_get_it_again_because_another_did_not(sink, write, now):
    made = write("customer@example.com", cc="busy@example.com", addressee="customer")
    assert send(now) == operations.Counts(put_off=1)
    made.refresh_from_db()
    assert made.delivered_to == ["customer@example.com"]
    assert send(now + timedelta(days=1)) == operations.Counts(put_off=1)
    assert [arrival["to"] for arrival in sink.arrivals()] == [["customer@example.com"]]
    lost = write("refused@example.com", cc="provider@example.com", addressee="customer")
    assert send(now) == operations.Counts(dead=1)
    lost.refresh_from_db()
    assert (lost.status, lost.delivered_to) == ("dead", ["provider@example.com"])


def test_a_mail_server_that_is_away_costs_no_attempt(sink, write, now):
    made = [write(f"m{number}@example.com") for number in range(5)]
    sink.kill()
    counts = send(now)
    assert (counts.sent, counts.put_off, counts.dead) == (0, 3, 0)
    assert counts.trouble.startswith("The mail server can't be used: ")
    for message in made:
        message.refresh_from_db()
        assert (message.status, message.attempts) == ("pending", 0)
    assert sum(bool(message.last_error) for message in made) == 3
    sink.start()
    assert send(now + policies.PAUSE_WHEN_UNREACHABLE).sent == 5
    assert not Delivery.objects.exclude(last_error="").exists()


def test_a_sender_that_is_no_address_is_trouble_and_not_the_fault_of_a_message(sink, write, now, settings):
    settings.DEFAULT_FROM_EMAIL = "the portal"
    made = write()
    assert "DEFAULT_FROM_EMAIL is 'the portal'" in send(now, limit=3).trouble or Delivery.objects.get().last_error
    made.refresh_from_db()
    assert (made.status, made.attempts) == ("pending", 0)
    settings.DEFAULT_FROM_EMAIL = "The Portal <portal@example.com>"
    assert send(now + timedelta(minutes=2)).sent == 1
    assert read(sink.arrivals()[0])["From"] == "The Portal <portal@example.com>"


def test_a_message_whose_senders_are_killed_each_time_is_a_dead_letter_in_the_end(sink, write, now):
    made = write(attempts=policies.MOST_ATTEMPTS)
    assert send(now) == operations.Counts(dead=1)
    made.refresh_from_db()
    assert (made.status, made.last_error) == ("dead", "Its sending was broken off each time.")
    assert sink.arrivals() == []


def at_once(work, *, times):
    """Run the same work in several threads, each with a connection of its own."""
    gate, results = threading.Barrier(times), []

    def run():
        try:
            gate.wait()
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == times
    return results


def overlaps(sink):
    """Find messages that were being taken twice at the same moment."""
    spans = sorted((line["message_id"], line["began"], line["ended"]) for line in sink.arrivals())
    return [
        one[0] for one, other in zip(spans, spans[1:], strict=False) if one[0] == other[0] and other[1] < one[2]
    ]


def test_several_senders_at_once_never_send_the_same(sink, write, now):
    made = [write(f"m{number}@example.com") for number in range(40)]
    counts = at_once(lambda: send(now), times=4)
    assert sum(count.sent for count in counts) == 40
    assert sink.ids() == {f"<{message.message_id}@notifications.portal>": 1 for message in made}


def send_until_a_power_cut(sink, *, at):
    """Kill the mail server while two senders are at work."""
    enough = len(sink.arrivals()) + 4
    senders = threading.Thread(target=at_once, args=[lambda: send(at)], kwargs={"times": 2})
    senders.start()
    sink.wait_for(lambda: len(sink.arrivals()) >= enough or not senders.is_alive())
    sink.kill()
    senders.join()


def test_half_of_it_fails_the_server_is_killed_and_everything_arrives(write, now, tmp_path, settings):
    sink = Sink(log=tmp_path / "sink.jsonl", fails=True, seed=7)
    sink.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5
    made = [
        write(f"m{number}@example.com", cc=f"copy{number}@example.com" if number % 3 == 0 else "")
        for number in range(30)
    ]
    gone = write("refused@example.com")
    killed, at = 0, now
    try:
        for _ in range(25):
            if killed < 3:
                send_until_a_power_cut(sink, at=at)
                killed += 1
                sink.start()
            else:
                at_once(lambda at=at: send(at), times=2)
            if not Delivery.objects.filter(status="pending").exists():
                break
            at += policies.LONGEST_PAUSE * 2
    finally:
        sink.kill()
    assert killed == 3
    assert set(sink.faults()) == set(FAULTS)
    statuses = dict(Delivery.objects.values_list("to", "status"))
    assert statuses == {**{message.to: "sent" for message in made}, gone.to: "dead"}
    ids = sink.ids()
    assert set(ids) == {f"<{message.message_id}@notifications.portal>" for message in made}
    # Repeats there are, and each is recognisable: the same Message-ID on the same e-mail.
    assert max(ids.values()) > 1
    for message in made:
        wanted = f"<{message.message_id}@notifications.portal>"
        copies = [line for line in sink.arrivals() if line["message_id"] == wanted]
        assert len({line["content"] for line in copies}) == 1
        assert {message.to, *filter(None, [message.cc])} == {address for line in copies for address in line["to"]}
    assert overlaps(sink) == []


def test_a_sender_whose_lease_is_over_does_not_spoil_the_work_of_the_next(sink, write, now):
    made = write()
    server = operations.MailServer()
    attempts = []

    class Slow(operations.MailServer):
        def deliver(self, message):
            # The lease passes; another one sends it meanwhile.
            attempts.append(send(now + policies.LEASE))
            return policies.Attempt(failure="The connection broke off.")

    assert operations.send_due(server=Slow(), clock=lambda: now).sent == 1
    assert attempts == [operations.Counts(sent=1)]
    made.refresh_from_db()
    assert (made.status, made.last_error) == ("sent", "")
    server.close()


@pytest.mark.parametrize("comes_too_late", ["an answer", "an outage"])
def test_a_sender_whose_lease_is_over_leaves_what_the_next_one_noted(write, now, comes_too_late):
    made = write()
    later = now + policies.LEASE

    class Refusing(operations.MailServer):
        def deliver(self, message):
            return policies.Attempt(failure="Try again later.")

    class Slow(operations.MailServer):
        def deliver(self, message):
            operations.send_due(server=Refusing(), clock=lambda: later)
            if comes_too_late == "an outage":
                raise operations.Unreachable("it is away")
            return policies.Attempt(failure="The mailbox is gone.", is_permanent=True)

    operations.send_due(server=Slow(), clock=lambda: now)
    made.refresh_from_db()
    assert (made.status, made.attempts, made.last_error) == ("pending", 2, "Try again later.")
    assert made.next_attempt_at == later + policies.pause_after(attempts=2, message_id=made.message_id)
