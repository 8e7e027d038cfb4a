"""The operations that are set against each other, each on the part of the world where it hurts most.

A *form* is the UUID that the screen draws when it is shown (the request of a payment, the quote of a
termination): two players with one form are the double click.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from customers import operations as customers_operations
from customers.contacts import operations as contacts
from customers.models import LedgerEntry, Organisation, SearchKey, TopUp
from invoicing import operations as invoicing_operations
from invoicing.models import (
    CreditNote,
    CreditNoteAllocation,
    CreditNotePutIn,
    CreditNotePutInLine,
    Payment,
    PaymentLine,
    TakeBack,
)
from portal.audit.operations import SYSTEM, Actor
from settings_app import operations as settings_operations
from settings_app import policies as settings_policies
from settings_app import selectors as settings_selectors
from settings_app.models import PortalConfigVersion
from subscriptions.clean_up.operations import expire
from subscriptions.life import operations as life_operations
from subscriptions.models import HistoryEntry, PhoneNumber, Subscription, Termination
from subscriptions.record import operations as record_operations
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import refusals as termination_refusals
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from tests.interleaving.scheduler import Answer
from tests.interleaving.world import NOW, World
from tests.support.terminations import preview, request, seen_of, to_confirm

Call = Callable[[Actor, uuid.UUID], Any]


@dataclass(frozen=True)
class Operation:
    """Hold one operation of the repertoire.

    *Shape*: `refusals` are the outcomes it names itself; `is_whole` looks whether all that it says it did is
    there, for the actor and the form it was done with.
    """

    name: str
    call: Call
    refusals: tuple[type[Exception], ...]
    is_whole: Callable[[Actor, uuid.UUID], bool]

    def job(self, *, by: Actor, form: uuid.UUID) -> Callable[[], Answer]:
        """Make the call of one player; a refusal is an answer, everything else is a failure."""

        def play() -> Answer:
            try:
                return ("done", str(self.call(by, form)))
            except self.refusals as refusal:
                return ("refused", type(refusal).__name__, str(refusal))

        return play


TERMINATING = (
    termination_refusals.NotTerminable,
    termination_refusals.QuoteChanged,
    termination_refusals.CreditNoteChanged,
    termination_refusals.CreditNoteNotUsable,
    termination_refusals.AcknowledgementMissing,
    termination_refusals.RequestNotAcceptable,
)


def repertoire(world: World) -> tuple[Operation, ...]:
    """List the operations, as they are called on this world in its first state."""
    return (
        _terminate("terminate, automatic", world.main, quotes.Automatic()),
        _terminate("terminate, chosen note", world.main, quotes.LinkNote(world.free.number)),
        _terminate("terminate, note used now", world.main, quotes.LinkNote(world.free.number, use_now=True)),
        _terminate("terminate another, automatic", world.twin, quotes.Automatic()),
        _terminate("terminate another, same note", world.twin, quotes.LinkNote(world.free.number)),
        _terminate("terminate an expired one", world.late, quotes.Automatic()),
        _clean_up(world),
        _send("send a note", world.draft),
        _send("send another note", world.other_draft),
        _allocate("allocate a free note", world, world.free),
        _allocate("allocate a naming note", world, world.naming),
        _void("void a free note", world.free),
        _void("void a naming note", world.naming),
        _void("void a draft", world.draft),
        _pay("record a payment", world, amount=25, into_credits=0),
        _pay("record a payment above what is open", world, amount=42, into_credits=12),
        _draft(world),
        _save("switch refunds off", allow_refund=False),
        _save("keep expired ones longer", reactivation_days=60),
        _correct(world),
        _correct_termination(world),
        _top_up(world),
        _take_back_payment(world),
        _take_back_application(world),
        _take_back_put_in(world),
        _put_in(world),
        _change_contacts(world),
        _unsubscribe(world),
    )


def _terminate(name: str, subscription: Subscription, choice: quotes.Choice) -> Operation:
    quote = preview(subscription, at=NOW, asked_on=request().requested_on)
    seen = seen_of(quote)
    acknowledged = to_confirm(quote, choice=choice)
    asked: Any = request() if quote.case == "customer_request" else requested.ExpiredRequest("Long gone.")

    def call(by: Actor, form: uuid.UUID) -> str:
        outcome = termination_operations.terminate(
            subscription_uuid=subscription.uuid,
            request=asked,
            choice=choice,
            acknowledged=acknowledged,
            seen=dataclasses.replace(seen, quote_id=form),
            by=by,
            at=NOW,
        )
        return "again" if outcome.is_repeat else outcome.termination.settlement

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        termination = Termination.objects.get(quote_id=form)
        ended = Subscription.objects.get(pk=subscription.pk)
        entries = LedgerEntry.objects.filter(kind="refund", cause_id=termination.uuid)
        return (
            (ended.status, ended.auto_renew, ended.termination_ref) == ("terminated", False, termination.pk)
            and (termination.actor, termination.subscription_id) == (by.name, subscription.pk)
            and [entry.pk for entry in entries] == [pk for pk in [termination.entry_id] if pk]
            and not PhoneNumber.objects.filter(subscription=ended, status="in_use").exists()
            and not ended.assignments.filter(ended_on=None).exists()
            and HistoryEntry.objects.filter(subscription=ended, event="Terminated").count() == 1
        )

    return Operation(name, call, TERMINATING, is_whole)


def _clean_up(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        counts = expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=NOW)
        return f"{counts.expired} {counts.terminated} {counts.failed}"

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        terminated = Termination.objects.filter(subscription=world.late, actor_kind="system")
        late = Subscription.objects.get(pk=world.late.pk)
        return late.status == "terminated" or not terminated.exists()

    return Operation("terminate_expired", call, (), is_whole)


def _send(name: str, note: CreditNote) -> Operation:
    return Operation(
        name,
        lambda by, form: (
            invoicing_operations.mark_as_sent(
                note_uuid=note.uuid, reason="Agreed.", is_confirmed=False, request_id=form, by=by, at=NOW
            ).status
        ),
        (
            invoicing_operations.NoteNotSendable,
            invoicing_operations.AboveTheCharge,
            invoicing_operations.SendingAsks,
        ),
        lambda by, form: CreditNote.objects.filter(pk=note.pk, sent_at=NOW, issued_on=NOW.date()).exists(),
    )


def _allocate(name: str, world: World, note: CreditNote) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        return str(
            invoicing_operations.allocate(
                note_uuid=note.uuid,
                invoice_uuid=world.unpaid.uuid,
                amount=Decimal(10),
                request_id=form,
                by=by,
                at=NOW,
            ).status
        )

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        rows = CreditNoteAllocation.objects.filter(request_id=form, credit_note=note)
        return sum(row.amount for row in rows) == 10 <= CreditNote.objects.get(pk=note.pk).allocated

    refusals = (
        invoicing_operations.NoteNotAllocatable,
        invoicing_operations.AmountAboveNote,
        invoicing_operations.AmountAboveOpen,
        invoicing_operations.InvoiceNotPayable,
        invoicing_operations.RequestAlreadyUsed,
    )
    return Operation(name, call, refusals, is_whole)


def _void(name: str, note: CreditNote) -> Operation:
    return Operation(
        name,
        lambda by, form: (
            invoicing_operations.void(note_uuid=note.uuid, reason="Agreed.", request_id=form, by=by, at=NOW).status
        ),
        (invoicing_operations.NoteNotVoidable,),
        lambda by, form: CreditNote.objects.filter(pk=note.pk, status="void", holds=0, allocated=0).exists(),
    )


def _pay(name: str, world: World, *, amount: int, into_credits: int) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        return str(
            invoicing_operations.record_payment(
                invoice_uuid=world.unpaid.uuid,
                amount=Decimal(amount),
                method="card",
                received_on=NOW.date(),
                reference="",
                by_charge={},
                into_credits=Decimal(into_credits),
                is_another=True,
                request_id=form,
                by=by,
                at=NOW,
            ).amount
        )

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        payment = Payment.objects.get(request_id=form)
        parts = sum(row.amount for row in PaymentLine.objects.filter(payment=payment))
        entries = LedgerEntry.objects.filter(kind="top_up", cause_id=payment.uuid)
        return parts == amount - into_credits and sum(entry.amount for entry in entries) == into_credits

    refusals = (
        invoicing_operations.ReceivedAboveOpen,
        invoicing_operations.InvoiceNotPayable,
        invoicing_operations.RequestAlreadyUsed,
    )
    return Operation(name, call, refusals, is_whole)


def _draft(world: World) -> Operation:
    line_id = world.paid.lines.get().pk

    def call(by: Actor, form: uuid.UUID) -> str:
        note = invoicing_operations.create_credit_note(
            invoice_uuid=world.paid.uuid,
            amounts=[invoicing_operations.NoteAmount(line_id=line_id, net=Decimal(12), tax=Decimal(0))],
            reason="",
            request_id=form,
            by=by,
            at=NOW,
        )
        return note.number

    return Operation(
        "draft a note",
        call,
        (invoicing_operations.AboveTheCharge, invoicing_operations.RequestAlreadyUsed),
        lambda by, form: CreditNote.objects.get(request_id=form).lines.get().net == 12,
    )


def _save(name: str, **changes: Any) -> Operation:
    config = settings_selectors.current_config()
    fields = {f.name: getattr(config, f.name) for f in dataclasses.fields(settings_policies.Values)}
    values = settings_policies.Values(**{**fields, **changes})

    def call(by: Actor, form: uuid.UUID) -> str:
        return str(settings_operations.save_config(values=values, seen_version=config.number, by=by, at=NOW).number)

    return Operation(
        name,
        call,
        (settings_operations.ConfigChanged,),
        lambda by, form: PortalConfigVersion.objects.filter(number=config.number + 1, **changes).exists(),
    )


def _correct(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        entry = customers_operations.post_correction(
            organisation_uuid=world.organisation.uuid,
            amount=Decimal("2.25"),
            reason="A goodwill gesture.",
            cause_id=None,
            seen_seq=None,
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{entry.amount:f}"

    return Operation(
        "post a correction",
        call,
        (customers_operations.RequestReused, customers_operations.BalanceOutOfRange),
        lambda by, form: LedgerEntry.objects.get(request_id=form).amount == Decimal("2.25"),
    )


def _correct_termination(world: World) -> Operation:
    """A correction that fits into what the charges were charged, as two of them would not."""

    def call(by: Actor, form: uuid.UUID) -> str:
        entry = record_operations.correct_termination(
            termination_uuid=world.ended.uuid,
            amount=Decimal(25),
            reason="Counted wrongly.",
            seen_seq=None,
            is_confirmed=False,
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{entry.amount:f}"

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        entry = LedgerEntry.objects.get(request_id=form)
        return (entry.amount, entry.cause_id, entry.kind) == (25, world.ended.uuid, "correction")

    return Operation(
        "correct a termination",
        call,
        (customers_operations.GivesBackAboveCharged, customers_operations.RequestReused),
        is_whole,
    )


def _top_up(world: World) -> Operation:
    # The balance that billing was shown.
    seen_seq = LedgerEntry.objects.filter(account=world.organisation.credit_account).count()

    def call(by: Actor, form: uuid.UUID) -> str:
        entry = customers_operations.post_top_up(
            organisation_uuid=world.organisation.uuid,
            amount=Decimal(5),
            reason="Paid at the counter.",
            seen_seq=seen_seq,
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{entry.amount:f}"

    return Operation(
        "top up",
        call,
        (customers_operations.RequestReused, customers_operations.BalanceMoved),
        lambda by, form: TopUp.objects.get(entry__request_id=form).amount == 5,
    )


def _take_back_payment(world: World) -> Operation:
    part = PaymentLine.objects.get(line__invoice=world.unpaid, line__cycle_charge__cycle__subscription=world.main)
    # Read here: a row that is looked up in the first order alone would make the next ones differ.
    payment_uuid = part.payment.uuid

    def call(by: Actor, form: uuid.UUID) -> str:
        made = invoicing_operations.take_back_payment(
            payment_uuid=payment_uuid,
            parts={part.pk: Decimal(12)},
            surplus=Decimal(0),
            reason="Bounced.",
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{made.amount:f}"

    return Operation("take back a payment", call, TAKING_BACK, lambda by, form: _is_taken_back(form, Decimal(12)))


def _take_back_application(world: World) -> Operation:
    allocation = CreditNoteAllocation.objects.get(credit_note=world.applied)

    def call(by: Actor, form: uuid.UUID) -> str:
        made = invoicing_operations.take_back_of_note(
            note_uuid=world.applied.uuid,
            applied={allocation.pk: Decimal(4)},
            put_in={},
            reason="Wrong invoice.",
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{made.amount:f}"

    return Operation(
        "take back an application", call, TAKING_BACK, lambda by, form: _is_taken_back(form, Decimal(4))
    )


def _take_back_put_in(world: World) -> Operation:
    line = CreditNotePutInLine.objects.get(put_in__credit_note=world.spent)

    def call(by: Actor, form: uuid.UUID) -> str:
        made = invoicing_operations.take_back_of_note(
            note_uuid=world.spent.uuid,
            applied={},
            put_in={line.pk: Decimal(4)},
            reason="Promised to nobody.",
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{made.amount:f}"

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        made = TakeBack.objects.get(request_id=form)
        entries = LedgerEntry.objects.filter(kind="credit_note", cause_id=made.uuid)
        return _is_taken_back(form, Decimal(4)) and [entry.amount for entry in entries] == [Decimal(-4)]

    return Operation("take back a put-in", call, TAKING_BACK, is_whole)


TAKING_BACK = (
    invoicing_operations.AboveWhatIsThere,
    invoicing_operations.CameBackAlready,
    invoicing_operations.RequestAlreadyUsed,
)


def _is_taken_back(form: uuid.UUID, amount: Decimal) -> bool:
    return sum(line.amount for line in TakeBack.objects.get(request_id=form).lines.all()) == amount


def _put_in(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        used = invoicing_operations.put_into_credits(note_uuid=world.naming.uuid, request_id=form, by=by, at=NOW)
        return f"{used.put_in:f}"

    return Operation(
        "put a note into Available Credits",
        call,
        (invoicing_operations.NoteNotAllocatable, invoicing_operations.RequestAlreadyUsed),
        lambda by, form: CreditNotePutIn.objects.get(request_id=form).entry.amount == 10,
    )


def _change_contacts(world: World) -> Operation:
    """Two agents who each write what they were told, into forms that show the same."""
    seen = contacts.contacts_of(world.organisation)

    def wanted(by: Actor) -> contacts.Contacts:
        return dataclasses.replace(seen, name=f"Lim and {by.name}", billing_email=f"{by.name}@lim.example")

    def call(by: Actor, form: uuid.UUID) -> str:
        changed = contacts.change_contacts(
            organisation_uuid=world.organisation.uuid, seen=seen, values=wanted(by), by=by, at=NOW
        )
        return str(changed)

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        now = contacts.contacts_of(Organisation.objects.get(pk=world.organisation.pk))
        keys = SearchKey.objects.filter(organisation=world.organisation, kind="billing_email")
        return now == wanted(by) and [key.text for key in keys] == [wanted(by).billing_email]

    return Operation("change the contacts", call, (contacts.ContactsChanged,), is_whole)


def _unsubscribe(world: World) -> Operation:
    return Operation(
        "unsubscribe",
        lambda by, form: (
            life_operations.set_auto_renew(
                subscription_uuid=world.main.uuid, wanted=False, by=by, at=NOW
            ).auto_renew
        ),
        (life_operations.RenewalRefused, life_operations.AlreadySo),
        lambda by, form: (
            HistoryEntry.objects.filter(subscription=world.main, event="Unsubscribed").count() == 1
            and not Subscription.objects.get(pk=world.main.pk).auto_renew
        ),
    )
