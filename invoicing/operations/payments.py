"""Record money that came in for an invoice."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from invoicing import policies
from invoicing.models import ChargeLine, Invoice, Payment, PaymentLine
from invoicing.operations import documents, refusals
from portal.audit import operations as audit_operations
from portal.lib import days

# The other two come about elsewhere: Available Credits move with a ledger entry, imports bring what was paid.
METHODS_BY_HAND = (Payment.Method.BANK_TRANSFER, Payment.Method.CARD, Payment.Method.CHEQUE)


def record_payment(
    *,
    invoice_uuid: uuid.UUID,
    amount: Decimal,
    method: str,
    received_on: date,
    reference: str,
    request_id: uuid.UUID,
    by: audit_operations.Actor,
    at: datetime,
) -> Payment:
    """Record a payment of an invoice, spread over its open charges in their order.

    The same request sent twice is one payment, and gets it as its answer.

    *Units*: `amount` gross, in the currency of the invoice.
    *Raises*: Invoice.DoesNotExist; Refused, as one of AmountNotUsable, AmountAboveOpen, InvoiceNotPayable,
    MethodNotUsable, ReceivedInTheFuture, RequestAlreadyUsed.
    """
    with documents.request_used_once(), audit_operations.operation("record_payment"):
        invoice = documents.locked_invoice(invoice_uuid)
        earlier = Payment.objects.filter(request_id=request_id).first()
        if earlier is not None:
            return _same(earlier, invoice=invoice, amount=amount)
        if method not in METHODS_BY_HAND:
            raise refusals.MethodNotUsable("Choose bank transfer, card or cheque.")
        if received_on > days.today_in(invoice.organisation.timezone, at=at):
            raise refusals.ReceivedInTheFuture("The day of the payment cannot be in the future.")
        parts = spread_over(invoice, amount=amount)
        payment = Payment.objects.create(
            invoice=invoice,
            currency=invoice.currency,
            amount=amount,
            method=method,
            received_on=received_on,
            reference=reference,
            created_at=at,
            actor=by.name,
            request_id=request_id,
        )
        PaymentLine.objects.bulk_create(
            PaymentLine(payment=payment, line_id=line_id, currency=invoice.currency, amount=part)
            for line_id, part in parts
        )
        how = payment.get_method_display().lower() + (f", {reference}" if reference else "")
        audit_operations.record(
            app=documents.APP,
            event="Payment recorded",
            description=f"{documents.display(amount, of=invoice)} paid on {invoice.number} ({how}),"
            f" received on {days.display(received_on)}.",
            by=by,
            at=at,
            organisation=documents.affected(invoice),
        )
        return payment


def spread_over(invoice: Invoice, *, amount: Decimal) -> tuple[tuple[int, Decimal], ...]:
    """Spread an amount over the open charges of a locked invoice.

    *Raises*: AmountNotUsable, InvoiceNotPayable, AmountAboveOpen.
    """
    documents.check_amount(amount, currency=invoice.currency)
    if invoice.status in (Invoice.Status.DRAFT, Invoice.Status.VOID):
        raise refusals.InvoiceNotPayable(
            f"{invoice.number} is {invoice.get_status_display().lower()}, so nothing can be paid on it."
        )
    charges = _payables(invoice)
    whole = sum((charge.open for charge in charges), Decimal(0))
    if whole <= 0:
        raise refusals.InvoiceNotPayable(f"{invoice.number} has nothing open any more.")
    if amount > whole:
        raise refusals.AmountAboveOpen(
            f"{documents.display(amount, of=invoice)} is more than what is open on {invoice.number}:"
            f" {documents.display(whole, of=invoice)}."
        )
    return policies.spread(amount, over=charges)


def _payables(invoice: Invoice) -> Sequence[policies.Payable]:
    return [
        policies.Payable(line_id=line.pk, open=line.charged - line.paid - line.waived)
        for line in ChargeLine.objects.filter(invoice=invoice).order_by("pk")
    ]


def _same(earlier: Payment, *, invoice: Invoice, amount: Decimal) -> Payment:
    if earlier.invoice_id != invoice.pk or earlier.amount != amount:
        raise refusals.RequestAlreadyUsed(
            f"This form has already recorded {documents.display(earlier.amount, of=invoice)}."
            " Open it again to record another payment."
        )
    return earlier
