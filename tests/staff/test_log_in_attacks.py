"""What somebody tries who wants in: guesses at the same moment, other spellings, other addresses, foreign forms."""

import threading

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from portal.audit.models import AuditEntry
from portal.lib import proxies
from portal.staff import logins, permissions

pytestmark = pytest.mark.django_db(transaction=True)

RIGHT = "secret-word-1"
HERE, ELSEWHERE = "203.0.113.9", "198.51.100.1"


@pytest.fixture(autouse=True)
def staff(settings):
    settings.AXES_ENABLED = True
    for name in ("mira", "sara"):
        User.objects.create_user(name, password=RIGHT)


def log_in(client, name="mira", password="wrong", **more):
    return client.post("/log-in/", {"login": name, "password": password, **more.pop("data", {})}, **more)


def told(event):
    return list(AuditEntry.objects.filter(event=event).order_by("id").values_list("description", flat=True))


class Examined:
    """Note each password that is looked at; none is found wrong before all others are looked at too, or refused."""

    def __init__(self):
        self.names = []
        self.asked = self.answered = 0
        self.changed = threading.Condition()

    def look(self, username):
        with self.changed:
            self.names.append(username)
            self.changed.notify_all()
            self.changed.wait_for(lambda: len(self.names) + self.answered >= self.asked, timeout=60)

    def answer(self):
        with self.changed:
            self.answered += 1
            self.changed.notify_all()


@pytest.fixture
def examined(monkeypatch):
    seen = Examined()
    looks = permissions.Backend.authenticate

    def observed(self, request, username=None, password=None, **more):
        seen.look(username)
        return looks(self, request, username=username, password=password, **more)

    monkeypatch.setattr(permissions.Backend, "authenticate", observed)
    return seen


def at_once(calls, seen=None):
    """Run the calls in threads that start together; give what each answered."""
    barrier, answers = threading.Barrier(len(calls)), []
    seen = seen or Examined()
    seen.names, seen.asked, seen.answered = [], len(calls), 0

    def run(call):
        try:
            barrier.wait(20)
            answers.append(call().status_code)
        finally:
            seen.answer()
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


# ---- Guesses at the same moment ------------------------------------------------------------------------------


def test_at_once_no_more_passwords_are_looked_at_than_one_after_the_other(settings, examined):
    settings.AXES_FAILURE_LIMIT = 4
    answers = at_once([lambda: log_in(Client())] * 16, examined)
    assert len(examined.names) == 4
    assert len(answers) == 16
    assert answers.count(429) >= 12
    (attempt,) = AccessAttempt.objects.all()
    assert attempt.failures_since_start == 4
    assert log_in(Client(), password=RIGHT).status_code == 429


def test_at_once_over_many_names_neither(settings, examined):
    settings.FAILURES_OF_AN_ADDRESS = 5
    answers = at_once([lambda name=f"name-{number}": log_in(Client(), name) for number in range(14)], examined)
    assert len(examined.names) == 5
    assert answers.count(429) >= 9


def test_at_once_a_known_device_is_slowed(settings, examined):
    device = Client()
    assert log_in(device, password=RIGHT).status_code == 302
    cookie = device.cookies[logins.COOKIE].value
    settings.AXES_FAILURE_LIMIT = 3

    def guess():
        client = Client()
        client.cookies[logins.COOKIE] = cookie
        return log_in(client)

    assert at_once([guess] * 12, examined).count(429) >= 9
    assert len(examined.names) == 3


def test_the_right_password_at_the_last_try_lets_in_and_is_no_failure(settings):
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert log_in(Client()).status_code == 200
    assert log_in(Client(), password=RIGHT).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_the_right_present_password_is_no_failure(client, settings):
    log_in(client, password=RIGHT)
    for _ in range(settings.AXES_FAILURE_LIMIT + 2):
        typed = {"old_password": RIGHT, "new_password1": "short", "new_password2": "short"}
        assert client.post("/password/", typed).status_code == 422
    assert not AccessAttempt.objects.exists()


def test_refusals_at_once_are_told_once(settings):
    settings.AXES_FAILURE_LIMIT = 1
    log_in(Client())
    assert set(at_once([lambda: log_in(Client())] * 10)) == {429}
    assert len(told("Log-in refused")) == 1


# ---- Other spellings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["mıra", "ſara", "MıRA", "mira\u200b", "ｍira"])
def test_another_spelling_is_another_name(client, username):
    """The database's upper case has ASCII for some letters: each spelling had a count of its own."""
    assert log_in(client, username, RIGHT).status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("username", ["MIRA", " mira ", "mirA\t"])
def test_case_and_spaces_have_one_count(client, settings, username):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in(client, username)
    assert answer.status_code == 429
    assert log_in(Client(), password=RIGHT).status_code == 429


# ---- Other addresses -----------------------------------------------------------------------------------------


def test_without_a_trusted_proxy_nobody_comes_from_elsewhere(client, settings):
    for number in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in(client, headers={"X-Forwarded-For": f"192.0.2.{number}"}, REMOTE_ADDR=HERE)
    assert answer.status_code == 429
    assert AccessAttempt.objects.get().ip_address == HERE
    # Nor can anybody be locked out somewhere else in this way.
    assert log_in(Client(), password=RIGHT, REMOTE_ADDR="192.0.2.1").status_code == 302


def test_behind_a_trusted_proxy_what_the_client_says_of_itself_counts_for_nothing(client, settings):
    settings.TRUSTED_PROXIES = [proxies.network("127.0.0.1")]
    for number in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in(client, headers={"X-Forwarded-For": f"192.0.2.{number}, 127.0.0.1, {HERE}"})
    assert answer.status_code == 429
    assert AccessAttempt.objects.get().ip_address == HERE


def test_one_name_from_many_addresses_locks_none_but_those(client, settings):
    for number in range(3 * settings.AXES_FAILURE_LIMIT):
        assert log_in(client, REMOTE_ADDR=f"198.51.100.{number}").status_code == 200
    assert log_in(client, password=RIGHT, REMOTE_ADDR=HERE).status_code == 302


# ---- The audit is not filled ---------------------------------------------------------------------------------


def test_who_is_locked_does_not_fill_the_audit_with_other_names(client, settings):
    settings.FAILURES_OF_AN_ADDRESS = 3
    with time_machine.travel("2026-03-10T09:00:00Z", tick=False) as clock:
        for number in range(3):
            log_in(client, f"name-{number}", REMOTE_ADDR="2001:db8:1:2::1")
        for number in range(20):
            # Another name from another address of the network each time.
            answer = log_in(client, f"other-{number}", REMOTE_ADDR=f"2001:db8:1:2::{number + 1:x}")
            assert answer.status_code == 429
        clock.shift(61)
        log_in(client, "again", REMOTE_ADDR="2001:db8:1:2::99")
    assert told("Log-in refused") == [
        f"A log-in as “{name}” from 2001:db8:1:2::/64 was refused: after too many failures this address is locked "
        "for every name."
        for name in ("other-0", "again")
    ]


def test_what_is_sent_with_a_try_is_not_kept(client):
    log_in(client, data={"more": "x" * 100_000})
    attempt = AccessAttempt.objects.get()
    assert (attempt.post_data, attempt.get_data) == ("", "")


# ---- What nobody would type ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("mira", "x" * 900_000, "The username or the password is wrong."),
        ("mira", "a\0b", "Null characters are not allowed."),
        ("mi\0ra", RIGHT, "Null characters are not allowed."),
        ("m" * 10_000, RIGHT, "at most 150 characters (it has 10000)"),
        ("mira", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "is wrong."),
    ],
)
def test_whatever_is_typed_is_answered_with_a_sentence(client, name, password, sentence):
    answer = log_in(client, name, password)
    page = answer.content.decode()
    assert (answer.status_code, sentence in page) == (200, True)
    assert password not in page
    assert "_auth_user_id" not in client.session


def test_a_form_above_the_limit_is_refused(client):
    assert log_in(client, password="x" * 1_000_001).status_code == 400


# ---- Foreign forms and sessions ------------------------------------------------------------------------------


def test_no_foreign_form_logs_anybody_in():
    client = Client(enforce_csrf_checks=True)
    assert log_in(client, password=RIGHT).status_code == 403
    client.get("/log-in/")
    token = client.cookies["csrftoken"].value
    assert log_in(client, password=RIGHT, data={"csrfmiddlewaretoken": "x" * len(token)}).status_code == 403
    assert "_auth_user_id" not in client.session
    assert log_in(client, password=RIGHT, data={"csrfmiddlewaretoken": token}).status_code == 302


def test_the_session_of_before_the_log_in_is_worth_nothing(client):
    client.session["planted"] = 1
    session = client.session
    session["planted"] = 1
    session.save()
    before, token = session.session_key, client.get("/log-in/").cookies["csrftoken"].value
    client.cookies["sessionid"] = before
    assert log_in(client, password=RIGHT).status_code == 302
    assert client.cookies["sessionid"].value != before
    assert not Session.objects.filter(session_key=before).exists()
    assert client.cookies["csrftoken"].value != token
    stranger = Client()
    stranger.cookies["sessionid"] = before
    assert stranger.get("/customers/").status_code == 302


def test_a_session_of_nobody_is_not_taken_up(client):
    client.cookies["sessionid"] = "a" * 32
    log_in(client, password=RIGHT)
    assert client.cookies["sessionid"].value != "a" * 32


@pytest.mark.parametrize("wildcard", [[], ["*"]])
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example\\",
        "https:evil.example",
        "http:///evil.example/",
        "/\t/evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://testserver@evil.example/",
        "https://testserver.evil.example/",
        "\x00//evil.example",
    ],
)
def test_nobody_is_led_away(client, settings, target, wildcard):
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *wildcard]
    assert log_in(client, password=RIGHT, data={"next": target})["Location"] == "/"
    # Who is in already is led on at once.
    assert client.get("/log-in/", {"next": target})["Location"] == "/"
