"""What a person may do, read in one query instead of one for the person and one for the groups."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Permission
from django.http import HttpRequest

from portal.staff import selectors


class Backend(ModelBackend):
    """Django's own, asking once: each page of the portal asks who may see it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> AbstractBaseUser | None:
        """Take a username in any case: no two differ in that alone."""
        if username and (meant := selectors.named(username)):
            username = meant.username
        return super().authenticate(request, username=username, password=password, **more)

    def get_all_permissions(self, user_obj: AbstractBaseUser | AnonymousUser, obj: Any = None) -> set[str]:
        """Give what a person may do, by groups or in person, and keep it for the request."""
        if obj is not None or not user_obj.is_active or user_obj.is_anonymous or user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):
            theirs = (
                Permission.objects.filter(user=user_obj)
                .order_by()
                .values_list("content_type__app_label", "codename")
            )
            of_groups = (
                Permission.objects.filter(group__user=user_obj)
                .order_by()
                .values_list("content_type__app_label", "codename")
            )
            user_obj._perm_cache = {f"{app}.{codename}" for app, codename in theirs.union(of_groups)}
        return user_obj._perm_cache
