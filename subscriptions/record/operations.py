"""Mend a termination by a correction entry that names it: the termination itself stays."""

import uuid
from datetime import datetime
from decimal import Decimal

from customers import operations as customers_operations
from customers.models import LedgerEntry
from invoicing import operations as invoicing_operations
from portal import frame
from subscriptions.models import Termination
from subscriptions.record import refusals
from subscriptions.record.selectors import corrections


def correct_termination(
    *,
    termination_uuid: uuid.UUID,
    amount: Decimal,
    reason: str,
    seen_seq: int | None,
    is_confirmed: bool,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> LedgerEntry:
    """Post a correction that names a termination.

    Where more would have come back than its charges were charged, it asks: `is_confirmed` is the answer. The
    invoices of the charges are locked first, so that a note sent at the same moment waits and is counted.

    *Units*: as `customers.operations.post_correction`.
    *Raises*: Termination.DoesNotExist; GivesBackAboveCharged; what customers' post_correction raises.
    """
    content = {"termination": termination_uuid, "amount": amount, "reason": reason}
    key = frame.Key(request_id, content, by=by, at=at, outcome=request_id)
    with (
        customers_operations.form_posts_once(),
        frame.operation("correct_termination", key=key) as earlier,
    ):
        if earlier:
            return LedgerEntry.objects.get(request_id=earlier)
        termination = Termination.objects.select_related("organisation").get(uuid=termination_uuid)
        invoicing_operations.lock_invoices(corrections.line_ids(termination))
        if not is_confirmed:
            given = corrections.given_back(termination)
            if asks := refusals.GivesBackAboveCharged.when(given, more=amount):
                raise asks
        return customers_operations.write_correction(
            organisation_uuid=termination.organisation.uuid,
            amount=amount,
            reason=reason,
            cause_id=termination.uuid,
            seen_seq=seen_seq,
            request_id=request_id,
            by=by,
            at=at,
        )
