"""Record money that came in for an invoice."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from customers import operations as customers_operations
from customers import refusals as customers_refusals
from customers.models import LedgerEntry
from invoicing import policies, refusals, writer
from invoicing.models import ChargeLine, Invoice, Payment, PaymentLine
from invoicing.operations import documents
from portal import frame
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
    into_credits: Decimal,
    is_another: bool,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> Payment:
    """Record a payment of an invoice: on the charges that billing says, the rest in the invoice's order.

    What is received above the open amount goes into Available Credits, where billing has agreed to just that sum
    (`into_credits`, 0 for nothing). A payment like an earlier one needs `is_another`: that it is a second one.

    The same request sent twice is one payment, and gets it as its answer.

    *Units*: `amount` gross, in the currency of the invoice; `by_charge` is (line: part), empty for none.
    *Raises*: Invoice.DoesNotExist; Refused, as one of AmountNotUsable, InvoiceNotPayable, MethodNotUsable,
    PartAboveCharge, PartsAboveAmount, PaymentLikeAnother, ReceivedAboveOpen, ReceivedInTheFuture,
    KeyReused, SurplusAboveAccount.
    """
    # What the questions were answered is left out: it changes nothing about a payment that is there.
    content = {
        "invoice": invoice_uuid,
        "amount": amount,
        "method": method,
        "received_on": received_on,
        "reference": reference,
        "by_charge": dict(by_charge),
    }
    key = frame.Key(request_id, content, by=by, at=at)
    with documents.form_writes_once(), frame.operation("record_payment", key=key) as earlier:
        if earlier:
            return Payment.objects.get(uuid=earlier)
        invoice = documents.locked_invoice(invoice_uuid)
        if method not in METHODS_BY_HAND:
            raise refusals.MethodNotUsable(method=method)
        today = days.today_in(invoice.organisation.timezone, at=at)
        if received_on > today:
            raise refusals.ReceivedInTheFuture(received_on=received_on, today=today)
        customers_refusals.check_amount(amount, currency=invoice.currency)
        charges = _payables(invoice)
        whole = sum((charge.open for charge in charges), Decimal(0))
        parts = _parts(invoice, amount=min(amount, whole), charges=charges, by_charge=by_charge)
        if not is_another:
            _ask_if_like_another(invoice, amount=amount, received_on=received_on, reference=reference)
        surplus = amount - min(amount, whole)
        if surplus != into_credits:
            raise refusals.ReceivedAboveOpen(
                number=invoice.number, amount=amount, open=whole, currency=invoice.currency
            )
        payment = Payment(
            uuid=key.outcome,
            invoice=invoice,
            currency=invoice.currency,
            amount=amount,
            surplus=surplus,
            method=method,
            received_on=received_on,
            reference=reference,
            created_at=at,
            actor=by.name,
            request_id=request_id,
        )
        if surplus:
            payment.surplus_entry = _top_up(payment, by=by, at=at)
        writer.PAYMENTS.add([payment])
        writer.PAYMENT_LINES.add(
            PaymentLine(payment=payment, line_id=line_id, currency=invoice.currency, amount=part)
            for line_id, part in parts
        )
        how = payment.get_method_display().lower() + (f", {reference}" if reference else "")
        above = f"; {documents.display(surplus, of=invoice)} of it went into Available Credits" if surplus else ""
        documents.record(
            "payment.recorded",
            sentence=f"{documents.display(amount, of=invoice)} paid on {invoice.number} ({how}),"
            f" received on {days.display(received_on)}{above}.",
            of=invoice,
            data={
                "payment": payment.uuid,
                "amount": amount,
                "surplus": surplus,
                "method": method,
                "received_on": received_on,
                "reference": reference,
            },
            by=by,
            at=at,
        )
        return payment


def _ask_if_like_another(invoice: Invoice, *, amount: Decimal, received_on: date, reference: str) -> None:
    like = Payment.objects.filter(invoice=invoice, amount=amount, received_on=received_on, reference=reference)
    # One that was taken back whole is gone: recording it again is what billing does then.
    gone = Coalesce(Sum("lines__taken_back"), Decimal(0)) + F("surplus_taken_back")
    earlier = like.annotate(gone=gone).filter(gone__lt=F("amount")).order_by("pk").first()
    if earlier is None:
        return
    raise refusals.PaymentLikeAnother(
        number=invoice.number,
        amount=amount,
        currency=invoice.currency,
        received_on=received_on,
        reference=reference,
        recorded_by=earlier.actor,
        recorded_on=days.today_in(invoice.organisation.timezone, at=earlier.created_at),
    )


def _top_up(payment: Payment, *, by: frame.Actor, at: datetime) -> LedgerEntry:
    """Post what was received above the open amount. The invoice is locked, the account is locked here."""
    organisation = payment.invoice.organisation
    reference = f", {payment.reference}" if payment.reference else ""
    try:
        return customers_operations.post_entry(
            account=customers_operations.lock_account(organisation_id=organisation.pk),
            kind=LedgerEntry.Kind.TOP_UP,
            amount=payment.surplus,
            cause_id=payment.uuid,
            is_unbilled=organisation.payment_mode == "postpaid",
            at=at,
            on=days.today_in(organisation.timezone, at=at),
            description=f"Received above what was open on {payment.invoice.number}{reference}",
            actor=by.name,
        )
    except customers_refusals.BalanceOutOfRange as above:
        raise refusals.SurplusAboveAccount(
            surplus=payment.surplus, balance=above.balance, currency=payment.currency
        ) from above


def payables(invoice: Invoice, *, amount: Decimal, named: Collection[int] = ()) -> tuple[policies.Payable, ...]:
    """Give the charges of a locked invoice that an amount may pay: the named ones first, then in their order.

    *Raises*: AmountNotUsable, InvoiceNotPayable, AmountAboveOpen.
    """
    customers_refusals.check_amount(amount, currency=invoice.currency)
    charges = _payables(invoice)
    whole = sum((charge.open for charge in charges), Decimal(0))
    if whole <= 0:
        raise refusals.InvoiceNotPayable(number=invoice.number, status_of_invoice=invoice.status)
    if amount > whole:
        raise refusals.AmountAboveOpen(number=invoice.number, amount=amount, open=whole, currency=invoice.currency)
    return policies.named_first(charges, named=named)


def _payables(invoice: Invoice) -> tuple[policies.Payable, ...]:
    if not invoice.is_charging:
        raise refusals.InvoiceNotPayable(number=invoice.number, status_of_invoice=invoice.status)
    return tuple(
        policies.Payable(line_id=line.pk, open=line.charged - line.paid - line.waived)
        for line in ChargeLine.objects.filter(invoice=invoice).order_by("pk")
    )


def _parts(
    invoice: Invoice, *, amount: Decimal, charges: Sequence[policies.Payable], by_charge: Mapping[int, Decimal]
) -> tuple[tuple[int, Decimal], ...]:
    """Say what a payment pays of each charge: what was said, and the rest in the invoice's order.

    *Raises*: AmountNotUsable, PartAboveCharge, PartsAboveAmount.
    """
    still_open = {charge.line_id: charge.open for charge in charges}
    for line_id, part in by_charge.items():
        customers_refusals.check_amount(part, currency=invoice.currency)
        if part > still_open.get(line_id, Decimal(0)):
            raise refusals.PartAboveCharge(
                line_id=line_id,
                amount=part,
                open=still_open.get(line_id, Decimal(0)),
                currency=invoice.currency,
            )
    said = sum(by_charge.values(), Decimal(0))
    if said > amount:
        raise refusals.PartsAboveAmount(parts=said, amount=amount, currency=invoice.currency)
    return policies.with_parts(amount, over=charges, parts=by_charge)
