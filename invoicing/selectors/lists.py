"""The lists of invoices, credit notes and payments: their rows as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Func, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import Contains
from moneyed import Money

from customers import selectors as customers_selectors
from customers.models import folded_number
from customers.search import policies
from invoicing.models import CreditNote, Invoice, NumberSeries, Payment, PaymentLine
from portal.lib import days, money

SHORTEST_PART = 3
LONG_PART = 5
"""Letters and digits of a part that few numbers have: one in 30,000, if it is digits."""


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice in a list. *Shape*: kind and status are codes; a draft was issued on no day."""

    uuid: UUID
    number: str
    organisation: customers_selectors.Named
    kind: str
    status: str
    issued_on: date | None
    charged: Money
    open: Money


@dataclass(frozen=True)
class NoteRow:
    """A credit note in a list. *Shape*: status is a code; a draft was issued on no day."""

    uuid: UUID
    number: str
    organisation: customers_selectors.Named
    invoice_uuid: UUID | None
    invoice_number: str
    status: str
    issued_on: date | None
    total: Money
    left: Money


@dataclass(frozen=True)
class PaymentRow:
    """A payment in a list. *Shape*: method is a code; `taken_back` is what of it no longer counts."""

    uuid: UUID
    received_on: date
    organisation: customers_selectors.Named
    invoice_uuid: UUID
    invoice_number: str
    method: str
    reference: str
    actor: str
    amount: Money
    taken_back: Money


@dataclass(frozen=True)
class PayableInvoice:
    """An invoice that a payment or a note may be set against."""

    uuid: UUID
    number: str
    issued_on: str
    open: Decimal
    open_text: str


def invoices() -> QuerySet[Invoice]:
    """Give the query of all invoices, with what `invoice_rows` shows of their organisations."""
    return Invoice.objects.select_related("organisation")


def credit_notes() -> QuerySet[CreditNote]:
    """Give the query of all credit notes, with what `note_rows` shows of their organisations and invoices."""
    return CreditNote.objects.select_related("organisation", "invoice")


def payments() -> QuerySet[Payment]:
    """Give the query of all payments, with what `payment_rows` shows of their organisations and invoices."""
    gone = PaymentLine.objects.filter(payment=OuterRef("pk")).order_by().values("payment")
    return Payment.objects.select_related("invoice__organisation").annotate(
        lines_taken_back=Coalesce(Subquery(gone.annotate(gone=Sum("taken_back")).values("gone")), Decimal(0))
    )


def invoice_rows(found: Sequence[Invoice]) -> tuple[InvoiceRow, ...]:
    """Turn invoices into values. No query."""
    return tuple(
        InvoiceRow(
            uuid=invoice.uuid,
            number=invoice.number,
            organisation=customers_selectors.named(invoice.organisation),
            kind=invoice.kind,
            status=invoice.status,
            issued_on=invoice.issued_on,
            charged=Money(invoice.charged, invoice.currency),
            open=Money(open_of(invoice), invoice.currency),
        )
        for invoice in found
    )


def note_rows(found: Sequence[CreditNote]) -> tuple[NoteRow, ...]:
    """Turn credit notes into values. No query."""
    return tuple(
        NoteRow(
            uuid=note.uuid,
            number=note.number,
            organisation=customers_selectors.named(note.organisation),
            invoice_uuid=note.invoice.uuid if note.invoice else None,
            invoice_number=note.invoice.number if note.invoice else "",
            status=note.status,
            issued_on=note.issued_on,
            total=Money(note.total, note.currency),
            left=Money(left_of(note), note.currency),
        )
        for note in found
    )


def payment_rows(found: Sequence[Any]) -> tuple[PaymentRow, ...]:
    """Turn payments, as `payments` gives them, into values. No query."""
    return tuple(
        PaymentRow(
            uuid=payment.uuid,
            received_on=payment.received_on,
            organisation=customers_selectors.named(payment.invoice.organisation),
            invoice_uuid=payment.invoice.uuid,
            invoice_number=payment.invoice.number,
            method=payment.method,
            reference=payment.reference,
            actor=payment.actor,
            amount=Money(payment.amount, payment.currency),
            taken_back=Money(payment.lines_taken_back + payment.surplus_taken_back, payment.currency),
        )
        for payment in found
    )


def payable_invoices(note_uuid: UUID) -> tuple[PayableInvoice, ...]:
    """Find the unpaid invoices that a note may be allocated to, oldest first."""
    found: QuerySet[Invoice] = Invoice.objects.filter(
        organisation__credit_notes__uuid=note_uuid, status=Invoice.Status.AWAITING_PAYMENT
    ).order_by("issued_on", "pk")
    return tuple(
        PayableInvoice(
            uuid=invoice.uuid,
            number=invoice.number,
            issued_on=days.display(invoice.issued_on) if invoice.issued_on else "",
            open=open_of(invoice),
            open_text=money.display(open_of(invoice), currency=invoice.currency),
        )
        for invoice in found
    )


def taken(amount: Decimal, *, currency: str) -> str:
    """Write what was taken back; empty where nothing was."""
    return money.display(amount, currency=currency) if amount else ""


def open_of(invoice: Invoice) -> Decimal:
    """Say what is still to be paid on an invoice; nothing on a draft or a void one."""
    if not invoice.is_charging:
        return Decimal(0)
    return invoice.charged - invoice.paid - invoice.waived


def numbered(search: str, *, of: type[Invoice] | type[CreditNote]) -> Q:
    """Say which numbers are meant: those with this part, whatever its dashes and case.

    Fewer than three letters or digits no index finds anywhere: they are a beginning, or the place in a series.
    """
    part = policies.folded_number(search)
    if len(part) >= SHORTEST_PART:
        return Q(Contains(folded_number("number"), Value(part)))
    wanted = Q(number__startswith=search) | Q(number__startswith=search.upper())
    if search.isascii() and search.isdigit():
        document = NumberSeries.Document.INVOICE if of is Invoice else NumberSeries.Document.CREDIT_NOTE
        for series in NumberSeries.objects.filter(document=document):
            wanted |= Q(number=f"{series.prefix}{search.zfill(series.length)}")
    return wanted


def is_long_part(search: str) -> bool:
    """Say whether few numbers have what is searched for as a part."""
    return len(policies.folded_number(search)) >= LONG_PART


def is_short_part(search: str) -> bool:
    """Say whether many numbers may have what is searched for as a part."""
    return SHORTEST_PART <= len(policies.folded_number(search)) < LONG_PART


def has_in_order(search: str) -> Q:
    """Ask for numbers with these letters and digits in this order, whatever stands between them.

    Whoever has them as a part has them like this; to look for it takes a tenth of the time of folding a number, and
    PostgreSQL looks for it first.
    """
    like = Value(f"%{'%'.join(policies.folded_number(search))}%")
    sides = (Lower("number"), like)
    return Q(Func(*sides, template="%(expressions)s", arg_joiner=" LIKE ", output_field=BooleanField()))


def left_of(note: CreditNote) -> Decimal:
    """Say what of a note may still be allocated; nothing of a draft or a void one."""
    if note.status not in (CreditNote.Status.SENT, CreditNote.Status.PARTLY_APPLIED):
        return Decimal(0)
    return note.net + note.tax - note.allocated
