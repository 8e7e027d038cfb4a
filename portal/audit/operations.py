"""Record events: what people read of it and what machines do, in the transaction of what it is about."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.audit import kinds, writer
from portal.frame import Actor


@dataclass(frozen=True)
class Affected:
    """The organisation that an event is about."""

    uuid: uuids.UUID
    name: str


@dataclass(frozen=True)
class Subject:
    """What an event is about: a kind of thing, and its UUID."""

    kind: str
    uuid: uuids.UUID


def record(
    kind: str,
    *,
    sentence: str,
    by: Actor,
    at: datetime,
    subject: Subject | None = None,
    data: Mapping[str, Any] | None = None,
    organisation: Affected | None = None,
    app: str = "",
    label: str = "",
) -> int:
    """Add one event and return its key; it becomes true together with the transaction around it.

    *Shape*: `kind` is declared (`portal.audit.kinds`); its app and label stand where none is given. `sentence` is
    what people read, and stays as it is told now. `data` holds the values of the sentence for machines: amounts as
    plain decimals beside their currency, days and instants in ISO 8601, UUIDs, codes.
    """
    declared = kinds.of(kind)
    event = {
        "at": at,
        "app": app or declared.app,
        "event": label or declared.label,
        "description": sentence,
        "actor": by.name,
        "actor_user_id": by.user_id,
        "organisation_uuid": organisation.uuid if organisation else None,
        "organisation_name": organisation.name if organisation else "",
        "kind": kind,
        "schema": declared.schema,
        "subject_kind": subject.kind if subject else "",
        "subject_uuid": subject.uuid if subject else None,
        "data": {name: plain(value) for name, value in (data or {}).items()},
    }
    (key,) = writer.EVENTS.write([event], then="RETURNING id")
    return int(key)


def plain(value: Any) -> Any:
    """Write a value as JSON keeps it, and as everybody reads it the same."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, uuids.UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
