"""Random payments, notes and allocations."""

import uuid
from decimal import Decimal
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from customers.models import Organisation
from invoicing import operations as invoicing_operations
from tests.subscriptions.termination.model_rows import ZERO, Note
from tests.subscriptions.termination.random_days.day import Day
from tests.subscriptions.termination.random_days.drawn import AMOUNT, OFTEN, PICK
from tests.support import factories


class Documents(Day):
    """Payments, notes and allocations."""

    @rule(pick=PICK, amount=AMOUNT, is_another=st.booleans(), agrees=OFTEN)
    def pay(self, pick: int, amount: Decimal, is_another: bool, agrees: bool) -> None:
        key = self.lone_charge(pick)
        charge = self.model.charges[key]
        surplus = max(ZERO, amount - charge.open)
        seen = (key, self.model.today, amount)
        refusal = "PaymentLikeAnother" if self.model.is_like_another(seen) and not is_another else ""
        if not refusal and surplus and not agrees:
            refusal = "ReceivedAboveOpen"
        form = partial(
            invoicing_operations.record_payment,
            invoice_uuid=self.world.invoices[key],
            amount=amount,
            method="bank_transfer",
            received_on=self.model.today,
            reference="",
            by_charge={},
            into_credits=surplus if agrees else ZERO,
            is_another=is_another,
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        made = self.expect(refusal, form)
        if not refusal:
            charge.paid += amount - surplus
            self.model.payments[made.pk] = seen
            self.model.standing[made.pk] = amount
            if surplus:
                self.model.entries.append(("top_up", surplus))
            self.last_form = form

    @rule(
        pick=PICK,
        amount=AMOUNT,
        tax=st.sampled_from([ZERO, Decimal("0.90"), Decimal("4.50")]),
        sends=st.sampled_from([True, True, False]),
    )
    def draft_a_note(self, pick: int, amount: Decimal, tax: Decimal, sends: bool) -> None:
        self.draft(self.charge(pick), net=max(ZERO, amount - tax), tax=tax, sends=sends)

    def draft(self, key: str, *, net: Decimal, tax: Decimal, sends: bool) -> str:
        """Draft a note and name it; "" where it is refused."""
        net_left, tax_left, left = self.model.creditable(key)
        refusal = "AboveTheCharge" if net > net_left or tax > tax_left or net + tax > left else ""
        form = partial(
            invoicing_operations.create_credit_note,
            invoice_uuid=self.world.invoices[key],
            amounts=[invoicing_operations.NoteAmount(line_id=self.world.lines[key], net=net, tax=tax)],
            reason="",
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        note = self.expect(refusal, form)
        if refusal:
            return ""
        name = f"note {len(self.notes)}"
        self.notes[name] = note.uuid
        self.model.notes[name] = Note(charge=key, net=net, tax=tax)
        self.last_form = form
        if sends:
            self.send(name)
        return name

    @rule(pick=PICK, amount=AMOUNT, fits=OFTEN)
    def import_a_free_note(self, pick: int, amount: Decimal, fits: bool) -> None:
        """A note from before the move that names no charge; often with the sum of a refund."""
        if fits:
            amount = self.model.expected(self.sub(pick), "") or amount
        organisation = Organisation.objects.get(uuid=self.world.organisation_uuid)
        name = f"note {len(self.notes)}"
        self.notes[name] = factories.credit_note(organisation, net=str(amount)).uuid
        self.model.notes[name] = Note(charge="", net=amount, tax=ZERO, status="sent")

    @precondition(lambda self: self.notes)
    @rule(pick=PICK)
    def send_a_note(self, pick: int) -> None:
        self.send(self.note(pick))

    def send(self, key: str) -> None:
        note = self.model.notes[key]
        refusal = ""
        if note.status != "draft":
            refusal = "NoteNotSendable"
        elif note.charge and note.total > self.model.creditable(note.charge)[2]:
            refusal = "NoteAboveCharge"
        elif self.model.note_asks(note):
            refusal = "SendingAsks"
        self.expect(
            refusal,
            partial(
                invoicing_operations.mark_as_sent,
                is_confirmed=False,
                note_uuid=self.notes[key],
                reason="Agreed.",
                request_id=uuid.uuid4(),
                by=self.agent,
                at=self.at,
            ),
        )
        if not refusal:
            note.status = "sent"

    @precondition(lambda self: self.notes)
    @rule(pick=PICK)
    def void_a_note(self, pick: int) -> None:
        key = self.note(pick)
        note = self.model.notes[key]
        refusal = "NoteNotVoidable" if note.status == "void" or note.allocated or note.holds else ""
        self.expect(
            refusal,
            partial(
                invoicing_operations.void,
                note_uuid=self.notes[key],
                reason="Agreed.",
                request_id=uuid.uuid4(),
                by=self.agent,
                at=self.at,
            ),
        )
        if not refusal:
            note.status = "void"

    @precondition(lambda self: self.notes)
    @rule(pick=PICK, to=PICK, amount=AMOUNT, takes_all=st.booleans())
    def allocate(self, pick: int, to: int, amount: Decimal, takes_all: bool) -> None:
        key, to_key = self.note(pick), self.lone_charge(to)
        note, charge = self.model.notes[key], self.model.charges[to_key]
        left = note.total - note.allocated
        amount = left if takes_all and left else amount
        if note.status not in ("sent", "partly_applied"):
            refusal = "NoteNotAllocatable"
        elif amount > left:
            refusal = "AmountAboveNote"
        elif not charge.open:
            refusal = "InvoiceNotPayable"
        else:
            refusal = "AmountAboveOpen" if amount > charge.open else ""
        form = partial(
            invoicing_operations.allocate,
            note_uuid=self.notes[key],
            invoice_uuid=self.world.invoices[to_key],
            amount=amount,
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if not refusal:
            note.allocated += amount
            note.status = "applied" if note.allocated == note.total else "partly_applied"
            charge.paid += amount
            self.last_form = form
