"""Roles have exactly the permissions that this version gives them, also those that were there before it."""

import io

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from portal.staff import roles

pytestmark = pytest.mark.django_db


def _names(role: str) -> list[str]:
    found = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
    return sorted(f"{app}.{codename}" for app, codename in found)


def test_migrating_leaves_each_role_with_its_permissions():
    assert {role: _names(role) for role in roles.ROLES} == {
        role: sorted(names) for role, names in roles.ROLES.items()
    }
    assert roles.are_up_to_date()


def test_a_new_permission_reaches_a_role_that_was_there_and_a_former_one_leaves_it():
    agents = Group.objects.get(name="agent")
    agents.permissions.remove(Permission.objects.get(codename="terminate_subscription"))
    agents.permissions.add(Permission.objects.get(codename="view_auditentry"))
    Group.objects.get(name="auditor").delete()
    Group.objects.create(name="of our own").permissions.add(Permission.objects.get(codename="view_session"))
    assert not roles.are_up_to_date()
    call_command("migrate", verbosity=0, stdout=io.StringIO())
    assert roles.are_up_to_date()
    assert (_names("agent"), _names("auditor")) == (sorted(roles.ROLES["agent"]), sorted(roles.ROLES["auditor"]))
    assert _names("of our own") == ["sessions.view_session"]


def test_a_permission_that_is_not_there_yet_is_waited_for():
    Permission.objects.filter(codename="view_auditentry").delete()
    roles.bring_up_to_date()
    assert _names("auditor") == sorted(set(roles.ROLES["auditor"]) - {"audit.view_auditentry"})
    assert not roles.are_up_to_date()
