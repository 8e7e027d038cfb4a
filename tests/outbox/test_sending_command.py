"""`./run deliver`: what it counts, says and refuses, and how it goes on in the background."""

import json
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.outbox import policies
from portal.outbox.management.commands import deliver
from portal.outbox.models import Delivery
from tests.support.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_command_counts(sink, write, now, capsys):
    write("m1@example.com")
    write("refused@example.com")
    write("busy@example.com")
    call_command("deliver", "--once", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "sent": 1,
        "put_off": 1,
        "dead": 1,
        "waiting": 1,
        "trouble": None,
    }
    call_command("deliver", "--once", "--max", "0")
    assert capsys.readouterr().out == "sent          0\nput off       0\ndead letters  0\nwaiting       1\n"


def test_the_command_without_a_mail_server_says_so_and_messages_wait(write, settings, capsys):
    settings.EMAIL_HOST = ""
    made = write()
    call_command("deliver", "--once", "--json")
    captured = capsys.readouterr()
    assert json.loads(captured.out)["waiting"] == 1
    assert captured.err == "No mail server is set up (EMAIL_HOST): nothing was sent, 1 message waits.\n"
    made.refresh_from_db()
    assert (made.status, made.attempts) == ("pending", 0)


def test_the_command_fails_with_a_sentence_when_the_mail_server_is_away(sink, write):
    sink.kill()
    for number in range(3):
        write(f"m{number}@example.com")
    with pytest.raises(CommandError, match=r"The mail server can't be used: .*\. 3 messages wait\."):
        call_command("deliver", "--once")


@pytest.mark.parametrize("given", ["-1", "many", "1.5", "", "²", "1_0", "1e1", "１２", "٣"])
def test_a_number_that_is_none_is_refused(given):
    with pytest.raises(CommandError, match="^--max: .*; expected") as refused:
        call_command("deliver", "--once", f"--max={given}")
    assert refused.value.returncode == 2


@pytest.mark.parametrize("options", [["--json"], ["--max=3"]])
def test_what_counts_needs_an_end(options):
    with pytest.raises(CommandError, match="go with --once") as refused:
        call_command("deliver", *options)
    assert refused.value.returncode == 2


def test_without_a_mail_server_it_does_not_begin(settings):
    settings.EMAIL_HOST = ""
    with pytest.raises(CommandError, match="EMAIL_HOST"):
        call_command("deliver")


def test_without_once_it_goes_on(monkeypatch, sink):
    begun: list[threading.Event] = []
    monkeypatch.setattr(deliver, "keep_delivering", begun.append)
    call_command("deliver")
    assert [stop.is_set() for stop in begun] == [False]


def test_the_name_of_before_delivers_once(sink, write, capsys):
    write("m1@example.com")
    call_command("send_notifications", "--json")
    assert json.loads(capsys.readouterr().out)["sent"] == 1


def test_in_the_background_it_goes_on_after_trouble(sink, write, monkeypatch, caplog):
    monkeypatch.setattr(deliver, "PAUSE", 0.05)
    monkeypatch.setattr(deliver, "PAUSE_AFTER_TROUBLE", 0.05)
    monkeypatch.setattr(policies, "PAUSE_WHEN_UNREACHABLE", timedelta(milliseconds=1))
    stop = threading.Event()
    sink.kill()
    for number in range(3):
        write(f"m{number}@example.com", next_attempt_at=timezone.now())
    thread = threading.Thread(target=deliver.keep_delivering, args=[stop])
    thread.start()
    try:
        Sink.wait_for(lambda: "Notifications wait." in caplog.text)
        sink.start()
        Sink.wait_for(lambda: Delivery.objects.filter(status="sent").count() == 3)
    finally:
        stop.set()
        thread.join()
    assert caplog.text.count("Notifications wait.") == 1
