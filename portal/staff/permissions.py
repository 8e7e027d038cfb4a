"""What a person may do, read in one query instead of one for the person and one for the groups."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.http import HttpRequest

from portal.staff import selectors

# As SQL, for each request asks both: composing a query anew takes longer than PostgreSQL takes to answer it.
_COLUMNS = [str(field.column) for field in User._meta.concrete_fields]
_WHO = f"SELECT {', '.join(_COLUMNS)} FROM auth_user WHERE id = %s"  # noqa: S608  # the columns of a model
_MAY = """
SELECT t.app_label || '.' || p.codename
FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
WHERE p.id IN (
    SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %s
    UNION ALL
    SELECT g.permission_id FROM auth_group_permissions g JOIN auth_user_groups u USING (group_id)
    WHERE u.user_id = %s
)
"""


class Backend(ModelBackend):
    """Django's own, asking once: each page of the portal asks who may see it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> User | None:
        """Take a username in any case: no two differ in that alone."""
        if username and (meant := selectors.named(username)):
            username = meant.username
        return super().authenticate(request, username=username, password=password, **more)

    def get_user(self, user_id: int) -> User | None:
        """Give who is logged in, unless they may no longer."""
        with connection.cursor() as cursor:
            cursor.execute(_WHO, [user_id])
            row = cursor.fetchone()
        user = User.from_db(connection.alias, _COLUMNS, row) if row else None
        return user if self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """Give what a person may do, by groups or in person, and keep it for the request."""
        if obj is not None or not user_obj.is_active or user_obj.is_anonymous or user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        kept: set[str] | None = getattr(user_obj, "_perm_cache", None)
        if kept is None:
            with connection.cursor() as cursor:
                cursor.execute(_MAY, [user_obj.pk, user_obj.pk])
                kept = {permission for (permission,) in cursor.fetchall()}
            user_obj._perm_cache = kept  # type: ignore[attr-defined]  # where Django itself looks for them
        return kept
