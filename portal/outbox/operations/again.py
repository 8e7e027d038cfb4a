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
from portal.outbox.models import Delivery
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
    *Raises*: Delivery.DoesNotExist, AlreadyOnItsWay; AlreadySent; NoAddressOfCustomer;
    NoAddressOfProvider.
    """
    with frame.operation("send_again"):
        delivery = Delivery.objects.select_for_update(no_key=True, of=("self",)).get(message_id=message_id)
        if delivery.status == Delivery.Status.PENDING:
            raise AlreadyOnItsWay
        if delivery.status == Delivery.Status.SENT:
            raise AlreadySent
        addresses = look_up(delivery.organisation_uuid)
        is_for_customer = delivery.addressee == Delivery.Addressee.CUSTOMER
        delivery.to = (addresses.customer if is_for_customer else addresses.provider) or delivery.to
        if is_for_customer:
            delivery.cc = addresses.provider or delivery.cc
        if not delivery.to:
            raise NoAddressOfCustomer(addresses.organisation_name) if is_for_customer else NoAddressOfProvider
        delivery.status = Delivery.Status.PENDING
        delivery.attempts = 0
        delivery.next_attempt_at = at
        delivery.save(update_fields=["status", "to", "cc", "attempts", "next_attempt_at"])
        copy = f", {delivery.cc} in copy" if delivery.cc else ""
        audit_operations.record(
            "notification.sent_again",
            sentence=f"“{delivery.subject}” is to be sent again, to {delivery.to}{copy}.",
            subject=Subject("notification", delivery.message_id),
            data={"to": delivery.to, "cc": delivery.cc},
            by=by,
            at=at,
            organisation=Affected(delivery.organisation_uuid, addresses.organisation_name),
        )
    return PutBack(to=delivery.to, cc=delivery.cc)
