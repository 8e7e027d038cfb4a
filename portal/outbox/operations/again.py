"""Put a dead letter back among the messages that are to be sent."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal import frame
from portal.audit import names
from portal.audit import operations as audit_operations
from portal.audit.operations import Affected
from portal.frame import Actor
from portal.outbox.models import Message
from portal.outbox.policies import Addresses


class AlreadyOnItsWay(Exception):
    """Say that the message waits to be sent already: somebody else, or the same click twice."""


class AlreadySent(Exception):
    """Say that the message was sent."""


class NoAddress(Exception):
    """Say that there is still nowhere to send the message to. *Shape*: `why` is a sentence."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True)
class PutBack:
    """Hold where the message goes now."""

    to: str
    cc: str


def send_again(
    *,
    message_id: uuids.UUID,
    look_up: Callable[[uuids.UUID], Addresses],
    by: Actor,
    at: datetime,
) -> PutBack:
    """Make a dead letter due at once, with all its attempts and its Message-ID.

    It goes where the organisation's messages go today, else to the address it had: a dead letter often died of
    its address.
    *Raises*: Message.DoesNotExist, AlreadyOnItsWay, AlreadySent, NoAddress.
    """
    with frame.operation("send_again"):
        message = Message.objects.select_for_update(no_key=True, of=("self",)).get(message_id=message_id)
        if message.status == Message.Status.PENDING:
            raise AlreadyOnItsWay
        if message.status == Message.Status.SENT:
            raise AlreadySent
        addresses = look_up(message.organisation_uuid)
        is_for_customer = message.addressee == Message.Addressee.CUSTOMER
        message.to = (addresses.customer if is_for_customer else addresses.provider) or message.to
        if is_for_customer:
            message.cc = addresses.provider or message.cc
        if not message.to:
            raise NoAddress(_why_not(addresses, is_for_customer=is_for_customer))
        message.status = Message.Status.PENDING
        message.attempts = 0
        message.next_attempt_at = at
        message.save(update_fields=["status", "to", "cc", "attempts", "next_attempt_at"])
        copy = f", {message.cc} in copy" if message.cc else ""
        audit_operations.record(
            app=names.NOTIFICATIONS,
            event="Notification sent again",
            description=f"“{message.subject}” is to be sent again, to {message.to}{copy}.",
            by=by,
            at=at,
            organisation=Affected(message.organisation_uuid, addresses.organisation_name),
        )
    return PutBack(to=message.to, cc=message.cc)


def _why_not(addresses: Addresses, *, is_for_customer: bool) -> str:
    if is_for_customer:
        return (
            f"There is no address to send it to: {addresses.organisation_name} has neither a billing e-mail "
            "nor an owner e-mail. Add one, then send it again."
        )
    return (
        "There is no address to send it to: Portal Config has no notification address. "
        "A superuser can add one; then send it again."
    )
