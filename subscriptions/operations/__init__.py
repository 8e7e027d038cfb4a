"""Decide and write. One function a verb, one transaction a call."""

from subscriptions.operations.expire import Counts, count_due, terminate_expired
from subscriptions.operations.refusals import (
    AcknowledgementMissing,
    AlreadyTerminated,
    CreditNoteNotUsable,
    NotTerminable,
    QuoteChanged,
    RequestedBeforeItBegan,
    RequestNotAcceptable,
)
from subscriptions.operations.renewal import AlreadySo, RenewalRefused, set_auto_renew
from subscriptions.operations.requests import CustomerRequest, ExpiredRequest
from subscriptions.operations.termination import Outcome, Seen, quote_termination, terminate

__all__ = [
    "AcknowledgementMissing",
    "AlreadySo",
    "AlreadyTerminated",
    "Counts",
    "CreditNoteNotUsable",
    "CustomerRequest",
    "ExpiredRequest",
    "NotTerminable",
    "Outcome",
    "QuoteChanged",
    "RenewalRefused",
    "RequestNotAcceptable",
    "RequestedBeforeItBegan",
    "Seen",
    "count_due",
    "quote_termination",
    "set_auto_renew",
    "terminate",
    "terminate_expired",
]
