"""Everybody changes their own password; usernames are plain; a superuser stays."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from portal.audit.models import AuditEntry
from portal.staff import usernames
from tests.support import refused

pytestmark = pytest.mark.django_db

OLD, NEW = "secret-word-1", "a-quiet-harbour-7"


def change(client, old=OLD, new=NEW, again=None):
    return client.post("/password/", {"old_password": old, "new_password1": new, "new_password2": again or new})


@pytest.mark.parametrize("role", ["agent", "billing", "auditor", "superuser", ""])
def test_everybody_changes_their_own(client_of, role):
    client = client_of(role)
    elsewhere = Client()
    elsewhere.force_login(client.user, backend="portal.staff.permissions.Backend")
    answer = change(client)
    assert (answer.status_code, answer["Location"]) == (302, "/password/")
    assert "Your password was changed." in client.get("/password/").content.decode()
    client.user.refresh_from_db()
    assert client.user.check_password(NEW)
    assert elsewhere.get("/password/")["Location"] == "/log-in/?next=/password/"
    entry = AuditEntry.objects.get()
    assert (entry.event, entry.actor) == ("Password changed", client.user.username)
    assert entry.description == f"{client.user.username} changed their own password, from 127.0.0.1."


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"old": "wrong"}, "old_password", "This is not your present password."),
        ({"old": ""}, "old_password", "This is empty; expected your present password."),
        ({"again": "another-harbour-8"}, "new_password2", "The two new passwords are not the same."),
        ({"new": "short"}, "new_password2", "too short"),
        ({"new": "password123"}, "new_password2", "too common"),
    ],
)
def test_what_can_not_be_is_said_beside_its_field(client_of, typed, field, sentence):
    client = client_of("agent")
    answer = change(client, **typed)
    assert answer.status_code == 422
    assert any(sentence in error for error in answer.context["form"].errors[field])
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert NEW not in page
    client.user.refresh_from_db()
    assert client.user.check_password(OLD)
    assert not AuditEntry.objects.filter(event="Password changed").exists()


def test_guesses_of_the_present_password_are_counted(client_of, settings):
    settings.AXES_ENABLED = True
    client = client_of("agent")
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert change(client, old="wrong").status_code == 422
    assert change(client, old="wrong").status_code == 429
    assert change(client).status_code == 429
    client.user.refresh_from_db()
    assert client.user.check_password(OLD)
    assert AuditEntry.objects.filter(event="Log-in failed").count() == settings.AXES_FAILURE_LIMIT


@pytest.mark.parametrize("username", ["Söhn", "аnna", "an na", "a\n", "system", "import", ""])
def test_what_is_no_username_is_refused_by_the_portal_and_the_database(username):
    assert usernames.fault_of(username)
    is_reserved = username in usernames.RESERVED
    guard = "nobody_is_called_system_or_import" if is_reserved else "a_username_is_plain_ascii"
    with refused.by(guard), transaction.atomic():
        User.objects.bulk_create([User(username=username)])


@pytest.mark.parametrize("username", ["anna", "Anna.Lee+1@example.com", "a-b_c", "systems"])
def test_what_is_a_username_is_taken(username):
    assert usernames.fault_of(username) is None
    User.objects.bulk_create([User(username=username)])


def test_two_usernames_differ_in_more_than_their_case(client, make_user):
    make_user("", "anna")
    with refused.by("usernames_differ_in_more_than_their_case"), transaction.atomic():
        User.objects.create_user("ANNA")
    assert client.post("/log-in/", {"login": "ANNA", "password": OLD}).status_code == 302


def staff_form(user, **more):
    data = {"username": user.username, "is_active": "on"}
    if user.is_superuser:
        data["is_superuser"] = "on"
    return {name: value for name, value in {**data, **more}.items() if value is not None}


def test_the_admin_names_what_is_wrong_with_a_username(client_of, make_user):
    client = client_of("superuser")
    bert = make_user("agent", "bert")
    passwords = {"usable_password": "true", "password1": NEW, "password2": NEW}
    for username, sentence in (
        ("BERT", "There is somebody with the username “bert” already."),
        ("Söhn", "letters from A to Z"),
        ("import", "Nobody can be called “import”"),
    ):
        added = client.post("/admin/auth/user/add/", {"username": username, **passwords})
        assert sentence in added.content.decode()
        taken = "superuser-0" if username == "BERT" else username
        changed = client.post(f"/admin/auth/user/{bert.pk}/change/", staff_form(bert, username=taken.upper()))
        assert changed.status_code == 200
    assert set(User.objects.values_list("username", flat=True)) == {"bert", client.user.username}


def test_the_last_active_superuser_is_neither_switched_off_nor_demoted(client_of, make_user):
    client = client_of("superuser")
    page = f"/admin/auth/user/{client.user.pk}/change/"
    for field in ("is_active", "is_superuser"):
        answer = client.post(page, staff_form(client.user, **{field: None}))
        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors[field] == [
            "This is the last active superuser: make somebody else one first."
        ]
    make_user("superuser", "second")
    assert client.post(page, staff_form(client.user, is_superuser=None)).status_code == 302
    client.user.refresh_from_db()
    assert client.user.is_superuser is False


def test_changes_of_staff_say_before_and_after(client_of, make_user):
    client = client_of("superuser")
    bert = make_user("agent", "bert")
    billing = str(Group.objects.get(name="billing").pk)
    more = {"is_active": None, "groups": [billing], "email": "bert@example.com"}
    assert client.post(f"/admin/auth/user/{bert.pk}/change/", staff_form(bert, **more)).status_code == 302
    entry = AuditEntry.objects.get()
    assert entry.event == "User changed in the admin"
    assert entry.description == (
        "“bert” was changed. Email address: none → bert@example.com. Active: yes → no. "
        "Role: Support agent → Billing."
    )
