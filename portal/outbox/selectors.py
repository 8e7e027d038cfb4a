"""Read what is to be sent, what was sent, and what could not be."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import UTC, datetime

from portal.lib import days
from portal.outbox.models import Message

MESSAGES_PER_PAGE = 50
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Row:
    """Hold one message as the list shows it. *Shape*: `next_attempt` is empty unless it is pending."""

    message_id: uuids.UUID
    created: str
    kind: str
    status: str
    status_label: str
    to: str
    cc: str
    subject: str
    attempts: int
    last_error: str
    next_attempt: str
    sent: str
    is_dead: bool
    is_for_customer: bool
    organisation_uuid: uuids.UUID


@dataclass(frozen=True)
class Page:
    """Hold one page, newest first. `older` and `newer` are the keys the pages beside it begin at."""

    rows: tuple[Row, ...]
    older: int | None
    newer: int | None


@dataclass(frozen=True)
class Load:
    """Say how many wait to be sent and how many can't be sent, ready to be shown."""

    pending: str
    dead: str


def messages(*, status: str = "", before: int | None = None, after: int | None = None) -> Page:
    """List the messages older than `before`, or the nearest ones newer than `after`; of one status or of all."""
    query = Message.objects.filter(status=status) if status else Message.objects.all()
    if after is not None:
        found = list(query.filter(pk__gt=after).order_by("pk")[: MESSAGES_PER_PAGE + 1])
        has_newer, has_older = len(found) > MESSAGES_PER_PAGE, True
        found = found[:MESSAGES_PER_PAGE][::-1]
    else:
        if before is not None:
            query = query.filter(pk__lt=before)
        found = list(query.order_by("-pk")[: MESSAGES_PER_PAGE + 1])
        has_newer, has_older = before is not None, len(found) > MESSAGES_PER_PAGE
        found = found[:MESSAGES_PER_PAGE]
    return Page(
        rows=tuple(_row(message) for message in found),
        older=found[-1].pk if found and has_older else None,
        newer=found[0].pk if found and has_newer else None,
    )


def load() -> Load:
    """Count the pending messages and the dead letters, as far as anybody wants to know on a page."""
    return Load(pending=_counted(Message.Status.PENDING), dead=_counted(Message.Status.DEAD))


def _counted(status: str) -> str:
    # After a large clean-up a million may wait: counting all of them would take longer than the page.
    found = Message.objects.filter(status=status)[: MOST_COUNTED + 1].count()
    return f"{found:,}" if found <= MOST_COUNTED else f"more than {MOST_COUNTED:,}"


def waiting() -> int:
    """Count the pending messages, however many."""
    return Message.objects.filter(status=Message.Status.PENDING).count()


def _row(message: Message) -> Row:
    return Row(
        message_id=message.message_id,
        created=_moment(message.created_at),
        kind=message.kind.replace("_", " ").capitalize(),
        status=message.status,
        status_label=message.get_status_display(),
        to=message.to,
        cc=message.cc,
        subject=message.subject,
        attempts=message.attempts,
        last_error=message.last_error,
        next_attempt=_moment(message.next_attempt_at) if message.status == Message.Status.PENDING else "",
        sent=_moment(message.sent_at) if message.sent_at else "",
        is_dead=message.status == Message.Status.DEAD,
        is_for_customer=message.addressee == Message.Addressee.CUSTOMER,
        organisation_uuid=message.organisation_uuid,
    )


def _moment(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{days.display(at.date())}, {at:%H:%M} UTC"
