"""The lists of invoices and credit notes."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet, Value
from django.db.models.lookups import Contains

from customers.models import Organisation, folded_number
from customers.search import policies
from invoicing.models import CreditNote, Invoice, NumberSeries
from invoicing.selectors import paging
from portal.lib import days, money

SHORTEST_PART = 3


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice in a list. *Shape*: days and amounts as people read them."""

    uuid: UUID
    number: str
    organisation_uuid: UUID
    organisation_name: str
    organisation_known_by: str
    kind: str
    status: str
    issued_on: str
    charged: str
    open: str


@dataclass(frozen=True)
class NoteRow:
    """A credit note in a list. *Shape*: days and amounts as people read them."""

    uuid: UUID
    number: str
    organisation_uuid: UUID
    organisation_name: str
    organisation_known_by: str
    invoice_uuid: UUID | None
    invoice_number: str
    status: str
    issued_on: str
    total: str
    left: str


@dataclass(frozen=True)
class PayableInvoice:
    """An invoice that a payment or a note may be set against."""

    uuid: UUID
    number: str
    issued_on: str
    open: Decimal
    open_text: str


def invoices(
    *,
    search: str = "",
    status: str = "",
    kind: str = "",
    organisation_uuid: UUID | None = None,
    before: int | None = None,
    after: int | None = None,
) -> paging.Page[InvoiceRow]:
    """List invoices, newest first. *Shape*: `search` is any part of a number."""
    found = Invoice.objects.select_related("organisation")
    if organisation_uuid is not None:
        found = found.filter(organisation__uuid=organisation_uuid)
    if search:
        found = found.filter(numbered(search, of=Invoice))
    if status:
        found = found.filter(status=status)
    if kind:
        found = found.filter(kind=kind)
    return paging.page_of(found, to_row=_invoice_row, before=before, after=after)


def credit_notes(
    *,
    search: str = "",
    status: str = "",
    organisation_uuid: UUID | None = None,
    before: int | None = None,
    after: int | None = None,
) -> paging.Page[NoteRow]:
    """List credit notes, newest first. *Shape*: `search` is any part of a number."""
    found = CreditNote.objects.select_related("organisation", "invoice")
    if organisation_uuid is not None:
        found = found.filter(organisation__uuid=organisation_uuid)
    if search:
        found = found.filter(numbered(search, of=CreditNote))
    if status:
        found = found.filter(status=status)
    return paging.page_of(found, to_row=_note_row, before=before, after=after)


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
    if invoice.status in (Invoice.Status.DRAFT, Invoice.Status.VOID):
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


def _known_by(organisation: Organisation) -> str:
    return policies.known_by(
        reference=organisation.customer_reference,
        emails=(organisation.owner_email, organisation.billing_email),
        uuid=organisation.uuid,
    )


def _invoice_row(invoice: Invoice) -> InvoiceRow:
    return InvoiceRow(
        uuid=invoice.uuid,
        number=invoice.number,
        organisation_uuid=invoice.organisation.uuid,
        organisation_name=invoice.organisation.name,
        organisation_known_by=_known_by(invoice.organisation),
        kind=invoice.get_kind_display(),
        status=invoice.status,
        issued_on=days.display(invoice.issued_on) if invoice.issued_on else "",
        charged=money.display(invoice.charged, currency=invoice.currency),
        open=money.display(open_of(invoice), currency=invoice.currency),
    )


def _note_row(note: CreditNote) -> NoteRow:
    return NoteRow(
        uuid=note.uuid,
        number=note.number,
        organisation_uuid=note.organisation.uuid,
        organisation_name=note.organisation.name,
        organisation_known_by=_known_by(note.organisation),
        invoice_uuid=note.invoice.uuid if note.invoice else None,
        invoice_number=note.invoice.number if note.invoice else "",
        status=note.status,
        issued_on=days.display(note.issued_on) if note.issued_on else "",
        total=money.display(note.total, currency=note.currency),
        left=money.display(left_of(note), currency=note.currency),
    )


def left_of(note: CreditNote) -> Decimal:
    """Say what of a note may still be allocated; nothing of a draft or a void one."""
    if note.status not in (CreditNote.Status.SENT, CreditNote.Status.PARTLY_APPLIED):
        return Decimal(0)
    return note.net + note.tax - note.allocated
