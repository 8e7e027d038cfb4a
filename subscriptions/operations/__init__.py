"""Decide and write. One function a verb, one transaction a call."""

from subscriptions.operations.corrections import correct_termination
from subscriptions.operations.expire import count_due, terminate_expired
from subscriptions.operations.refusals import (
    AcknowledgementMissing,
    AlreadyTerminated,
    CreditNoteChanged,
    CreditNoteNotUsable,
    CreditsOutOfRange,
    NotTerminable,
    QuoteChanged,
    RequestedBeforeItBegan,
    RequestNotAcceptable,
)
from subscriptions.operations.renewal import AlreadySo, RenewalRefused, set_auto_renew
from subscriptions.operations.requests import CustomerRequest, ExpiredRequest
from subscriptions.operations.tally import Counts, TooManyDue
from subscriptions.operations.termination import (
    Outcome,
    Preview,
    Seen,
    preview_termination,
    quote_termination,
    terminate,
)

__all__ = [
    "AcknowledgementMissing",
    "AlreadySo",
    "AlreadyTerminated",
    "Counts",
    "CreditNoteChanged",
    "CreditNoteNotUsable",
    "CreditsOutOfRange",
    "CustomerRequest",
    "ExpiredRequest",
    "NotTerminable",
    "Outcome",
    "Preview",
    "QuoteChanged",
    "RenewalRefused",
    "RequestNotAcceptable",
    "RequestedBeforeItBegan",
    "Seen",
    "TooManyDue",
    "correct_termination",
    "count_due",
    "preview_termination",
    "quote_termination",
    "set_auto_renew",
    "terminate",
    "terminate_expired",
]
