"""Read the audit: a page of entries by key, or all that match, in batches.

*Units*: instants are UTC, and so are the days that filters name.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from portal.audit import finders
from portal.audit.models import AuditEntry
from portal.lib import days

ENTRIES_PER_PAGE = 50
ENTRIES_PER_BATCH = 1000

# From one value to the next through the index: SELECT DISTINCT would read every entry there ever was.
HOPS = """
    WITH RECURSIVE hop(value) AS (
        (SELECT COLUMN FROM audit_auditentry ORDER BY COLUMN LIMIT 1)
        UNION ALL
        SELECT (SELECT COLUMN FROM audit_auditentry WHERE COLUMN > hop.value ORDER BY COLUMN LIMIT 1)
        FROM hop WHERE hop.value IS NOT NULL
    ) SELECT value FROM hop WHERE value IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Hold what the list is narrowed to; empty means everything.

    *Shape*: `app` and `event` are compared whole; the other texts are looked for, whatever their case. An
    `organisation` that is a UUID is compared whole. Both days are inclusive.
    """

    app: str = ""
    event: str = ""
    description: str = ""
    actor: str = ""
    organisation: str = ""
    from_on: date | None = None
    to_on: date | None = None


@dataclass(frozen=True)
class Row:
    """Hold one entry as it is shown."""

    app: str
    event: str
    description: str
    actor: str
    organisation_uuid: uuid.UUID | None
    organisation_name: str
    datetime: str


@dataclass(frozen=True)
class Page:
    """Hold one page, newest first. `older` and `newer` are the keys the pages beside it begin at."""

    rows: tuple[Row, ...]
    older: int | None
    newer: int | None


def entries(*, filters: Filters, before: int | None = None, after: int | None = None) -> Page:
    """List the entries older than `before`, or the nearest ones newer than `after`; the newest with neither."""
    query = _matching(filters)
    if after is not None:
        found = list(query.filter(id__gt=after).order_by("id")[: ENTRIES_PER_PAGE + 1])
        has_newer, has_older = len(found) > ENTRIES_PER_PAGE, True
        found = found[:ENTRIES_PER_PAGE][::-1]
    else:
        if before is not None:
            query = query.filter(id__lt=before)
        found = list(query.order_by("-id")[: ENTRIES_PER_PAGE + 1])
        has_newer, has_older = before is not None, len(found) > ENTRIES_PER_PAGE
        found = found[:ENTRIES_PER_PAGE]
    return Page(
        rows=tuple(_row(entry) for entry in found),
        older=found[-1].pk if found and has_older else None,
        newer=found[0].pk if found and has_newer else None,
    )


def all_entries(*, filters: Filters) -> Iterator[AuditEntry]:
    """Go through every matching entry, newest first, in batches by key.

    Entries that are added meanwhile are not part of it.
    """
    query = _matching(filters).order_by("-id")
    batch = list(query[:ENTRIES_PER_BATCH])
    while batch:
        yield from batch
        batch = list(query.filter(id__lt=batch[-1].pk)[:ENTRIES_PER_BATCH])


def apps() -> tuple[str, ...]:
    """List the apps that have entries."""
    return _distinct("app")


def events() -> tuple[str, ...]:
    """List the events that have entries."""
    return _distinct("event")


def is_told(*, event: str, ending: str, since: datetime) -> bool:
    """Say whether a sentence that ends like this is among the newest entries."""
    return AuditEntry.objects.filter(event=event, description__endswith=ending, at__gte=since).exists()


def moment(at: datetime) -> str:
    """Write an instant for people: 7 March 2026, 09:15:02 UTC."""
    at = at.astimezone(UTC)
    return f"{days.display(at.date())}, {at:%H:%M:%S} UTC"


def _matching(filters: Filters) -> QuerySet[AuditEntry]:
    query = AuditEntry.objects.all()
    if filters.app:
        query = query.filter(app=filters.app)
    if filters.event:
        query = query.filter(event=filters.event)
    if filters.description:
        query = query.filter(description__icontains=filters.description)
    if filters.actor:
        query = query.filter(actor__icontains=filters.actor)
    if filters.organisation:
        try:
            query = query.filter(organisation_uuid=uuid.UUID(filters.organisation))
        except ValueError:
            # By the name it had then, and as the search finds who has it now.
            named = Q(organisation_name__icontains=filters.organisation)
            for meant in finders.organisations(filters.organisation):
                named |= Q(organisation_uuid__in=meant)
            query = query.filter(named)
    if filters.from_on:
        query = query.filter(at__gte=datetime.combine(filters.from_on, time.min, tzinfo=UTC))
    if filters.to_on and filters.to_on < date.max:
        query = query.filter(at__lt=datetime.combine(filters.to_on + timedelta(days=1), time.min, tzinfo=UTC))
    return query


def _row(entry: AuditEntry) -> Row:
    return Row(
        app=entry.app,
        event=entry.event,
        description=entry.description,
        actor=entry.actor,
        organisation_uuid=entry.organisation_uuid,
        organisation_name=entry.organisation_name,
        datetime=moment(entry.at),
    )


def _distinct(column: str) -> tuple[str, ...]:
    """List the different values of a column that leads an index."""
    with connection.cursor() as cursor:
        cursor.execute(HOPS.replace("COLUMN", column))
        return tuple(row[0] for row in cursor.fetchall())
