"""Random take-backs, and notes that are put into Available Credits."""

import uuid
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from invoicing import operations as invoicing_operations
from invoicing.models import CreditNoteAllocation, CreditNotePutInLine, Payment, PaymentLine
from tests.subscriptions.termination.model_rows import ZERO
from tests.subscriptions.termination.random_days.day import Day
from tests.subscriptions.termination.random_days.drawn import AMOUNT, PICK


class TakingBack(Day):
    """What is taken back of payments and notes, and notes put into Available Credits."""

    @rule(pick=PICK, which=PICK, amount=AMOUNT, takes_all=st.booleans())
    def take_back(self, pick: int, which: int, amount: Decimal, takes_all: bool) -> None:
        """Take back a part of a payment of a charge, whoever recorded it."""
        key = self.charge(pick)
        charge = self.model.charges[key]
        rows = list(PaymentLine.objects.filter(line_id=self.world.lines[key]).order_by("pk"))
        if not rows:
            return
        row = rows[which % len(rows)]
        left = self.left_of(row)
        amount = left if takes_all and left else amount
        refusal = ""
        if amount > left:
            refusal = "AboveWhatIsThere"
        elif charge.refunded + charge.put_in > charge.paid - amount:
            refusal = "CameBackAlready"
        form = partial(
            invoicing_operations.take_back_payment,
            payment_uuid=Payment.objects.get(pk=row.payment_id).uuid,
            parts={row.pk: amount},
            surplus=ZERO,
            reason="Bounced.",
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if not refusal:
            self.is_taken_back(row, amount, of=row.payment_id)
            charge.paid -= amount
            if row.payment.method == "credits":
                self.model.entries.append(("charge", amount))
            self.last_form = form

    @rule(pick=PICK, amount=AMOUNT, takes_all=st.booleans())
    def take_back_a_surplus(self, pick: int, amount: Decimal, takes_all: bool) -> None:
        """Take back what of a payment went into Available Credits."""
        rows = list(Payment.objects.filter(surplus__gt=0).order_by("pk"))
        if not rows:
            return
        row = rows[pick % len(rows)]
        left = row.surplus - self.model.taken_back.get(("invoicing_payment", row.pk), ZERO)
        amount = left if takes_all and left else amount
        refusal = "AboveWhatIsThere" if amount > left else ""
        if not refusal and amount > self.model.balance:
            refusal = "CreditsDoNotCover"
        form = partial(
            invoicing_operations.take_back_payment,
            payment_uuid=row.uuid,
            parts={},
            surplus=amount,
            reason="Bounced.",
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if not refusal:
            self.is_taken_back(row, amount, of=row.pk)
            self.model.entries.append(("top_up", -amount))
            self.last_form = form

    @precondition(lambda self: self.notes)
    @rule(pick=PICK)
    def put_into_credits(self, pick: int) -> None:
        """Press the button of billing's: pay what is open, and put the rest into Available Credits."""
        key = self.note(pick)
        settled = self.model.settled_by(key)
        others = self.model.charges_of(settled) if settled else []
        is_open = self.model.notes[key].status in ("sent", "partly_applied")
        refusal = "" if is_open else "NoteNotAllocatable"
        if is_open and not any(self.model.usable(key, others=others)):
            refusal = "NothingToPutIn"
        form = partial(
            invoicing_operations.put_into_credits,
            note_uuid=self.notes[key],
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if not refusal:
            self.model.use(key, others=others)
            self.last_form = form

    @precondition(lambda self: self.notes)
    @rule(pick=PICK, which=PICK, amount=AMOUNT, takes_all=st.booleans())
    def take_back_of_a_note(self, pick: int, which: int, amount: Decimal, takes_all: bool) -> None:
        """Take back a part of what a note paid, or put into Available Credits."""
        key = self.note(pick)
        note = self.model.notes[key]
        rows: list[CreditNoteAllocation | CreditNotePutInLine] = [
            *CreditNoteAllocation.objects.filter(credit_note__uuid=self.notes[key]).order_by("pk"),
            *CreditNotePutInLine.objects.filter(put_in__credit_note__uuid=self.notes[key]).order_by("pk"),
        ]
        if not rows:
            return
        row = rows[which % len(rows)]
        is_put_in = isinstance(row, CreditNotePutInLine)
        name = next((name for name, line_id in self.world.lines.items() if line_id == row.line_id), "")
        left = self.left_of(row)
        amount = left if takes_all and left else amount
        refusal = ""
        if amount > left:
            refusal = "AboveWhatIsThere"
        elif is_put_in:
            refusal = "CreditsDoNotCover" if amount > self.model.balance else ""
        elif self.model.charges[name].refunded + self.model.charges[name].put_in > (
            self.model.charges[name].paid - amount
        ):
            refusal = "CameBackAlready"
        form = partial(
            invoicing_operations.take_back_of_note,
            note_uuid=self.notes[key],
            applied={} if is_put_in else {row.pk: amount},
            put_in={row.pk: amount} if is_put_in else {},
            reason="Wrong invoice.",
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if refusal:
            return
        self.is_taken_back(row, amount)
        if is_put_in:
            note.put_in[name] -= amount
            self.model.entries.append(("credit_note", -amount))
            if name:
                self.model.charges[name].put_in -= amount
        else:
            self.model.charges[name].paid -= amount
        note.allocated -= amount
        note.status = "partly_applied" if note.allocated else "sent"
        self.last_form = form

    def left_of(self, row: Any) -> Decimal:
        """Say what of a part was not taken back."""
        amount: Decimal = row.amount
        return amount - self.model.taken_back.get((row._meta.db_table, row.pk), ZERO)

    def is_taken_back(self, row: Any, amount: Decimal, *, of: int | None = None) -> None:
        """Let the model follow; `of` is the payment, where it is a part of one."""
        key = (row._meta.db_table, row.pk)
        self.model.taken_back[key] = self.model.taken_back.get(key, ZERO) + amount
        if of in self.model.standing:
            self.model.standing[of] -= amount
