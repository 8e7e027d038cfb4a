"""One invoice with all that belongs to it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from invoicing import subjects
from invoicing.models import (
    ChargeLine,
    CreditNote,
    CreditNoteAllocation,
    CreditNoteLine,
    CreditNoteStand,
    Invoice,
    Payment,
    PaymentLine,
)
from invoicing.selectors import lists, taking_back
from portal.lib import days, money


@dataclass(frozen=True)
class LineRow:
    """A charge of an invoice. *Shape*: amounts as people read them."""

    line_id: int
    description: str
    subject: subjects.Subject | None
    kind: str
    net: str
    tax: str
    charged: str
    paid: str
    noted: str
    waived: str
    refunded: str
    open: str
    open_amount: Decimal


@dataclass(frozen=True)
class LineSums:
    """What the charges of an invoice come to. *Shape*: amounts as people read them."""

    net: str
    tax: str
    charged: str
    paid: str
    noted: str
    waived: str
    refunded: str
    open: str


@dataclass(frozen=True)
class PaidCharge:
    """The part of a payment that pays one charge."""

    description: str
    subject: subjects.Subject | None
    amount: str


@dataclass(frozen=True)
class PaidRow:
    """Money that was set against an invoice: a payment, or the part of a credit note.

    *Shape*: `charges` is empty where the invoice has one charge alone.
    """

    on: str
    method: str
    reference: str
    amount: str
    actor: str
    charges: tuple[PaidCharge, ...]
    note_uuid: UUID | None = None
    note_number: str = ""
    surplus: str = ""
    taken_back: str = ""
    # Of a payment of which something can still be taken back.
    payment_uuid: UUID | None = None


@dataclass(frozen=True)
class NamingRow:
    """A note that names charges of the invoice, or stands for them, with what it gives back of them."""

    uuid: UUID
    number: str
    status: str
    issued_on: str
    amount: str


@dataclass(frozen=True)
class InvoiceDetails:
    """An invoice as its page shows it."""

    uuid: UUID
    number: str
    organisation_uuid: UUID
    organisation_name: str
    kind: str
    status: str
    currency: str
    timezone: str
    issued_on: str
    charged: str
    paid: str
    waived: str
    open: str
    open_amount: Decimal
    is_payable: bool
    takes_payments: bool
    is_creditable: bool
    lines: tuple[LineRow, ...]
    sums: LineSums
    payments: tuple[PaidRow, ...]
    notes: tuple[NamingRow, ...]
    taken_back: tuple[taking_back.TakenBackRow, ...]


def invoice_details(invoice_uuid: UUID) -> InvoiceDetails:
    """Give one invoice.

    *Raises*: Invoice.DoesNotExist.
    """
    invoice = Invoice.objects.select_related("organisation").get(uuid=invoice_uuid)
    currency = invoice.currency
    lines = list(ChargeLine.objects.filter(invoice=invoice).order_by("pk"))
    still_open = lists.open_of(invoice)
    about = subjects.of_lines([line.pk for line in lines])
    return InvoiceDetails(
        uuid=invoice.uuid,
        number=invoice.number,
        organisation_uuid=invoice.organisation.uuid,
        organisation_name=invoice.organisation.name,
        kind=invoice.get_kind_display(),
        status=invoice.status,
        currency=currency,
        timezone=invoice.organisation.timezone,
        issued_on=days.display(invoice.issued_on) if invoice.issued_on else "",
        charged=money.display(invoice.charged, currency=currency),
        paid=money.display(invoice.paid, currency=currency),
        waived=money.display(invoice.waived, currency=currency),
        open=money.display(still_open, currency=currency),
        open_amount=still_open,
        is_payable=still_open > 0,
        takes_payments=invoice.is_charging,
        is_creditable=invoice.is_charging and any(_left(line) > 0 for line in lines),
        lines=tuple(_line_row(line, about=about.get(line.pk), is_charging=invoice.is_charging) for line in lines),
        sums=_sums(lines, open=still_open, currency=currency),
        payments=(*_payments(invoice, lines=lines, about=about), *_allocated_to(invoice, lines=lines, about=about)),
        notes=tuple(_naming(lines, currency=currency)),
        taken_back=taking_back.taken_back_on(invoice),
    )


def _left(line: ChargeLine) -> Decimal:
    return line.net + line.tax - line.noted - line.waived - line.refunded


def _line_row(line: ChargeLine, *, about: subjects.Subject | None, is_charging: bool) -> LineRow:
    def written(amount: Decimal) -> str:
        return money.display(amount, currency=line.currency)

    still_open = line.charged - line.paid - line.waived if is_charging else Decimal(0)
    return LineRow(
        line_id=line.pk,
        description=line.description,
        subject=about,
        kind=line.get_kind_display(),
        net=written(line.net),
        tax=written(line.tax),
        charged=written(line.charged),
        paid=written(line.paid),
        noted=written(line.noted),
        waived=written(line.waived),
        refunded=written(line.refunded),
        open=written(still_open),
        open_amount=still_open,
    )


def _sums(lines: list[ChargeLine], *, open: Decimal, currency: str) -> LineSums:
    def total(amount: Callable[[ChargeLine], Decimal]) -> str:
        return money.display(sum(map(amount, lines), Decimal(0)), currency=currency)

    return LineSums(
        net=total(lambda line: line.net),
        tax=total(lambda line: line.tax),
        charged=total(lambda line: line.charged),
        paid=total(lambda line: line.paid),
        noted=total(lambda line: line.noted),
        waived=total(lambda line: line.waived),
        refunded=total(lambda line: line.refunded),
        open=money.display(open, currency=currency),
    )


def _payments(
    invoice: Invoice, *, lines: list[ChargeLine], about: dict[int, subjects.Subject]
) -> Iterable[PaidRow]:
    parts: dict[int, list[PaidCharge]] = defaultdict(list)
    gone: dict[int, Decimal] = defaultdict(Decimal)
    for part in PaymentLine.objects.filter(payment__invoice=invoice).select_related("line").order_by("pk"):
        gone[part.payment_id] += part.taken_back
        if len(lines) > 1:
            parts[part.payment_id].append(_paid_charge(part.line, amount=part.amount, about=about))
    for payment in Payment.objects.filter(invoice=invoice).order_by("pk"):
        yield PaidRow(
            on=days.display(payment.received_on),
            method=payment.get_method_display(),
            reference=payment.reference,
            amount=money.display(payment.amount, currency=payment.currency),
            actor=payment.actor,
            charges=tuple(parts[payment.pk]),
            surplus=money.display(payment.surplus, currency=payment.currency) if payment.surplus else "",
            taken_back=lists.taken(gone[payment.pk] + payment.surplus_taken_back, currency=payment.currency),
            payment_uuid=payment.uuid if gone[payment.pk] + payment.surplus_taken_back < payment.amount else None,
        )


def _paid_charge(line: ChargeLine, *, amount: Decimal, about: dict[int, subjects.Subject]) -> PaidCharge:
    return PaidCharge(
        description=line.description,
        subject=about.get(line.pk),
        amount=money.display(amount, currency=line.currency),
    )


def _allocated_to(
    invoice: Invoice, *, lines: list[ChargeLine], about: dict[int, subjects.Subject]
) -> Iterable[PaidRow]:
    rows = CreditNoteAllocation.objects.filter(line__invoice=invoice).select_related("credit_note", "line")
    for row in rows.order_by("pk"):
        yield PaidRow(
            on=days.display(days.today_in(invoice.organisation.timezone, at=row.created_at)),
            method="Credit note",
            reference="",
            amount=money.display(row.amount, currency=row.currency),
            actor=row.actor,
            charges=(_paid_charge(row.line, amount=row.amount, about=about),) if len(lines) > 1 else (),
            note_uuid=row.credit_note.uuid,
            note_number=row.credit_note.number,
            taken_back=lists.taken(row.taken_back, currency=row.currency),
        )


def _naming(lines: list[ChargeLine], *, currency: str) -> Iterable[NamingRow]:
    sums: dict[int, Decimal] = defaultdict(Decimal)
    notes: dict[int, CreditNote] = {}
    for rows in (CreditNoteLine.objects, CreditNoteStand.objects):
        for row in rows.filter(line__in=lines).select_related("credit_note").order_by("credit_note_id", "pk"):
            notes[row.credit_note_id] = row.credit_note
            sums[row.credit_note_id] += row.net + row.tax
    for pk, note in sorted(notes.items()):
        yield NamingRow(
            uuid=note.uuid,
            number=note.number,
            status=note.status,
            issued_on=days.display(note.issued_on) if note.issued_on else "",
            amount=money.display(sums[pk], currency=currency),
        )
