"""Read what is to be sent, what was sent, and what could not be."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet

from portal.outbox import kinds
from portal.outbox.models import Delivery
from portal.outbox.policies import Text

MOST_COUNTED = 1000


@dataclass(frozen=True)
class Row:
    """A message in a list. *Shape*: status is a code; `next_attempt_at` is there while it is pending."""

    message_id: uuids.UUID
    created_at: datetime
    kind: str
    status: str
    to: str
    cc: str
    subject: str
    attempts: int
    last_error: str
    next_attempt_at: datetime | None
    sent_at: datetime | None
    organisation_uuid: uuids.UUID
    is_for_customer: bool

    @property
    def is_dead(self) -> bool:
        """Say whether somebody has to look at it."""
        return self.status == Delivery.Status.DEAD


@dataclass(frozen=True)
class Load:
    """How many wait to be sent, and how many can't be. *Shape*: one more than `MOST_COUNTED` stands for more."""

    pending: int
    dead: int


def deliveries() -> QuerySet[Delivery]:
    """Give the query of all messages."""
    return Delivery.objects.all()


def rows(found: Sequence[Delivery]) -> tuple[Row, ...]:
    """Turn messages into values. No query."""
    return tuple(
        Row(
            message_id=delivery.message_id,
            created_at=delivery.created_at,
            kind=delivery.kind,
            status=delivery.status,
            to=delivery.to,
            cc=delivery.cc,
            subject=delivery.subject,
            attempts=delivery.attempts,
            last_error=delivery.last_error,
            next_attempt_at=delivery.next_attempt_at if delivery.status == Delivery.Status.PENDING else None,
            sent_at=delivery.sent_at,
            organisation_uuid=delivery.organisation_uuid,
            is_for_customer=delivery.addressee == Delivery.Addressee.CUSTOMER,
        )
        for delivery in found
    )


@dataclass(frozen=True)
class Message:
    """One message.

    *Shape*: `text` is what was composed and kept, or what it would be now (`is_kept` is False); None where what the
    message tells of is not there, or nobody knows its kind any more.
    """

    row: Row
    text: Text | None
    is_kept: bool


def message(message_id: uuids.UUID) -> Message:
    """Read one message as it was written, or as it would be. Writes nothing. *Raises*: Delivery.DoesNotExist."""
    delivery = Delivery.objects.get(message_id=message_id)
    (row,) = rows([delivery])
    if delivery.body:
        return Message(row, Text(delivery.subject, delivery.body), is_kept=True)
    try:
        return Message(row, text_now(delivery), is_kept=False)
    except (KeyError, ObjectDoesNotExist):
        return Message(row, None, is_kept=False)


def text_now(delivery: Delivery) -> Text:
    """Compose what a message says as things are now.

    *Raises*: KeyError for a kind that nobody declares; ObjectDoesNotExist where what it tells of is not there.
    """
    return kinds.of(delivery.kind).text_of(
        cause_id=delivery.cause_id, is_for_customer=delivery.addressee == Delivery.Addressee.CUSTOMER
    )


def load() -> Load:
    """Count the pending messages and the dead letters, as far as anybody wants to know on a page. Two queries."""
    return Load(pending=_counted(Delivery.Status.PENDING), dead=_counted(Delivery.Status.DEAD))


def waiting() -> int:
    """Count the pending messages, however many."""
    return Delivery.objects.filter(status=Delivery.Status.PENDING).count()


def _counted(status: str) -> int:
    # After a large clean-up a million may wait: counting all of them would take longer than the page.
    return Delivery.objects.filter(status=status)[: MOST_COUNTED + 1].count()
