"""What organisations pay for: products, plans, contracts, subscriptions, cycles, numbers - and how it ends.

Import them from here; below stands which file has which.
"""

from subscriptions.models.contracts import Contract, ContractItem
from subscriptions.models.cycles import Cycle, CycleCharge
from subscriptions.models.numbers import PhoneNumber
from subscriptions.models.plans import Plan, Product
from subscriptions.models.renewals import RenewalRefusal
from subscriptions.models.requests import NO_END_ASKED, TerminationRequest
from subscriptions.models.subscriptions import AddOn, Assignment, HistoryEntry, Subscription
from subscriptions.models.terminations import Termination

__all__ = [
    "NO_END_ASKED",
    "AddOn",
    "Assignment",
    "Contract",
    "ContractItem",
    "Cycle",
    "CycleCharge",
    "HistoryEntry",
    "PhoneNumber",
    "Plan",
    "Product",
    "RenewalRefusal",
    "Subscription",
    "Termination",
    "TerminationRequest",
]
