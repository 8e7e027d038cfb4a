"""Add what the customers of the demo were charged, what they paid and what credit notes give back."""

from datetime import date
from decimal import Decimal

from customers.models import Organisation
from invoicing.models import (
    ChargeLine,
    CreditNote,
    CreditNoteAllocation,
    CreditNoteLine,
    Invoice,
    NumberSeries,
    Payment,
    PaymentLine,
)
from portal.demo.book import ACTOR, ZERO, Book
from portal.lib import money


def add_invoice(
    book: Book,
    organisation: Organisation,
    *,
    on: date,
    status: str = "awaiting_payment",
    imported: bool = False,
    kind: str = "tax",
) -> Invoice:
    """Add an invoice without lines; own ones get their number when all are known."""
    made = Invoice(
        uuid=book.draw_uuid(),
        number=f"INV-{on.year}-{next(book.imported):05d}" if imported else "",
        organisation=organisation,
        currency=organisation.currency,
        kind=kind,
        status=status,
        issued_on=None if status == "draft" else min(on, book.today),
        created_at=book.at(on),
        charged=ZERO,
    )
    book.add(made)
    return made


def add_line(
    book: Book, invoice: Invoice, *, kind: str, description: str, net: Decimal, tax: Decimal | None = None
) -> ChargeLine:
    """Add a line to an invoice, with the tax of the country unless it is given."""
    if tax is None:
        rate = book.locales[invoice.organisation.uuid].tax_rate
        tax = money.round_half_up(net * rate, currency=invoice.currency)
    made = ChargeLine(
        invoice=invoice, currency=invoice.currency, kind=kind, description=description, net=net, tax=tax
    )
    book.add(made)
    book.lines_of[invoice.uuid].append(made)
    invoice.charged += net + tax
    if invoice.status == "awaiting_payment":
        book.unpaid[id(made)] = net + tax
    return made


def unpaid(book: Book, line: ChargeLine) -> Decimal:
    """Give what is still owed on a line; nothing on one of a draft or void invoice."""
    return book.unpaid.get(id(line), ZERO)


def pay(
    book: Book,
    invoice: Invoice,
    *,
    on: date,
    method: str = "",
    part: Decimal | None = None,
    amount: Decimal | None = None,
) -> None:
    """Pay an invoice, wholly or `part` of every line or `amount` from the first line on.

    Without a method: what was imported was paid before the move; prepaid pays from Available Credits.
    """
    organisation = invoice.organisation
    if not method:
        if invoice.number:
            method = "imported"
        elif organisation.payment_mode == "prepaid":
            method = "credits"
        else:
            method = book.rng.choice(("bank_transfer", "card", "cheque"))
    shares: list[tuple[ChargeLine, Decimal]] = []
    for line in book.lines_of[invoice.uuid]:
        share = book.unpaid[id(line)]
        if part is not None:
            share = min(share, money.round_half_up((line.net + line.tax) * part, currency=invoice.currency))
        if amount is not None:
            share = min(share, amount)
            amount -= share
        if share:
            shares.append((line, share))
            book.unpaid[id(line)] -= share
    total = sum((share for _, share in shares), ZERO)
    if not total:
        return
    payment = Payment(
        uuid=book.draw_uuid(),
        invoice=invoice,
        currency=invoice.currency,
        amount=total,
        method=method,
        received_on=on,
        reference=f"{book.rng.randrange(10**8, 10**9)}" if method in ("bank_transfer", "cheque") else "",
        created_at=max(invoice.created_at, book.at(on)),
        actor=ACTOR,
    )
    book.add(payment)
    for line, share in shares:
        book.add(PaymentLine(payment=payment, line=line, currency=invoice.currency, amount=share))
    if method == "credits":
        book.move(
            organisation,
            -total,
            kind="charge",
            at=payment.created_at,
            # The number is not known yet: `ledger` puts it in.
            description="Paid {}",
            cause_id=invoice.uuid,
        )


def add_note(
    book: Book,
    organisation: Organisation,
    *,
    on: date,
    status: str,
    net: Decimal,
    tax: Decimal | None = None,
    line: ChargeLine | None = None,
    reason: str = "",
    imported: bool = False,
) -> CreditNote:
    """Add a credit note of one line, of a charge when `line` is given."""
    if tax is None:
        tax = money.round_half_up(net * book.locales[organisation.uuid].tax_rate, currency=organisation.currency)
    applied = status == "applied"
    made = CreditNote(
        uuid=book.draw_uuid(),
        number=f"CR-{on.year}-{next(book.imported):05d}" if imported else "",
        organisation=organisation,
        invoice=line.invoice if line else None,
        currency=organisation.currency,
        status=status,
        reason=reason,
        net=net,
        tax=tax,
        allocated=net + tax if applied else ZERO,
        allocated_outside=net + tax if applied else ZERO,
        issued_on=None if status == "draft" else on,
        created_at=book.at(on),
    )
    if status == "sent":
        made.sent_at = made.created_at
    book.add(made)
    book.add(
        CreditNoteLine(
            credit_note=made,
            line=line,
            currency=made.currency,
            description=line.description if line else reason,
            net=net,
            tax=tax,
        )
    )
    return made


def allocate(book: Book, note: CreditNote, line: ChargeLine, amount: Decimal) -> None:
    """Let a sent note pay (part of) an unpaid charge; a trigger then says how far it is applied."""
    book.unpaid[id(line)] -= amount
    book.add(
        CreditNoteAllocation(
            credit_note=note,
            line=line,
            currency=note.currency,
            amount=amount,
            created_at=max(note.created_at, line.invoice.created_at),
            actor=ACTOR,
        )
    )


def number_documents(book: Book, *, model: type[Invoice] | type[CreditNote], series: NumberSeries) -> None:
    """Sort documents by the time they were made and number the portal's own ones without gaps."""
    documents = book.of(model)
    documents.sort(key=lambda document: document.created_at)
    for document in documents:
        if not document.number:
            series.last_number += 1
            place = series.last_number
            document.series = series
            document.sequence_number = place
            document.number = f"{series.prefix}{place:0{series.length}d}"
