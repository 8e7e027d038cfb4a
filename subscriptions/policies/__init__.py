"""Compute what the end of a subscription gives back.

Pure: facts in, amounts out; no clock, no database, no Django.
"""

from subscriptions.policies.methods import METHODS, MethodFunction, Share, UnknownMethod
from subscriptions.policies.refunds import refund
from subscriptions.policies.shapes import (
    BillingPlan,
    ChargeFacts,
    ChargeRefund,
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
    "ChargeRefund",
    "CycleFacts",
    "MethodFunction",
    "Refund",
    "RefundLine",
    "RefundPolicy",
    "Share",
    "SubscriptionFacts",
    "UnknownMethod",
    "refund",
]
