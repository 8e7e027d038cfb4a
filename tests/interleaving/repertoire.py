"""The operations that are set against each other, each on the part of the world where it hurts most.

A *form* is the UUID that the screen draws when it is shown (the request of a payment, the quote of a
termination): two players with one form are the double click.
"""

from __future__ import annotations

import dataclasses
import uuid
from decimal import Decimal
from typing import Any

from customers import operations as customers_operations
from customers import refusals as customers_refusals
from customers.contacts import operations as contacts
from customers.models import LedgerEntry, Organisation, SearchKey, TopUp
from portal.audit.models import AuditEntry
from portal.frame import SYSTEM, Actor, KeyReused
from settings_app import operations as settings_operations
from settings_app import policies as settings_policies
from settings_app import selectors as settings_selectors
from settings_app.models import PortalConfigVersion
from subscriptions.clean_up.operations import expire
from subscriptions.models import PhoneNumber, Subscription, Termination
from subscriptions.record import operations as record_operations
from subscriptions.record import refusals as record_refusals
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import refusals as termination_refusals
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from tests.interleaving import billing, events, living
from tests.interleaving.operation import Operation
from tests.interleaving.world import NOW, World
from tests.support.terminations import preview, request, seen_of, to_confirm

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
        _terminate("terminate what renews", world.renewing, quotes.Automatic()),
        _clean_up(world),
        billing.send("send a note", world.draft),
        billing.send("send another note", world.other_draft),
        billing.allocate("allocate a free note", world, world.free),
        billing.allocate("allocate a naming note", world, world.naming),
        billing.void("void a free note", world.free),
        billing.void("void a naming note", world.naming),
        billing.void("void a draft", world.draft),
        billing.pay("record a payment", world, amount=25, into_credits=0),
        billing.pay("record a payment above what is open", world, amount=42, into_credits=12),
        billing.draft(world),
        _save("switch refunds off", allow_refund=False),
        _save("keep expired ones longer", reactivation_days=60),
        _correct(world),
        _correct_termination(world),
        _top_up(world),
        billing.take_back_payment(world),
        billing.take_back_application(world),
        billing.take_back_put_in(world),
        billing.put_in(world),
        _change_contacts(world),
        living.switch("unsubscribe", world.main),
        events.number_them(at=NOW),
        events.seal_them(at=NOW),
        *living.operations(world),
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
            and AuditEntry.objects.filter(subject_uuid=ended.uuid, kind="subscription.terminated").count() == 1
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
        (KeyReused, customers_refusals.BalanceOutOfRange),
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
        (record_refusals.GivesBackAboveCharged, KeyReused),
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
        (KeyReused, customers_refusals.BalanceMoved),
        lambda by, form: TopUp.objects.get(entry__request_id=form).amount == 5,
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
