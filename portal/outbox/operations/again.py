"""Put a dead letter back among the messages that are to be sent."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal import frame
from portal.audit import operations as audit_operations
from portal.audit.operations import Affected, Subject
from portal.frame import Actor
from portal.outbox.models import Message
from portal.outbox.policies import Addresses


class AlreadyOnItsWay(frame.Refused):
    """The message waits to be sent already: somebody else, or the same click twice."""

    code = "message_on_its_way"


class AlreadySent(frame.Refused):
    """The message was sent."""

    code = "message_sent"


@dataclass(eq=False)
class NoAddressOfCustomer(frame.Refused):
    """There is still no address of the organisation to send the message to."""

    code = "no_address_of_customer"

    organisation_name: str


class NoAddressOfProvider(frame.Refused):
    """There is still no notification address to send the message to."""

    code = "no_address_of_provider"


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
    *Raises*: Message.DoesNotExist, AlreadyOnItsWay; AlreadySent; NoAddressOfCustomer;
    NoAddressOfProvider.
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
            raise NoAddressOfCustomer(addresses.organisation_name) if is_for_customer else NoAddressOfProvider
        message.status = Message.Status.PENDING
        message.attempts = 0
        message.next_attempt_at = at
        message.save(update_fields=["status", "to", "cc", "attempts", "next_attempt_at"])
        copy = f", {message.cc} in copy" if message.cc else ""
        audit_operations.record(
            "notification.sent_again",
            sentence=f"“{message.subject}” is to be sent again, to {message.to}{copy}.",
            subject=Subject("notification", message.message_id),
            data={"to": message.to, "cc": message.cc},
            by=by,
            at=at,
            organisation=Affected(message.organisation_uuid, addresses.organisation_name),
        )
    return PutBack(to=message.to, cc=message.cc)
