"""create_staff: who logs in is made on the command line, or in the admin."""

import getpass
import io
import sys

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.frame import SYSTEM
from portal.staff.operations import accounts
from tests.support.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a-quiet-harbour-7"


@pytest.fixture
def from_stdin(monkeypatch):
    def run(username: str, role: str, text: str = f"{PASSWORD}\n") -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        out = io.StringIO()
        call_command("create_staff", username, "--role", role, "--password-stdin", stdout=out)
        return out.getvalue()

    return run


@pytest.mark.parametrize("role", ["agent", "billing", "auditor"])
def test_a_role_is_a_group(from_stdin, role):
    assert from_stdin("anna", role) == f"anna was created with the role {role}.\n"
    user = User.objects.get(username="anna")
    assert [group.name for group in user.groups.all()] == [role]
    assert (user.is_superuser, user.is_staff, user.is_active) == (False, False, True)
    assert user.check_password(PASSWORD)
    assert user.has_perm("customers.view_organisation")
    entry = AuditEntry.objects.get()
    assert (entry.app, entry.event, entry.actor) == ("Portal", "Staff created", "system")
    assert entry.description.startswith("anna was created with the role ")
    assert PASSWORD not in entry.description


def test_a_superuser_is_in_no_group(from_stdin):
    from_stdin("root", "superuser")
    user = User.objects.get(username="root")
    assert (user.is_superuser, user.is_staff, user.groups.count()) == (True, True, 0)


def test_a_password_may_have_spaces_at_its_ends(from_stdin):
    from_stdin("anna", "agent", "  spaced harbour 7  \r\nsecond line\n")
    assert User.objects.get().check_password("  spaced harbour 7  ")


@pytest.mark.parametrize(
    ("username", "text", "sentence"),
    [
        ("anna", "short\n", "too short"),
        ("anna", "password123\n", "too common"),
        ("annabella", "annabella1\n", "too similar to the username"),
        ("anna", "", "no password on standard input"),
        ("anna", "\n", "no password on standard input"),
        ("an na", f"{PASSWORD}\n", "username can't be used"),
        ("", f"{PASSWORD}\n", "username can't be used"),
        ("a" * 151, f"{PASSWORD}\n", "username can't be used"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(from_stdin, username, text, sentence):
    with pytest.raises(CommandError, match=sentence) as raised:
        from_stdin(username, "agent", text)
    assert raised.value.returncode == 1
    assert not User.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_username_is_taken_whatever_its_case(from_stdin):
    from_stdin("anna", "agent")
    for username in ("anna", "ANNA"):
        with pytest.raises(CommandError, match="already"):
            from_stdin(username, "superuser")
    assert User.objects.get().is_superuser is False
    assert AuditEntry.objects.count() == 1
    with pytest.raises(accounts.UsernameTaken):
        accounts.create_staff(username="Anna", role="agent", password=PASSWORD, by=SYSTEM, at=timezone.now())


def test_an_unknown_role_is_refused(from_stdin):
    with pytest.raises(CommandError, match="invalid choice"):
        from_stdin("anna", "boss")


def test_a_terminal_is_asked_twice(monkeypatch):
    answers = iter([PASSWORD, PASSWORD])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))
    call_command("create_staff", "anna", "--role", "agent", stdout=io.StringIO())
    assert User.objects.get().check_password(PASSWORD)
    assert not list(answers)


def test_two_different_answers_create_nobody(monkeypatch):
    answers = iter([PASSWORD, "something-else-7"])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))
    with pytest.raises(CommandError, match="not the same"):
        call_command("create_staff", "anna", "--role", "agent")
    assert not User.objects.exists()


def test_without_a_terminal_the_flag_is_needed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(CommandError, match="--password-stdin"):
        call_command("create_staff", "anna", "--role", "agent")
