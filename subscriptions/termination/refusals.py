"""Why a termination is refused: each refusal carries what a screen has to show."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal import frame
from subscriptions.models import Subscription
from subscriptions.policies import standing
from subscriptions.selectors import reading
from subscriptions.termination.quote import acknowledgements, quotes


class NotTerminable(frame.Refused):
    """The subscription may not be terminated now, whatever is sent."""


@dataclass(eq=False)
class NotYetTerminable(NotTerminable):
    """It expired, and can be reactivated until the day before."""

    code = "not_yet_terminable"

    why: standing.NotYet


@dataclass(eq=False)
class AlreadyTerminated(NotTerminable):
    """It was terminated before; the UUID is that of its termination."""

    code = "already_terminated"

    why: standing.Ended
    termination_uuid: uuids.UUID

    @classmethod
    def of(cls, subscription: Subscription) -> AlreadyTerminated:
        """Say it of a subscription that comes from `reading.subscriptions()`."""
        return cls(reading.ended_of(subscription), termination_uuid=subscription.termination.uuid)


@dataclass(eq=False)
class EndHasCome(NotTerminable):
    """The end was asked for a day that has come: only that end can be carried out, or be withdrawn."""

    code = "scheduled_end_has_come"

    ends_on: date


class NotScheduled(NotTerminable):
    """The scheduled end is no longer open: it was withdrawn, carried out, or is another one."""

    code = "scheduled_end_not_open"


@dataclass(eq=False)
class DayNotOver(NotTerminable):
    """The day that was asked for is not over where the organisation is."""

    code = "scheduled_day_not_over"

    ends_on: date


class Mendable(frame.Refused):
    """A refusal that leads back to a step."""


@dataclass(eq=False)
class ShownAnew(Mendable):
    """What was shown does not hold; `fresh` is the quote of now, which is shown instead."""

    fresh: quotes.Quote


@dataclass(eq=False)
class QuoteChanged(ShownAnew):
    """What was seen is not what would be applied."""

    code = "preview_changed"

    seen: dict[str, Any]


@dataclass(eq=False)
class CreditNoteNotUsable(Mendable):
    """The chosen note can't be the refund of this subscription."""

    code = "credit_note_not_usable"
    status = 422
    field = "note"

    number: str


@dataclass(eq=False)
class CreditNoteChanged(ShownAnew):
    """The chosen note is no longer as it was when it was offered."""

    code = "credit_note_changed"
    field = "note"

    number: str


@dataclass(eq=False, kw_only=True)
class CreditsOutOfRange(Mendable):
    """Available Credits can't hold what would be put in.

    *Shape*: `note` is the number of the note that was to be used, empty where the system was to refund.
    """

    code = "credits_out_of_range"
    status = 422
    field = "choice"

    amount: Decimal
    balance: Decimal
    currency: str
    note: str = ""


@dataclass(eq=False)
class AcknowledgementMissing(Mendable):
    """Something has to be acknowledged first."""

    code = "acknowledgement_missing"
    status = 422
    field = "acknowledge"

    missing: tuple[acknowledgements.Acknowledgement, ...]


class RequestNotAcceptable(Mendable):
    """Something of the request can't be accepted; `field` names what."""

    status = 422


@dataclass(eq=False)
class ExplanationMissing(RequestNotAcceptable):
    """There is no explanation."""

    code = "explanation_missing"
    field = "explanation"

    most: int


@dataclass(eq=False)
class ExplanationTooLong(RequestNotAcceptable):
    """The explanation has too many characters."""

    code = "explanation_too_long"
    field = "explanation"

    count: int
    most: int


class RequestMissing(RequestNotAcceptable):
    """An active subscription is ended when its customer asks, and nobody said who asked."""

    code = "request_missing"
    field = "reason"


class RequestNotAsked(RequestNotAcceptable):
    """What has expired is ended without a request."""

    code = "request_not_asked"
    field = "explanation"


@dataclass(eq=False)
class RequestedInTheFuture(RequestNotAcceptable):
    """The day of asking has not come yet."""

    code = "requested_in_the_future"
    field = "requested_on"

    today: date


@dataclass(eq=False)
class RequestedBeforeItBegan(RequestNotAcceptable):
    """Nobody can have asked for the end of a subscription before it began."""

    code = "requested_before_it_began"
    field = "requested_on"

    began: date


@dataclass(eq=False)
class ReasonNotOffered(RequestNotAcceptable):
    """There is no such reason, or it is no longer offered."""

    code = "reason_not_offered"
    field = "reason"

    reason_code: str


@dataclass(eq=False)
class TicketMissing(RequestNotAcceptable):
    """The reason needs a ticket reference."""

    code = "ticket_missing"
    field = "ticket"

    reason_label: str


class RequesterMissing(RequestNotAcceptable):
    """Nobody said who asked."""

    code = "requester_missing"
    field = "requested_by"


@dataclass(eq=False)
class ChannelUnknown(RequestNotAcceptable):
    """The request can't have come that way."""

    code = "channel_unknown"
    field = "channel"

    channel: str
