"""Compute what the end of a subscription gives back.

Pure: facts in, amounts out; no clock, no database, no Django.
"""

from subscriptions.policies.methods import METHODS, Share, UnknownMethod
from subscriptions.policies.refunds import refund
from subscriptions.policies.shapes import (
    BillingPlan,
    ChargeFacts,
    CycleFacts,
    Refund,
    RefundLine,
    RefundPolicy,
    SubscriptionFacts,
)

__all__ = [
    "METHODS",
    "BillingPlan",
    "ChargeFacts",
    "CycleFacts",
    "Refund",
    "RefundLine",
    "RefundPolicy",
    "Share",
    "SubscriptionFacts",
    "UnknownMethod",
    "refund",
]
