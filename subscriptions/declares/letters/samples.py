"""Messages about somebody made up, by the functions that write the real ones."""

from __future__ import annotations

import uuid as uuids
from datetime import date
from decimal import Decimal

from invoicing import refusals as invoicing_refusals
from portal.outbox.policies import Text
from settings_app import selectors as settings_selectors
from subscriptions.life.words import letters as renewal_letters
from subscriptions.policies.identity import Identity
from subscriptions.termination.quote import figures
from subscriptions.termination.words import letters

ORGANISATION = "Example Trading Pte Ltd"
NUMBERS = ("+6561234567", "+6561234568")
IDENTITY = Identity(
    uuid=uuids.UUID("0f4c6ab2-7d1e-4b6a-9c53-2e8d1f7a9b04"),
    product="SIP Trunk",
    plan="SIP Trunk 10 channels",
    numbers=NUMBERS,
    number_count=3,
    contract="C-2026-014",
    started_on=date(2025, 11, 16),
)


def terminated(*, is_for_customer: bool) -> Text:
    """Write the message about a termination that gave something back."""
    ended = letters.Ended(
        identity=IDENTITY,
        organisation=ORGANISATION,
        is_postpaid=False,
        terminated_on=date(2026, 3, 7),
        expired_on=None,
        document=None,
        currency="SGD",
        done=figures.Done(credited=Decimal("54.50")),
        note_total=None,
        why_nothing="",
        reserved=(letters.Reserved(through=date(2026, 4, 4), numbers=NUMBERS),),
        done_by="mara",
        requested_by="Ms Tan",
        requested_on=date(2026, 3, 6),
        channel="Phone",
        reason="Moved to another provider",
    )
    return letters.text(ended, is_for_customer=is_for_customer, provider_name=settings_selectors.provider_name())


def renewals_refused(*, is_for_customer: bool) -> Text:
    """Write the message about a renewal that Available Credits did not cover."""
    refusal = invoicing_refusals.InsufficientCredits(
        needed=Decimal("54.50"), available=Decimal("12.40"), currency="SGD"
    )
    refused = renewal_letters.Refused(identity=IDENTITY, usable_through=date(2026, 3, 15), why=str(refusal))
    return renewal_letters.text(
        [refused],
        organisation=ORGANISATION,
        tried_on=date(2026, 3, 8),
        is_for_customer=is_for_customer,
        provider_name=settings_selectors.provider_name(),
    )
