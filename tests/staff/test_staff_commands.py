"""createsuperuser, changepassword and the lifting of locks: refused in words, told in the audit."""

import getpass
import io
import sys

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.staff import selectors
from tests.support.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = "secret-word-1", "a-quiet-harbour-7"


def told():
    return list(AuditEntry.objects.order_by("id").values_list("event", "description", "actor"))


def state():
    return list(User.objects.order_by("pk").values()), told()


# ---- createsuperuser -----------------------------------------------------------------------------------------


def create(username, **more):
    out = io.StringIO()
    call_command("createsuperuser", username=username, email="a@example.com", interactive=False, stdout=out, **more)
    return out.getvalue()


@pytest.mark.parametrize(
    ("username", "sentence"),
    [
        ("system", "Nobody can be called “system”"),
        ("Import", "Nobody can be called “Import”"),
        ("Söhn", "letters from A to Z"),
        ("аnna", "letters from A to Z"),
        ("an na", "letters from A to Z"),
        ("", "letters from A to Z"),
        ("a" * 151, "150 characters at most"),
        ("anna", "There is somebody with the username “anna” already."),
        ("ANNA", "There is somebody with the username “anna” already."),
    ],
)
def test_createsuperuser_refuses_what_is_no_username_in_words(make_user, username, sentence):
    make_user("agent", "anna")
    before = state()
    with pytest.raises(CommandError, match=sentence) as refused:
        create(username)
    assert "\n" not in str(refused.value)
    assert state() == before


def test_createsuperuser_reads_the_name_of_the_environment(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "System")
    with pytest.raises(CommandError, match="Nobody can be called “System”"):
        create(None)
    assert not User.objects.exists()


def test_createsuperuser_is_told_in_the_audit(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
    assert create("mara") == "Superuser created successfully.\n"
    mara = User.objects.get()
    assert (mara.username, mara.is_superuser, mara.check_password(NEW)) == ("mara", True, True)
    assert told() == [("Staff created", "mara was created with the role Superuser.", "system")]


def test_createsuperuser_asks_again_until_the_name_can_be_used(monkeypatch, make_user):
    make_user("agent", "anna")
    names = iter(["import", "Anna", "mara", "a@example.com"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(names))
    monkeypatch.setattr(getpass, "getpass", lambda *prompt: NEW)
    said = io.StringIO()
    call_command("createsuperuser", stdin=Terminal(), stdout=io.StringIO(), stderr=said)
    assert "Nobody can be called “import”" in said.getvalue()
    assert "There is somebody with the username “anna” already." in said.getvalue()
    assert User.objects.get(is_superuser=True).username == "mara"
    assert [event for event, *_ in told()] == ["Staff created"]


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_createsuperuser_broken_off_creates_nobody(monkeypatch, end):
    def broken_off(prompt: str) -> str:
        raise end

    monkeypatch.setattr("builtins.input", broken_off)
    with pytest.raises((CommandError, SystemExit)):
        call_command("createsuperuser", stdin=Terminal(), stdout=io.StringIO(), stderr=io.StringIO())
    assert state() == ([], [])


def test_createsuperuser_without_a_terminal_says_what_to_do():
    with pytest.raises(CommandError, match="There is no terminal to ask: use --noinput"):
        call_command("createsuperuser", stdin=io.StringIO())
    assert state() == ([], [])


@pytest.mark.parametrize("theirs", ["mara", "MARA"])
def test_createsuperuser_says_who_was_quicker(monkeypatch, make_user, theirs):
    make_user("agent", theirs)
    before = state()
    monkeypatch.setattr(selectors, "fault_of_username", lambda *_: None)
    with pytest.raises(CommandError, match="somebody with the username “mara” already. Nobody was created."):
        create("mara")
    assert state() == before


# ---- changepassword ------------------------------------------------------------------------------------------


def change(monkeypatch, username, text=f"{NEW}\n"):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    out = io.StringIO()
    call_command("changepassword", username, "--password-stdin", stdout=out)
    return out.getvalue()


def test_changepassword_is_told_in_the_audit(monkeypatch, make_user):
    anna = make_user("agent", "anna")
    assert change(monkeypatch, "ANNA") == "anna has another password, and is logged out everywhere.\n"
    anna.refresh_from_db()
    assert anna.check_password(NEW)
    assert told() == [("Password changed", "anna was given another password on the command line.", "system")]


@pytest.mark.parametrize(
    ("username", "text", "sentence"),
    [
        ("nobody", f"{NEW}\n", "There is nobody with the username “nobody”."),
        ("anna", "short\n", "The password can't be used: .*too short"),
        ("anna", "", "no password on standard input"),
    ],
)
def test_changepassword_refuses_in_words(monkeypatch, make_user, username, text, sentence):
    make_user("agent", "anna")
    before = state()
    with pytest.raises(CommandError, match=sentence):
        change(monkeypatch, username, text)
    assert state() == before


def test_changepassword_leaves_what_others_change_meanwhile(monkeypatch, make_user):
    anna = make_user("agent", "anna")
    monkeypatch.setattr(sys, "stdin", Terminal())

    def typed_slowly(prompt: str) -> str:
        User.objects.filter(pk=anna.pk).update(is_active=False, email="new@example.com")
        return NEW

    monkeypatch.setattr(getpass, "getpass", typed_slowly)
    call_command("changepassword", "anna", stdout=io.StringIO())
    anna.refresh_from_db()
    assert (anna.is_active, anna.email, anna.check_password(NEW)) == (False, "new@example.com", True)


# ---- The admin -----------------------------------------------------------------------------------------------


def test_somebody_elses_password_is_told_in_the_audit(client_of, make_user):
    client, bert = client_of("superuser"), make_user("agent", "bert")
    page, by = f"/admin/auth/user/{bert.pk}/password/", client.user.username
    short = {"usable_password": "true", "password1": "short", "password2": "short"}
    assert client.post(page, short).status_code == 200
    assert told() == []
    given = {"usable_password": "true", "password1": NEW, "password2": NEW}
    assert client.post(page, given).status_code == 302
    assert client.post(page, {"usable_password": "false", "unset-password": "1"}).status_code == 302
    assert told() == [
        ("Password changed", f"bert was given another password: by {by} in the admin.", by),
        ("Password changed", f"bert can't log in with a password any more: by {by} in the admin.", by),
    ]


# ---- Locks ---------------------------------------------------------------------------------------------------


@pytest.fixture
def attempts():
    return [
        AccessAttempt.objects.create(
            username=name, ip_address=place, user_agent=device, failures_since_start=10, attempt_time=timezone.now()
        )
        for name, place, device in (
            ("anna", "203.0.113.9", ""),
            ("anna", "198.51.100.1", "device x"),
            ("bert", "2001:db8:1:2::", ""),
        )
    ]


def test_who_lifts_a_lock_in_the_admin_is_told(client_of, attempts):
    client = client_of("superuser")
    by, table = client.user.username, "/admin/axes/accessattempt/"
    listed = client.get(table).content.decode()
    assert "203.0.113.9" in listed
    page = f"{table}{attempts[0].pk}/"
    assert client.get(f"{page}change/").status_code == 200
    assert client.post(f"{page}change/", {"failures_since_start": "0"}).status_code == 403
    assert client.get(f"{page}delete/").status_code == 200
    assert told() == []
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 302
    assert told() == [
        ("Log-in lock lifted", "Failed log-ins that are forgotten: 10 of “anna” from 203.0.113.9.", by)
    ]
    chosen = [str(one.pk) for one in attempts[1:]]
    action = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    assert client.post(table, action).status_code == 302
    assert {sentence for _, sentence, _ in told()[1:]} == {
        "Failed log-ins that are forgotten: 10 of “anna” on a device known for it.",
        "Failed log-ins that are forgotten: 10 of “bert” from 2001:db8:1:2::.",
    }
    assert not AccessAttempt.objects.exists()


def test_only_superusers_lift_locks(client_of, attempts):
    for role in ("agent", "billing", "auditor"):
        page = f"/admin/axes/accessattempt/{attempts[0].pk}/delete/"
        assert client_of(role).post(page, {"post": "yes"}).status_code == 403
    assert AccessAttempt.objects.count() == 3


@pytest.mark.parametrize(
    ("words", "left", "sentence"),
    [
        (("axes_reset_username", "Anna"), ["bert"], "20 of “Anna”"),
        (("axes_reset_ip", "203.0.113.9"), ["anna", "bert"], "10 from 203.0.113.9"),
        (("axes_reset_ip", "2001:db8:1:2:3::4"), ["anna", "anna"], "10 from 2001:db8:1:2:3::4"),
        (("axes_reset_ip_username", "203.0.113.9", "ANNA"), ["anna", "bert"], "10 of “ANNA” from 203.0.113.9"),
        (("axes_reset",), [], "30 in all"),
        (("axes_reset_username", "nobody"), ["anna", "anna", "bert"], None),
    ],
)
def test_the_command_line_lifts_locks_however_they_are_written(attempts, words, left, sentence):
    call_command(*words, stdout=io.StringIO())
    assert sorted(AccessAttempt.objects.values_list("username", flat=True)) == left
    expected = [("Log-in lock lifted", f"Failed log-ins that are forgotten: {sentence}.", "system")]
    assert told() == (expected if sentence else [])
