"""Who fails is locked out; who only shares a name or an address with them is not."""

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.lib import proxies
from portal.staff import logins, policies
from portal.staff.operations import log_ins

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = "203.0.113.9", "198.51.100.1"
RIGHT = "secret-word-1"


@pytest.fixture(autouse=True)
def clock(settings):
    settings.AXES_ENABLED = True
    settings.TRUSTED_PROXIES = [proxies.network("127.0.0.1")]
    with time_machine.travel("2026-03-10T09:00:00Z", tick=False) as moved:
        yield moved


@pytest.fixture(autouse=True)
def staff(db):
    return [User.objects.create_user(name, password=RIGHT) for name in ("anna", "bob")]


def log_in(client, name="anna", password="wrong", *, at=HERE):
    return client.post(
        "/log-in/", {"login": name, "password": password}, headers={"X-Forwarded-For": f"192.0.2.1, {at}"}
    )


def fail(client, times, *names, at=HERE):
    for number in range(times):
        answer = log_in(client, names[number % len(names)] if names else "anna", at=at)
    return answer


def known(name="anna"):
    """A browser that has logged in before."""
    client = Client()
    assert log_in(client, name, RIGHT, at=ELSEWHERE).status_code == 302
    client.post("/log-out/")
    return client


def test_behind_a_proxy_the_address_of_the_client_counts(client, settings):
    assert fail(client, settings.AXES_FAILURE_LIMIT).status_code == 429
    assert log_in(client, password=RIGHT).status_code == 429
    assert log_in(Client(), password=RIGHT, at=ELSEWHERE).status_code == 302


def test_a_name_has_one_count_whatever_its_case_and_the_browser(client, settings):
    for number in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post(
            "/log-in/",
            {"login": "ANNA" if number % 2 else "anna", "password": "wrong"},
            headers={"User-Agent": f"browser {number}"},
        )
    assert answer.status_code == 429


def test_one_address_may_not_try_name_after_name(client, settings):
    names = [f"name-{number}" for number in range(settings.FAILURES_OF_AN_ADDRESS)]
    assert fail(client, len(names) - 1, *names).status_code == 200
    answer = log_in(client, "another")
    assert answer.status_code == 429
    assert "with different usernames" in answer.content.decode()
    assert log_in(Client(), password=RIGHT).status_code == 429
    assert log_in(Client(), password=RIGHT, at=ELSEWHERE).status_code == 302


def test_an_ipv6_client_has_one_count_for_its_network(client, settings):
    for number in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in(client, at=f"2001:db8:1:2::{number + 1:x}")
    assert answer.status_code == 429
    assert log_in(Client(), password=RIGHT, at="2001:db8:1:3::1").status_code == 302


def test_a_lock_ends_after_a_quarter_of_an_hour(client, settings, clock):
    fail(client, settings.AXES_FAILURE_LIMIT)
    clock.shift(14 * 60)
    refused = log_in(client, password=RIGHT)
    assert (refused.status_code, refused["Retry-After"]) == (429, "900")
    clock.shift(2 * 60)
    assert log_in(client, password=RIGHT).status_code == 302


def test_a_known_device_is_not_locked_by_others(client, settings):
    device = known()
    fail(client, settings.AXES_FAILURE_LIMIT)
    fail(client, settings.FAILURES_OF_AN_ADDRESS, *(f"name-{number}" for number in range(100)))
    assert log_in(client, password=RIGHT).status_code == 429
    assert log_in(device, password=RIGHT).status_code == 302
    # For another name it is a stranger.
    device.post("/log-out/")
    assert log_in(device, "bob", RIGHT).status_code == 429


def test_a_known_device_is_slowed(settings, clock):
    device = known()
    answer = fail(device, settings.AXES_FAILURE_LIMIT)
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert "wait half a minute" in answer.content.decode()
    assert log_in(device, password=RIGHT).status_code == 429
    clock.shift(31)
    assert log_in(device).status_code == 429
    clock.shift(31)
    assert log_in(device, password=RIGHT).status_code == 302
    # What it failed is its own: a stranger at the address begins anew.
    assert log_in(Client()).status_code == 200


def test_the_cookie_of_a_device_is_signed_and_no_script_reads_it(client, settings, clock):
    device = known()
    cookie = device.cookies[logins.COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    fail(client, settings.AXES_FAILURE_LIMIT)
    for forged in ("", "x", cookie.value[:-1], "eyJhbm5hIjoieCJ9:1w:x"):
        stranger = Client()
        stranger.cookies[logins.COOKIE] = forged
        assert log_in(stranger, password=RIGHT).status_code == 429
    clock.shift(logins.KNOWN_FOR + policies.PAUSE)
    fail(client, settings.AXES_FAILURE_LIMIT)
    assert log_in(device, password=RIGHT).status_code == 429


def test_a_success_forgets_only_its_own_failures(client, settings):
    fail(client, settings.AXES_FAILURE_LIMIT - 1)
    assert log_in(Client(), "bob", RIGHT).status_code == 302
    assert log_in(client).status_code == 429


def test_a_success_elsewhere_forgets_no_failures_of_this_address(client, settings):
    fail(client, settings.AXES_FAILURE_LIMIT - 1)
    assert log_in(Client(REMOTE_ADDR="203.0.113.7"), password=RIGHT).status_code == 302
    log_in(client)
    assert log_in(client, password=RIGHT).status_code == 429


def told():
    return [(entry.event, entry.description, entry.actor) for entry in AuditEntry.objects.order_by("id")]


def test_each_try_is_in_the_audit_with_name_and_address(client, settings):
    log_in(client, "nobody")
    log_in(client)
    log_in(client, password=RIGHT)
    assert told() == [
        (
            "Log-in failed",
            f"A log-in as “{name}” from {HERE} failed: the username or the password is wrong.",
            "system",
        )
        for name in ("nobody", "anna")
    ] + [("Logged in", f"anna logged in from {HERE}.", "anna")]


def test_a_refusal_is_told_once_in_a_minute(client, settings, clock):
    fail(client, settings.AXES_FAILURE_LIMIT)
    for _ in range(3):
        log_in(client, password=RIGHT)
    assert [event for event, *_ in told()].count("Log-in refused") == 1
    assert told()[-1][1] == (
        f"A log-in as “anna” from {HERE} was refused: after too many failures this name is locked for this address."
    )
    clock.shift(61)
    log_in(client, password=RIGHT)
    assert [event for event, *_ in told()].count("Log-in refused") == 2


def test_what_is_no_name_does_not_spoil_the_audit(client):
    log_in(client, "a\nb\u202e")
    assert told()[0][1].startswith("A log-in as “a�b�” from")
    log_ins.note_failed_log_in(name="c" * 5000, address=HERE, refusal=None, at=timezone.now())
    assert f"“{'c' * 149}…”" in told()[1][1]
