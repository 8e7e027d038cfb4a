"""What the tests of the termination share: a moment, a request, and shortcuts to preview and commit."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from portal.frame import Actor
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.models import Subscription
from subscriptions.selectors import reading
from subscriptions.termination import operations, requested
from subscriptions.termination.quote import acknowledgements, notes, quotes
from subscriptions.termination.selectors import credit_notes


def request(**changes: Any) -> requested.CustomerRequest:
    """A request as a customer makes it."""
    asked = requested.CustomerRequest(
        reason_code="too_expensive",
        explanation="The customer found something cheaper.",
        requested_by="Ms Tan",
        requested_on=dt.date(2026, 3, 9),
        channel="phone",
    )
    return dataclasses.replace(asked, **changes)


def preview(subscription: Subscription, *, at: dt.datetime, asked_on: dt.date | None = None) -> quotes.Quote:
    """The quote as an agent sees it at an instant."""
    return operations.quote_termination(
        reading.find(subscription.uuid),
        on=days.today_in(subscription.organisation.timezone, at=at),
        config=settings_selectors.current_config(),
        asked_on=asked_on,
    )


def seen_of(quote: quotes.Quote) -> operations.Seen:
    """What the seal carries: the quote, and the notes that are offered beside it."""
    offered = {}
    if quote.case == "customer_request":
        shown, _ = credit_notes.choosable_notes(reading.find(quote.subscription), quote=quote)
        offered = {note.number: notes.offer_of(note, currency=quote.currency) for note in shown}
    return operations.Seen(quote_id=uuid.uuid4(), document=quotes.document(quote), offered=offered)


def to_confirm(quote: quotes.Quote, *, choice: quotes.Choice) -> list[str]:
    """The keys of what has to be acknowledged for a choice."""
    if not isinstance(choice, quotes.LinkNote):
        return [item.key for item in acknowledgements.of_automatic(quote)]
    note = credit_notes.chosen_note(reading.find(quote.subscription), quote=quote, number=choice.number)
    return [item.key for item in acknowledgements.of_note(quote, note=note)] if note else []


def terminate(
    subscription: Subscription,
    *,
    by: Actor,
    at: dt.datetime,
    choice: quotes.Choice | None = None,
    acknowledged: Sequence[str] = (),
    seen: operations.Seen | None = None,
    asked: requested.CustomerRequest | requested.ExpiredRequest | None = None,
) -> operations.Outcome:
    """Preview and commit at one instant."""
    said = asked or request()
    return operations.terminate(
        subscription_uuid=subscription.uuid,
        request=said,
        choice=choice or quotes.Automatic(),
        acknowledged=acknowledged,
        seen=seen or seen_of(preview(subscription, at=at, asked_on=getattr(said, "requested_on", None))),
        by=by,
        at=at,
    )


def fresh(subscription: Subscription) -> Subscription:
    """The subscription as the database has it now."""
    return reading.find(subscription.uuid)
