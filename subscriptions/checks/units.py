"""Prices, and what a termination credited and waived, are whole minor units of their currency."""

from __future__ import annotations

from customers.checks.units import whole
from portal.verification import registry

registry.declare(
    __name__,
    820,
    whole("subscriptions_termination", "termination row", "credited", "waived"),
    whole("subscriptions_plan", "plan", "price_per_month"),
)
