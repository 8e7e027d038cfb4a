"""Why a termination is refused: each refusal carries what a screen has to show."""

from __future__ import annotations

import uuid as uuids
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import money
from subscriptions.models import Subscription
from subscriptions.policies import standing
from subscriptions.selectors import reading
from subscriptions.termination.quote import acknowledgements, quotes


class Refused(Exception):
    """Say why nothing was written. *Shape*: `fresh` is the quote of now, where one was computed."""

    fresh: quotes.Quote | None = None


class NotTerminable(Refused):
    """Say why a subscription may not be terminated now; the UUID is that of its termination, where it has ended."""

    def __init__(self, why_not: str, *, termination_uuid: uuids.UUID | None = None) -> None:
        self.why_not = why_not
        self.termination_uuid = termination_uuid
        super().__init__(why_not)


class AlreadyTerminated(NotTerminable):
    """Say who terminated the subscription before, and when; it comes from `reading.subscriptions()`."""

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(
            standing.why_ended(reading.ended_of(subscription)), termination_uuid=subscription.termination.uuid
        )


class QuoteChanged(Refused):
    """Say that what was seen is not what would be applied; carries the fresh quote."""

    fresh: quotes.Quote

    def __init__(self, fresh: quotes.Quote, *, seen: dict[str, Any]) -> None:
        self.fresh = fresh
        self.seen = seen
        super().__init__("The preview is no longer true.")


class CreditNoteNotUsable(Refused):
    """Say that the chosen note can't be the refund of this subscription."""

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(f"Credit note {number} cannot be chosen for this refund. Choose one of the list.")


class CreditNoteChanged(Refused):
    """Say that the chosen note is no longer as it was when it was offered."""

    def __init__(self, fresh: quotes.Quote, *, number: str) -> None:
        self.fresh = fresh
        self.number = number
        super().__init__(f"Credit note {number} changed since it was shown. This is how it is now.")


class CreditsOutOfRange(Refused):
    """Say that Available Credits can't hold what would be put in, and what can be done.

    *Shape*: `note` is the number of the note that was to be used, empty where the system was to refund.
    """

    def __init__(self, *, amount: Decimal, balance: Decimal, currency: str, note: str = "") -> None:
        self.amount = amount
        self.balance = balance
        self.currency = currency
        self.note = note
        way = f"Choose {note} without “Use the note now”" if note else "Choose a credit note as the refund"
        super().__init__(
            f"Not all of {money.display(amount, currency=currency)} can be added: the balance is "
            f"{money.display_balance(balance, currency=currency)}, and an account holds less than "
            f"{money.display(Decimal(10) ** 13, currency=currency)}. Nothing was written. {way}, "
            "or ask billing to lower the balance by a correction first."
        )


class AcknowledgementMissing(Refused):
    """Carry what has to be acknowledged first."""

    def __init__(self, missing: tuple[acknowledgements.Acknowledgement, ...]) -> None:
        self.missing = missing
        super().__init__("Please confirm: " + " ".join(item.text for item in missing))


class RequestNotAcceptable(Refused):
    """Name the field of the request that can't be accepted, and say why."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class RequestedBeforeItBegan(RequestNotAcceptable):
    """Say that nobody can have asked for the end of a subscription before it began."""

    def __init__(self, began: date) -> None:
        self.began = began
        super().__init__("requested_on", standing.why_too_early(began))
