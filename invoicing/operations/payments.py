"""Record money that came in for an invoice."""

import uuid
from collections.abc import Collection, Mapping
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
    by_charge: Mapping[int, Decimal],
    request_id: uuid.UUID,
    by: audit_operations.Actor,
    at: datetime,
) -> Payment:
    """Record a payment of an invoice: on the charges that billing says, the rest in the invoice's order.

    The same request sent twice is one payment, and gets it as its answer.

    *Units*: `amount` gross, in the currency of the invoice; `by_charge` is (line: part), empty for none.
    *Raises*: Invoice.DoesNotExist; Refused, as one of AmountNotUsable, AmountAboveOpen, InvoiceNotPayable,
    MethodNotUsable, PartAboveCharge, PartsAboveAmount, ReceivedInTheFuture, RequestAlreadyUsed.
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
        parts = _parts(invoice, amount=amount, by_charge=by_charge)
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


def payables(invoice: Invoice, *, amount: Decimal, named: Collection[int] = ()) -> tuple[policies.Payable, ...]:
    """Give the charges of a locked invoice that an amount may pay: the named ones first, then in their order.

    *Raises*: AmountNotUsable, InvoiceNotPayable, AmountAboveOpen.
    """
    documents.check_amount(amount, currency=invoice.currency)
    if invoice.status in (Invoice.Status.DRAFT, Invoice.Status.VOID):
        raise refusals.InvoiceNotPayable(
            f"{invoice.number} is {invoice.get_status_display().lower()}, so nothing can be paid on it."
        )
    charges = [
        policies.Payable(line_id=line.pk, open=line.charged - line.paid - line.waived)
        for line in ChargeLine.objects.filter(invoice=invoice).order_by("pk")
    ]
    whole = sum((charge.open for charge in charges), Decimal(0))
    if whole <= 0:
        raise refusals.InvoiceNotPayable(f"{invoice.number} has nothing open any more.")
    if amount > whole:
        raise refusals.AmountAboveOpen(
            f"{documents.display(amount, of=invoice)} is more than what is open on {invoice.number}:"
            f" {documents.display(whole, of=invoice)}."
        )
    return policies.named_first(charges, named=named)


def _parts(
    invoice: Invoice, *, amount: Decimal, by_charge: Mapping[int, Decimal]
) -> tuple[tuple[int, Decimal], ...]:
    """Say what a payment pays of each charge: what was said, and the rest in the invoice's order.

    *Raises*: as `payables`; PartAboveCharge, PartsAboveAmount.
    """
    charges = payables(invoice, amount=amount)
    still_open = {charge.line_id: charge.open for charge in charges}
    for line_id, part in by_charge.items():
        documents.check_amount(part, currency=invoice.currency)
        if part > still_open.get(line_id, Decimal(0)):
            left = documents.display(still_open.get(line_id, Decimal(0)), of=invoice)
            raise refusals.PartAboveCharge(
                f"{documents.display(part, of=invoice)} is more than what is open on this charge: {left}.",
                line_id=line_id,
            )
    said = sum(by_charge.values(), Decimal(0))
    if said > amount:
        raise refusals.PartsAboveAmount(
            f"The parts by charge come to {documents.display(said, of=invoice)}, which is more than the payment of"
            f" {documents.display(amount, of=invoice)}."
        )
    return policies.with_parts(amount, over=charges, parts=by_charge)


def _same(earlier: Payment, *, invoice: Invoice, amount: Decimal) -> Payment:
    if earlier.invoice_id != invoice.pk or earlier.amount != amount:
        raise refusals.RequestAlreadyUsed(
            f"This form has already recorded {documents.display(earlier.amount, of=invoice)}."
            " Open it again to record another payment."
        )
    return earlier
