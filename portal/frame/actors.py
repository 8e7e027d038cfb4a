"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Actor:
    """Who acts: a person of the staff, the system itself (nightly work), or an import."""

    kind: str
    name: str
    user_id: int | None = None

    @classmethod
    def of(cls, user: User) -> Actor:
        """Name the person who is logged in."""
        return cls(kind="agent", name=user.get_username(), user_id=user.pk)

    @property
    def identity(self) -> str:
        """Tell this actor from all others, also when a user name changes."""
        return f"{self.kind}:{self.name if self.user_id is None else self.user_id}"


SYSTEM = Actor(kind="system", name="system")
IMPORT = Actor(kind="import", name="import")
