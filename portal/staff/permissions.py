"""What a person may do, read in one query instead of one for the person and one for the groups."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.http import HttpRequest

from portal.staff import selectors


class Backend(ModelBackend):
    """Django's own, asking once: each page of the portal asks who may see it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> User | None:
        """Take a username in any case: no two differ in that alone."""
        if username and (meant := selectors.named(username)):
            username = meant.username
        return super().authenticate(request, username=username, password=password, **more)

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """Give what a person may do, by groups or in person, and keep it for the request."""
        if obj is not None or not user_obj.is_active or user_obj.is_anonymous or user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        kept: set[str] | None = getattr(user_obj, "_perm_cache", None)
        if kept is None:
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
            kept = {f"{app}.{codename}" for app, codename in theirs.union(of_groups)}
            user_obj._perm_cache = kept  # type: ignore[attr-defined]  # where Django itself looks for them
        return kept
