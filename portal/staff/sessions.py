"""Django's sessions in the database, read by a statement that is not composed anew for each request."""

from typing import Any

from django.contrib.sessions.backends import db
from django.db import connection
from django.utils import timezone

_READ = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    """Django's own; what it signs is named after this class, so they read each other's."""

    def load(self) -> dict[str, Any]:
        """Read the session. Without one, or after its end, a new one begins."""
        with connection.cursor() as cursor:
            cursor.execute(_READ, [self.session_key, timezone.now()])
            found: tuple[str] | None = cursor.fetchone()
        if found is None:
            self._session_key = None
            return {}
        return self.decode(found[0])
