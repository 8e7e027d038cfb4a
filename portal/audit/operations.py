"""The frame of every write: one transaction, marked as ours, with its sentence in the audit."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction

from portal.audit.models import AuditEntry

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Actor:
    """Who acts: a person of the staff, the system itself (nightly work), or an import."""

    kind: str
    name: str
    user_id: int | None = None

    @classmethod
    def of(cls, user: "User") -> "Actor":
        """Name the person who is logged in."""
        return cls(kind="agent", name=user.get_username(), user_id=user.pk)


SYSTEM = Actor(kind="system", name="system")
IMPORT = Actor(kind="import", name="import")


@contextmanager
def operation(name: str) -> Iterator[None]:
    """Own one durable transaction and mark it, so that the table triggers know that an operation is at work.

    The mark is local to the transaction: PostgreSQL forgets it at its end, whichever end that is. It counts where
    the transaction also leaves an entry (`record`); else what it changed is noted as changed outside an operation.

    *Raises*: RuntimeError inside another transaction (an operation is never part of a larger one).
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('portal.operation', %s, true)", [name])
        yield


@dataclass(frozen=True)
class Affected:
    """The organisation that an entry is about."""

    uuid: uuid.UUID
    name: str


def record(
    *, app: str, event: str, description: str, by: Actor, at: datetime, organisation: Affected | None = None
) -> AuditEntry:
    """Add one entry; it becomes true together with the transaction around it."""
    return AuditEntry.objects.create(
        at=at,
        app=app,
        event=event,
        description=description,
        actor=by.name,
        actor_user_id=by.user_id,
        organisation_uuid=organisation.uuid if organisation else None,
        organisation_name=organisation.name if organisation else "",
    )
