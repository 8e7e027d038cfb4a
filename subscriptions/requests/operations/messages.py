"""Write the message that tells what became of a request, in the transaction of what it tells."""

from __future__ import annotations

from datetime import datetime

from portal.outbox import policies as outbox_policies
from portal.outbox.writer import DELIVERIES
from settings_app import selectors as settings_selectors
from subscriptions.models import Subscription, TerminationRequest
from subscriptions.requests import words

KINDS = {
    "termination.asked": words.ASKED,
    "termination.withdrawn": words.WITHDRAWN,
    "termination.needs_person": words.NEEDS_PERSON,
}
LONGEST_SUBJECT = 250


def write(
    event: str,
    *,
    event_id: int,
    subscription: Subscription,
    stored: TerminationRequest,
    config: settings_selectors.Config,
    at: datetime,
) -> None:
    """Write the message of an event, where Portal Config says that somebody gets one of this kind.

    That a request waits for a person is told to the provider alone: no customer can do anything about it.
    """
    kind = KINDS[event]
    addressee = config.addressee_of(kind)
    if kind == words.NEEDS_PERSON and addressee == "customer":
        addressee = "provider" if config.notification_address else ""
    if not addressee:
        return
    is_for_customer = addressee == "customer"
    organisation = subscription.organisation
    name = outbox_policies.one_line(organisation.name)
    DELIVERIES.write(
        [
            {
                "event_id": event_id,
                "kind": kind,
                "cause_id": stored.uuid,
                "organisation_uuid": organisation.uuid,
                "addressee": addressee,
                "to": (organisation.billing_email or organisation.owner_email)
                if is_for_customer
                else config.notification_address,
                "cc": config.notification_address if is_for_customer else "",
                "subject": f"{name}: scheduled end of subscription {subscription.uuid}"[:LONGEST_SUBJECT],
                "at": at,
            }
        ]
    )
