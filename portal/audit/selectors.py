"""Read the audit: its entries as values, and what they can be filtered by."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from django.db import connection
from django.db.models import QuerySet

from portal.audit import kinds
from portal.audit.models import AuditEntry

# From one value to the next through the index: SELECT DISTINCT would read every entry there ever was.
HOPS = """
    WITH RECURSIVE hop(value) AS (
        (SELECT COLUMN FROM audit_auditentry ORDER BY COLUMN LIMIT 1)
        UNION ALL
        SELECT (SELECT COLUMN FROM audit_auditentry WHERE COLUMN > hop.value ORDER BY COLUMN LIMIT 1)
        FROM hop WHERE hop.value IS NOT NULL
    ) SELECT value FROM hop WHERE value IS NOT NULL
"""


@dataclass(frozen=True)
class Row:
    """An entry in a list. *Shape*: the organisation has the name that it had then."""

    app: str
    event: str
    description: str
    actor: str
    organisation_uuid: uuid.UUID | None
    organisation_name: str
    at: datetime


def entries() -> QuerySet[AuditEntry]:
    """Give the query of all entries."""
    return AuditEntry.objects.all()


def rows(found: Sequence[AuditEntry], *, zone: tzinfo = UTC) -> tuple[Row, ...]:
    """Turn entries into values, their instants in a time zone. No query."""
    return tuple(
        Row(
            app=entry.app,
            event=entry.event,
            description=entry.description,
            actor=entry.actor,
            organisation_uuid=entry.organisation_uuid,
            organisation_name=entry.organisation_name,
            at=entry.at.astimezone(zone),
        )
        for entry in found
    )


def apps() -> tuple[str, ...]:
    """List the apps that have entries."""
    return _distinct("app")


def events() -> tuple[str, ...]:
    """List the events that have entries."""
    return _distinct("event")


def is_told(*, kind: str, ending: str, since: datetime) -> bool:
    """Say whether a sentence that ends like this is among the newest entries."""
    return AuditEntry.objects.filter(
        event=kinds.of(kind).label, kind=kind, description__endswith=ending, at__gte=since
    ).exists()


def _distinct(column: str) -> tuple[str, ...]:
    """List the different values of a column that leads an index."""
    with connection.cursor() as cursor:
        cursor.execute(HOPS.replace("COLUMN", column))
        return tuple(row[0] for row in cursor.fetchall())
