"""Senders in processes of their own, which are killed; and the web server that sends in the background."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from portal.outbox import operations, policies
from portal.outbox.models import Delivery
from portal.shell import web
from tests.support.sink import ROOT, Sink

pytestmark = pytest.mark.django_db(transaction=True)


def sender(outside):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "send_notifications", "--json"],
        env=outside,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sent() -> dict[str, Any]:
    """Send what is due from this process; give what the command says."""
    said = io.StringIO()
    call_command("send_notifications", "--json", stdout=said)
    told: dict[str, Any] = json.loads(said.getvalue())
    return told


def test_a_command_that_is_killed_in_between_leaves_the_message_to_the_next(sink, write, outside):
    """The server has the message, the sender has not heard so: it is sent again, and can be told by its id."""
    made = write("slow@example.com", next_attempt_at=timezone.now())
    first = sender(outside)
    sink.wait_for(sink.arrivals)
    first.send_signal(signal.SIGKILL)
    first.wait()
    made.refresh_from_db()
    assert (made.status, made.attempts) == ("pending", 1)
    assert made.next_attempt_at > timezone.now()
    # Until the lease is over it is left alone; then it is due again.
    assert sent() == {"sent": 0, "put_off": 0, "dead": 0, "waiting": 1, "trouble": None}
    Delivery.objects.update(next_attempt_at=F("next_attempt_at") - policies.LEASE)
    assert sent()["sent"] == 1
    assert sink.ids() == {f"<{made.message_id}@notifications.portal>": 2}
    assert len({line["content"] for line in sink.arrivals()}) == 1


def test_a_command_that_is_asked_to_end_finishes_the_message_at_hand(sink, write, outside):
    made = write("slow@example.com", next_attempt_at=timezone.now())
    later = write("other@example.com", next_attempt_at=timezone.now())
    command = sender(outside)
    sink.wait_for(sink.arrivals)
    command.send_signal(signal.SIGTERM)
    out, err = command.communicate(timeout=120)
    assert (command.returncode, json.loads(out)["sent"], err) == (0, 1, "")
    made.refresh_from_db()
    later.refresh_from_db()
    assert (made.status, later.status) == ("sent", "pending")


def test_the_web_server_sends_and_ends_with_all_it_started(sink, write, outside):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = (
        "import django; django.setup(); from portal.shell.management.commands import serve; "
        f"serve._become_gunicorn(serve._listen('127.0.0.1', {port}), workers=2)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program],
        env=outside,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    made = [write(f"m{number}@example.com", next_attempt_at=timezone.now()) for number in range(5)]
    try:
        Sink.wait_for(lambda: not Delivery.objects.exclude(status="sent").exists(), seconds=120)
        # A mail server that is away is no reason not to serve.
        sink.kill()
        write("late@example.com", next_attempt_at=timezone.now())
        Sink.wait_for(lambda: Delivery.objects.filter(status="pending").exclude(last_error="").exists())
        with socket.create_connection(("127.0.0.1", port), timeout=30) as browser:
            browser.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert browser.recv(100).startswith(b"HTTP/1.1 200")
    finally:
        began = time.monotonic()
        # What Ctrl-C does: everybody in the group is told.
        os.killpg(server.pid, signal.SIGINT)
        _, err = server.communicate(timeout=60)
    assert time.monotonic() - began < 20
    assert server.returncode == 0
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.killpg(server.pid, 0)
    assert sink.ids() == {f"<{message.message_id}@notifications.portal>": 1 for message in made}


def test_without_a_mail_server_no_thread_is_started(settings):
    settings.EMAIL_HOST = ""
    assert not operations.MailServer.is_configured()
    web.post_worker_init(None)
    assert web._threads == []
