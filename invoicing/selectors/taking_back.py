"""What can be taken back of a payment or a note, and what was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from invoicing import subjects
from invoicing.models import (
    ChargeLine,
    CreditNote,
    CreditNoteAllocation,
    CreditNotePutInLine,
    Invoice,
    Payment,
    PaymentLine,
    TakeBack,
    TakeBackLine,
)
from portal.lib import days, money

SURPLUS = "surplus"


@dataclass(frozen=True)
class Part:
    """One part that can be taken back. *Shape*: `key` names its field; `left` is what is still there, above 0."""

    key: str
    label: str
    about: str
    left: Decimal
    left_text: str


@dataclass(frozen=True)
class Takeable:
    """A payment or a note with the parts that can be taken back."""

    what: str
    invoice_uuid: UUID | None
    number: str
    organisation_uuid: UUID
    organisation_name: str
    currency: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class TakenBackRow:
    """What was taken back once, as people read it."""

    what: str
    on: str
    actor: str
    amount: str
    reason: str


def key_of(row: PaymentLine | CreditNoteAllocation | CreditNotePutInLine) -> str:
    """Name the part that a row is: by its kind too, since rows of two kinds may have one id."""
    kinds = {PaymentLine: "paid", CreditNoteAllocation: "applied", CreditNotePutInLine: "put_in"}
    return f"{kinds[type(row)]}_{row.pk}"


def takeable_payment(payment_uuid: UUID) -> Takeable:
    """Give a payment with what is still there of it. *Raises*: Payment.DoesNotExist."""
    payment = Payment.objects.select_related("invoice__organisation").get(uuid=payment_uuid)
    invoice = payment.invoice
    rows = list(PaymentLine.objects.filter(payment=payment).select_related("line__invoice").order_by("pk"))
    about = subjects.of_lines([row.line_id for row in rows])
    parts = [_part("paid", row, line=row.line, about=about) for row in rows]
    surplus = payment.surplus - payment.surplus_taken_back
    parts.append(
        Part(
            key=SURPLUS,
            label="What went into Available Credits",
            about="",
            left=surplus,
            left_text=money.display(surplus, currency=payment.currency),
        )
    )
    return Takeable(
        what=f"the payment of {money.display(payment.amount, currency=payment.currency)} on {invoice.number}",
        invoice_uuid=invoice.uuid,
        number=invoice.number,
        organisation_uuid=invoice.organisation.uuid,
        organisation_name=invoice.organisation.name,
        currency=payment.currency,
        parts=tuple(part for part in parts if part.left > 0),
    )


def takeable_note(note_uuid: UUID) -> Takeable:
    """Give a note with what is still there of what it paid and put in. *Raises*: CreditNote.DoesNotExist."""
    note = CreditNote.objects.select_related("organisation").get(uuid=note_uuid)
    allocations = list(
        CreditNoteAllocation.objects.filter(credit_note=note).select_related("line__invoice").order_by("pk")
    )
    put_ins = list(
        CreditNotePutInLine.objects.filter(put_in__credit_note=note).select_related("line__invoice").order_by("pk")
    )
    ids = [row.line_id for row in allocations]
    ids += [row.line_id for row in put_ins if row.line_id is not None]
    about = subjects.of_lines(ids)
    parts = [_part("applied", row, line=row.line, about=about) for row in allocations]
    parts += [_part("put_in", row, line=row.line, about=about) for row in put_ins]
    return Takeable(
        what=f"what {note.number} paid and put in",
        invoice_uuid=None,
        number=note.number,
        organisation_uuid=note.organisation.uuid,
        organisation_name=note.organisation.name,
        currency=note.currency,
        parts=tuple(part for part in parts if part.left > 0),
    )


def taken_back_on(invoice: Invoice) -> tuple[TakenBackRow, ...]:
    """List what was taken back of payments on an invoice, and of notes as far as they paid it. Two queries."""
    # Not an OR, for which all that was ever taken back would be read.
    on_it = TakeBackLine.objects.filter(allocation__line__invoice=invoice).order_by().values_list("take_back")
    of_notes: dict[int, Decimal] = dict(on_it.annotate(Sum("amount")))
    of_payments = TakeBack.objects.filter(payment__invoice=invoice).order_by().values("pk")
    known = TakeBack.objects.filter(pk__in=of_notes).order_by().values("pk")
    found = TakeBack.objects.filter(pk__in=of_payments.union(known)).select_related("payment", "credit_note")
    return tuple(_rows(found, zone=invoice.organisation.timezone, amounts=of_notes))


def taken_back_of(note: CreditNote) -> tuple[TakenBackRow, ...]:
    """List what was taken back of a note. One query."""
    found = TakeBack.objects.filter(credit_note=note).select_related("payment", "credit_note")
    return tuple(_rows(found, zone=note.organisation.timezone))


def _rows(
    found: Iterable[TakeBack], *, zone: str, amounts: Mapping[int, Decimal] | None = None
) -> Iterable[TakenBackRow]:
    """Write what was taken back; `amounts` says, by row, what of it lies on the invoice that is shown."""
    amounts = amounts or {}
    for row in sorted(found, key=lambda row: row.pk):
        whole = money.display(row.payment.amount, currency=row.currency) if row.payment else ""
        yield TakenBackRow(
            what=f"Payment of {whole}" if row.payment else f"Credit note {row.credit_note}",
            on=days.display(days.today_in(zone, at=row.created_at)),
            actor=row.actor,
            amount=money.display(amounts.get(row.pk, row.amount), currency=row.currency),
            reason=row.reason,
        )


def _part(
    kind: str,
    row: PaymentLine | CreditNoteAllocation | CreditNotePutInLine,
    *,
    line: ChargeLine | None,
    about: dict[int, subjects.Subject],
) -> Part:
    left = row.amount - row.taken_back
    words = {"paid": "{} on {}", "applied": "Paid: {} on {}", "put_in": "Put into Available Credits: {} on {}"}[
        kind
    ]
    subject = about.get(line.pk) if line else None
    return Part(
        key=key_of(row),
        label=words.format(line.description, line.invoice.number)
        if line
        else "Put into Available Credits, for no charge",
        about=subject.text if subject else "",
        left=left,
        left_text=money.display(left, currency=row.currency),
    )
