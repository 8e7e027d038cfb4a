"""Take back a payment, an application of a note, or what a note put in: whole or by charge, with a reason.

What is taken back is a row of its own; the first rows stay. Holds and what settling notes stand for stay too.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from customers import operations as customers_operations
from customers import refusals as customers_refusals
from customers.models import CreditAccount, LedgerEntry, Organisation
from invoicing import refusals, selectors
from invoicing.models import (
    ChargeLine,
    CreditNoteAllocation,
    CreditNotePutInLine,
    Payment,
    PaymentLine,
    TakeBack,
    TakeBackLine,
)
from invoicing.operations import documents, giveback
from portal import frame
from portal.lib import days

ZERO = Decimal(0)


@dataclass(frozen=True)
class _Part:
    """What is taken back of one row, and what there still is of it. *Shape*: `line_id` is None for no charge."""

    row: PaymentLine | CreditNoteAllocation | CreditNotePutInLine
    amount: Decimal

    @property
    def line_id(self) -> int | None:
        return self.row.line_id

    @property
    def left(self) -> Decimal:
        return self.row.amount - self.row.taken_back


def take_back_payment(
    *,
    payment_uuid: uuid.UUID,
    parts: Mapping[int, Decimal],
    surplus: Decimal,
    reason: str,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> TakeBack:
    """Take back a payment. What it paid is open again; what of it went into Available Credits leaves them.

    Of a payment by Available Credits the opposite entry is posted. The same request sent twice takes back once.

    *Units*: gross, in the currency of the payment; `parts` by `PaymentLine`, `surplus` what goes of the surplus.
    *Raises*: Payment.DoesNotExist; Refused, as one of NothingTakenBack, NoSuchPart, AmountNotUsable,
    AboveWhatIsThere, CameBackAlready, CreditsDoNotCover, BalanceOutOfRange, KeyReused.
    """
    content = {"payment": payment_uuid, "parts": dict(parts), "surplus": surplus, "reason": reason}
    key = frame.Key(request_id, content, by=by, at=at)
    with documents.form_writes_once(), frame.operation("take_back_payment", key=key) as earlier:
        if earlier:
            return TakeBack.objects.get(uuid=earlier)
        invoice_uuid = Payment.objects.values_list("invoice__uuid", flat=True).get(uuid=payment_uuid)
        invoice = documents.locked_invoice(invoice_uuid)
        payment = Payment.objects.get(uuid=payment_uuid)
        amount = sum(parts.values(), surplus)
        rows = PaymentLine.objects.filter(payment=payment)
        taken = _parts(parts, rows={row.pk: row for row in rows}, currency=payment.currency)
        if not taken and not surplus:
            raise refusals.NothingTakenBack
        if surplus:
            customers_refusals.check_amount(surplus, currency=payment.currency)
            _check_left(
                surplus, left=payment.surplus - payment.surplus_taken_back, of=payment, key=selectors.SURPLUS
            )
        _check_what_came_back(taken)
        is_by_credits = payment.method == Payment.Method.CREDITS
        moved = amount - surplus if is_by_credits else -surplus
        made = TakeBack(
            uuid=key.outcome,
            payment=payment,
            currency=payment.currency,
            amount=amount,
            surplus=surplus,
            reason=reason,
            request_id=request_id,
            created_at=at,
            actor=by.name,
        )
        if moved:
            kind = LedgerEntry.Kind.CHARGE if is_by_credits else LedgerEntry.Kind.TOP_UP
            is_postpaid = invoice.organisation.payment_mode == Organisation.PaymentMode.POSTPAID
            what = f"Payment on {invoice.number} taken back"
            _move(made, kind, moved, invoice.organisation, is_unbilled=is_postpaid, what=what, by=by, at=at)
        _write(made, taken)
        shown, whole = (documents.display(part, of=invoice) for part in (amount, payment.amount))
        documents.record(
            "payment.taken_back",
            sentence=f"{shown} of the payment of {whole} on {invoice.number} taken back: {reason}",
            of=invoice,
            data={
                "payment": payment.uuid,
                "amount": amount,
                "surplus": surplus,
                "reason": reason,
            },
            by=by,
            at=at,
        )
        return made


def take_back_of_note(
    *,
    note_uuid: uuid.UUID,
    applied: Mapping[int, Decimal],
    put_in: Mapping[int, Decimal],
    reason: str,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> TakeBack:
    """Take back what a note paid on invoices, and what it put into Available Credits.

    It can be used again. The same request sent twice takes back once.

    *Units*: gross, in the currency of the note; by `CreditNoteAllocation`, and by `CreditNotePutInLine`.
    *Raises*: CreditNote.DoesNotExist; Refused, as `take_back_payment`.
    """
    content = {"note": note_uuid, "applied": dict(applied), "put_in": dict(put_in), "reason": reason}
    key = frame.Key(request_id, content, by=by, at=at)
    with documents.form_writes_once(), frame.operation("take_back_of_note", key=key) as earlier:
        if earlier:
            return TakeBack.objects.get(uuid=earlier)
        allocations = CreditNoteAllocation.objects.filter(credit_note__uuid=note_uuid)
        put_ins = CreditNotePutInLine.objects.filter(put_in__credit_note__uuid=note_uuid)
        touched = {*allocations.values_list("line__pk", flat=True), *put_ins.values_list("line__pk", flat=True)}
        giveback.lock_invoices([line_id for line_id in touched if line_id is not None])
        note = documents.locked_note(note_uuid)
        amount = sum((*applied.values(), *put_in.values()), ZERO)
        paid = _parts(applied, rows={row.pk: row for row in allocations}, currency=note.currency)
        back = _parts(put_in, rows={row.pk: row for row in put_ins}, currency=note.currency)
        if not paid and not back:
            raise refusals.NothingTakenBack
        _check_what_came_back([*paid, *back])
        made = TakeBack(
            uuid=key.outcome,
            credit_note=note,
            currency=note.currency,
            amount=amount,
            reason=reason,
            request_id=request_id,
            created_at=at,
            actor=by.name,
        )
        moved = -sum((part.amount for part in back), ZERO)
        if moved:
            # As it was put in: the monthly invoice knew an imported note.
            is_postpaid = note.organisation.payment_mode == Organisation.PaymentMode.POSTPAID
            is_unbilled = is_postpaid and note.series_id is not None
            what = f"Credit note {note.number} taken back"
            kind = LedgerEntry.Kind.CREDIT_NOTE
            _move(made, kind, moved, note.organisation, is_unbilled=is_unbilled, what=what, by=by, at=at)
        _write(made, [*paid, *back])
        documents.record(
            "credit_note.taken_back",
            sentence=f"{documents.display(amount, of=note)} of what credit note {note.number} paid and put in"
            f" taken back: {reason}",
            of=note,
            data={"amount": amount, "reason": reason},
            by=by,
            at=at,
        )
        return made


def _parts(
    wanted: Mapping[int, Decimal],
    *,
    rows: Mapping[int, PaymentLine] | Mapping[int, CreditNoteAllocation] | Mapping[int, CreditNotePutInLine],
    currency: str,
) -> list[_Part]:
    parts = []
    for key, amount in wanted.items():
        customers_refusals.check_amount(amount, currency=currency)
        row = rows.get(key)
        if row is None:
            raise refusals.NoSuchPart(part_id=key)
        part = _Part(row=row, amount=amount)
        _check_left(amount, left=part.left, of=row, key=selectors.key_of(row))
        parts.append(part)
    return parts


def _check_left(
    amount: Decimal,
    *,
    left: Decimal,
    of: Payment | PaymentLine | CreditNoteAllocation | CreditNotePutInLine,
    key: str,
) -> None:
    if amount > left:
        raise refusals.AboveWhatIsThere(key=key, amount=amount, left=left, currency=of.currency)


def _check_what_came_back(parts: Sequence[_Part]) -> None:
    """Refuse to take away what a refund, or what a note put in, has given back of a charge already."""
    paid: dict[int, Decimal] = {}
    put_in: dict[int, Decimal] = {}
    for part in parts:
        if part.line_id is not None:
            sums = put_in if isinstance(part.row, CreditNotePutInLine) else paid
            sums[part.line_id] = sums.get(part.line_id, ZERO) + part.amount
    lines = ChargeLine.objects.filter(pk__in=paid).select_related("invoice").order_by("pk")
    for line in lines:
        came_back = line.refunded + line.put_in - put_in.get(line.pk, ZERO)
        if came_back > line.paid - paid[line.pk]:
            raise refusals.CameBackAlready(
                description=line.description,
                number=line.invoice.number,
                came_back=came_back,
                most=max(ZERO, line.paid - came_back),
                currency=line.currency,
            )


def _move(
    made: TakeBack,
    kind: LedgerEntry.Kind,
    moved: Decimal,
    organisation: Organisation,
    *,
    is_unbilled: bool,
    what: str,
    by: frame.Actor,
    at: datetime,
) -> None:
    """Post the opposite entry; Available Credits have to cover what leaves them. The account is locked here."""
    account = customers_operations.lock_account(organisation_id=organisation.pk)
    _check_cover(account, moved=moved)
    made.entry = customers_operations.post_entry(
        account=account,
        kind=kind,
        amount=moved,
        cause_id=made.uuid,
        is_unbilled=is_unbilled,
        at=at,
        on=days.today_in(organisation.timezone, at=at),
        description=f"{what}: {made.reason}",
        actor=by.name,
    )
    made.moved = moved


def _check_cover(account: CreditAccount, *, moved: Decimal) -> None:
    available = account.available
    if moved < 0 and -moved > available:
        raise refusals.CreditsDoNotCover(needed=-moved, available=available, currency=account.currency)


def _write(made: TakeBack, parts: Sequence[_Part]) -> None:
    made.save(force_insert=True)
    TakeBackLine.objects.bulk_create(
        TakeBackLine(
            take_back=made,
            payment_line=part.row if isinstance(part.row, PaymentLine) else None,
            allocation=part.row if isinstance(part.row, CreditNoteAllocation) else None,
            put_in_line=part.row if isinstance(part.row, CreditNotePutInLine) else None,
            currency=made.currency,
            amount=part.amount,
        )
        for part in parts
    )
