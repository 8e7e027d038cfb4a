"""What a person may do comes from groups and from permissions of their own, in one question."""

import pytest
from django.contrib.auth.models import Group, Permission, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    made = User.objects.create_user("someone")
    made.groups.add(Group.objects.get(name="agent"))
    made.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    return User.objects.get(pk=made.pk)


def test_groups_and_own_permissions_are_one_question(user, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert user.has_perm("subscriptions.terminate_subscription")
        assert user.has_perm("audit.view_auditentry")
        assert not user.has_perm("invoicing.void_creditnote")
    assert user.get_all_permissions() == user.get_group_permissions() | user.get_user_permissions()


def test_who_left_may_nothing(user):
    user.is_active = False
    assert not user.has_perm("subscriptions.terminate_subscription")
    assert not user.get_all_permissions()


def test_nobody_may_anything_with_one_object(user):
    assert not user.has_perm("audit.view_auditentry", user)
