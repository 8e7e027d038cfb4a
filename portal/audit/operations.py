"""Write what was done into the audit: its sentence, in the transaction of what it is about."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from portal.audit import writer
from portal.frame import Actor


@dataclass(frozen=True)
class Affected:
    """The organisation that an entry is about."""

    uuid: uuid.UUID
    name: str


def record(
    *, app: str, event: str, description: str, by: Actor, at: datetime, organisation: Affected | None = None
) -> None:
    """Add one entry; it becomes true together with the transaction around it."""
    entry = {
        "at": at,
        "app": app,
        "event": event,
        "description": description,
        "actor": by.name,
        "actor_user_id": by.user_id,
        "organisation_uuid": organisation.uuid if organisation else None,
        "organisation_name": organisation.name if organisation else "",
    }
    writer.ENTRIES.write([entry])
