"""Say what the end of a subscription on a later day is to do, and who asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portal.lib import days, money
from subscriptions.models import TerminationRequest
from subscriptions.termination.quote import figures


def estimate(document: Mapping[str, Any]) -> str:
    """Say what an estimate comes to, in one phrase. *Shape*: `document` is a quote of a customer's request."""
    done = figures.automatic(document)
    currency = str(document["currency"])
    said = [f"{money.display(done.credited, currency=currency)} into Available Credits"]
    waived = sum((part.amount for part in done.waived), Decimal(0))
    if waived:
        said.append(f"{money.display(waived, currency=currency)} waived on open invoices")
    return " and ".join(said)


def told(stored: TerminationRequest) -> str:
    """Say who scheduled the end that is carried out, and what was estimated then."""
    return (
        f"{stored.actor} scheduled it on {days.display(stored.asked_on)} for {stored.requested_by}; "
        f"estimated then: {estimate(stored.quote)}."
    )


def carried_out_here(stored: TerminationRequest) -> str:
    """Say which scheduled end these steps carry out."""
    return (
        f"This carries out the end that {stored.requested_by} asked for and {stored.actor} scheduled: it counts as "
        f"of {days.display(stored.ends_on)}."
    )


def waits(stored: TerminationRequest) -> str:
    """Say why it waits for a person; empty where it does not."""
    return f"It needs a person: {stored.refusal_sentence}" if stored.needs_person else ""
