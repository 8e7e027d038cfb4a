"""Declare to the Invoice app which charges a termination was about, for the note that settled it."""

from __future__ import annotations

import uuid

from invoicing import settled_charges
from subscriptions.models import CycleCharge


@settled_charges.declare
def charges_of_termination(cause_id: uuid.UUID) -> list[int]:
    """Find the charges of the subscription that a termination ended, in the order of the cycles. One query."""
    charges = CycleCharge.objects.filter(cycle__subscription__termination__uuid=cause_id)
    return list(charges.order_by("first_day", "pk").values_list("line_id", flat=True))
