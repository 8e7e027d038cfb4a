"""Sessions and who is logged in are read by statements of our own: as Django reads them."""

import datetime as dt

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from portal.staff import permissions, roles, sessions

pytestmark = pytest.mark.django_db


def test_a_session_is_read_as_django_reads_it():
    written = db.SessionStore()
    written["a"] = "word"
    written.save()
    read = sessions.SessionStore(written.session_key)
    assert (read["a"], read.session_key) == ("word", written.session_key)
    read["b"] = 2
    read.save()
    assert dict(db.SessionStore(written.session_key).items()) == {"a": "word", "b": 2}


def test_what_has_ended_or_never_was_begins_anew(client_of):
    client = client_of("agent")
    assert client.get("/help/refunds/").status_code == 200
    key = client.cookies["sessionid"].value
    Session.objects.update(expire_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    for asked in (key, "neverwasoneofthese", "short", None):
        ended = sessions.SessionStore(asked)
        assert (dict(ended.items()), ended.session_key) == ({}, None)
    assert client.get("/help/refunds/").status_code == 302


def test_who_is_logged_in_is_read_whole_and_only_while_active(make_user):
    user = make_user("agent")
    backend = permissions.Backend()
    read, djangos = backend.get_user(user.pk), ModelBackend().get_user(user.pk)
    assert read
    assert djangos
    assert {**vars(read), "_state": None} == {**vars(djangos), "_state": None}
    assert (read._state.db, read._state.adding) == (djangos._state.db, djangos._state.adding)
    assert backend.get_user(0) is None
    user.is_active = False
    user.save()
    assert backend.get_user(user.pk) is None


def test_rights_are_those_of_groups_and_in_person(make_user):
    user = make_user("agent")
    user.groups.add(Group.objects.get(name="auditor"))
    user.user_permissions.add(*Permission.objects.filter(codename__in=("view_organisation", "post_correction")))
    expected = ModelBackend().get_all_permissions(user)
    del user._perm_cache
    read = permissions.Backend().get_user(user.pk)
    assert read
    assert permissions.Backend().get_all_permissions(read) == expected
    assert "customers.post_correction" in expected
    assert set(roles.label_of(read).split(", ")) == {roles.LABELS["agent"], roles.LABELS["auditor"]}
