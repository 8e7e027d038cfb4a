"""The life of a subscription: renewals, scheduled ends, reminders, and what a charge depends on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from decimal import Decimal

from customers.exemption import operations as exemption
from customers.models import LedgerEntry, Organisation
from invoicing import refusals as invoicing_refusals
from invoicing.models import Payment
from portal.audit.models import AuditEntry
from portal.frame import SYSTEM, Actor, KeyReused
from portal.jobs.models import Run
from portal.outbox.models import Delivery, Notice
from settings_app import selectors as settings_selectors
from settings_app.models import TaxRate
from settings_app.operations import tax_rates
from subscriptions.life import operations as life_operations
from subscriptions.life import refusals as life_refusals
from subscriptions.models import Cycle, CycleCharge, Subscription, Termination, TerminationRequest
from subscriptions.reminders import operations as reminders
from subscriptions.requests import operations as requests_operations
from subscriptions.requests import refusals as requests_refusals
from subscriptions.selectors import reading
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import refusals as termination_refusals
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from tests.interleaving.operation import Operation
from tests.interleaving.world import NOW, YESTERDAY, World
from tests.support import scheduled
from tests.support.terminations import request, seen_of, to_confirm

NEXT = dt.date(2026, 3, 13)
"""The first day of the cycle that is due."""


def operations(world: World) -> tuple[Operation, ...]:
    """List them, as they are called on this world in its first state."""
    return (
        _renew(world),
        _recover(world),
        switch("unsubscribe what renews", world.renewing),
        _ask("ask for the end of what renews", world.renewing, ends_on=NEXT - dt.timedelta(days=1)),
        _ask("ask for a later end", world.main, ends_on=dt.date(2026, 4, 15)),
        _withdraw(world),
        _carry_out_due(world),
        _carry_out(world),
        _remind(world),
        _exempt(world),
        _tax(world),
    )


def _renew(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        counts = life_operations.renew_due(as_of=None, by=SYSTEM, at=NOW)
        return f"{counts.renewed} {counts.documents} {counts.refused} {counts.failed}"

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        runs = Run.objects.filter(kind="renewals")
        tried = world.renewing.renewal_refusals.filter(first_day=NEXT).count() + _opened(world)
        return all(run.finished_at and not run.count("failed") for run in runs) and (
            tried == 1 or not _is_free_to_renew(world)
        )

    return Operation("renew_due", call, (), is_whole)


def _is_free_to_renew(world: World) -> bool:
    renewing = Subscription.objects.get(pk=world.renewing.pk)
    return renewing.auto_renew and not renewing.requests.exists()


def _opened(world: World) -> int:
    """Count the cycles that were opened, each with all that belongs to it."""
    opened = 0
    for cycle in Cycle.objects.filter(subscription=world.renewing, first_day=NEXT):
        lines = [charge.line for charge in CycleCharge.objects.filter(cycle=cycle).select_related("line__invoice")]
        (invoice,) = {line.invoice for line in lines}
        charged = sum(line.net + line.tax for line in lines)
        entry = LedgerEntry.objects.get(kind="charge", cause_id=invoice.uuid)
        assert (invoice.charged, invoice.paid, -entry.amount) == (charged, charged, charged)
        assert Payment.objects.get(invoice=invoice).method == "credits"
        assert AuditEntry.objects.filter(kind="subscription.renewed").count() == 1
        assert Subscription.objects.get(pk=world.renewing.pk).expires_on == cycle.day_after - dt.timedelta(days=1)
        opened += 1
    return opened


def _recover(world: World) -> Operation:
    config = settings_selectors.current_config()
    preview = life_operations.preview_of(reading.find(world.renewing.uuid), config=config, on=NOW.date())

    def call(by: Actor, form: uuid.UUID) -> str:
        seen = life_operations.Seen(form, preview.document)
        return life_operations.recover(subscription_uuid=world.renewing.uuid, seen=seen, by=by, at=NOW)

    return Operation(
        "recover",
        call,
        (
            life_refusals.NotRenewable,
            life_refusals.RenewalShownAnew,
            invoicing_refusals.InsufficientCredits,
            KeyReused,
        ),
        lambda by, form: _opened(world) == 1,
    )


def switch(name: str, subscription: Subscription) -> Operation:
    """Switch auto-renewal off."""

    def call(by: Actor, form: uuid.UUID) -> bool:
        return life_operations.set_auto_renew(
            subscription_uuid=subscription.uuid, wanted=False, by=by, at=NOW
        ).auto_renew

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        told = AuditEntry.objects.filter(subject_uuid=subscription.uuid, kind="subscription.unsubscribed")
        return told.count() == 1 and not Subscription.objects.get(pk=subscription.pk).auto_renew

    refusals = (
        termination_refusals.AlreadyTerminated,
        termination_refusals.EndHasCome,
        life_refusals.AlreadySo,
        life_refusals.EndIsScheduled,
    )
    return Operation(name, call, refusals, is_whole)


def _ask(name: str, subscription: Subscription, *, ends_on: dt.date) -> Operation:
    seen = scheduled.seen(subscription, ends_on=ends_on, at=NOW, asked_on=request().requested_on)

    def call(by: Actor, form: uuid.UUID) -> str:
        asked = requests_operations.ask(
            subscription_uuid=subscription.uuid,
            request=request(),
            ends_on=ends_on,
            seen=dataclasses.replace(seen, quote_id=form),
            by=by,
            at=NOW,
        )
        return f"{asked.is_repeat}"

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        kept = TerminationRequest.objects.get(subscription=subscription)
        told = AuditEntry.objects.filter(kind="termination.asked", subject_uuid=subscription.uuid)
        return (
            (kept.ends_on, kept.actor, kept.quote["on"]) == (ends_on, by.name, ends_on.isoformat())
            and told.count() == 1
            and _has_message(kept.uuid, "end_scheduled")
            # Open, or closed by a termination of the other player.
            and (kept.state == "open") == (not Termination.objects.filter(subscription=subscription).exists())
        )

    refusals = (
        termination_refusals.AlreadyTerminated,
        requests_refusals.AskedAlready,
        requests_refusals.AfterExpiry,
        requests_refusals.EstimateChanged,
        termination_refusals.RequestNotAcceptable,
        KeyReused,
    )
    return Operation(name, call, refusals, is_whole)


def _has_message(cause: uuid.UUID, kind: str) -> bool:
    return Delivery.objects.filter(cause_id=cause, kind=kind).count() == 1


def _withdraw(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        return requests_operations.withdraw(
            subscription_uuid=world.leaving.uuid,
            request_uuid=world.asked.uuid,
            reason="They stay.",
            by=by,
            at=NOW,
        ).state

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        kept = TerminationRequest.objects.get(pk=world.asked.pk)
        return (kept.state, kept.closed_by) == ("withdrawn", by.name) and not _ended(world)

    return Operation("withdraw", call, (requests_refusals.NoneOpen,), is_whole)


def _ended(world: World) -> list[Termination]:
    return list(Termination.objects.filter(subscription=world.leaving))


def _carry_out_due(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        counts = requests_operations.carry_out_due(by=SYSTEM, at=NOW)
        return f"{counts.carried_out} {counts.needs_person} {counts.failed}"

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        """One run has carried it out, or it was withdrawn, or it waits: nothing stays as it was."""
        kept = TerminationRequest.objects.get(pk=world.asked.pk)
        if kept.state == "carried_out":
            (ended,) = _ended(world)
            return (ended.request_id, ended.terminated_on) == (kept.pk, YESTERDAY)
        return not _ended(world) and (kept.state == "withdrawn" or kept.needs_person_since == NOW)

    return Operation("carry_out_due", call, (), is_whole)


def _carry_out(world: World) -> Operation:
    quote = scheduled.quote_of(world.asked)
    seen = seen_of(quote)
    acknowledged = to_confirm(quote, choice=quotes.Automatic())

    def call(by: Actor, form: uuid.UUID) -> str:
        outcome = termination_operations.terminate(
            subscription_uuid=world.leaving.uuid,
            request=requested.ScheduledEnd(world.asked.uuid),
            choice=quotes.Automatic(),
            acknowledged=acknowledged,
            seen=dataclasses.replace(seen, quote_id=form),
            by=by,
            at=NOW,
        )
        return "again" if outcome.is_repeat else outcome.termination.settlement

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        (ended,) = _ended(world)
        kept = TerminationRequest.objects.get(pk=world.asked.pk)
        return (
            (ended.quote_id, ended.actor, ended.terminated_on, ended.credited) == (form, by.name, YESTERDAY, 24)
            and (kept.state, kept.termination_id, kept.closed_by) == ("carried_out", ended.pk, by.name)
            and LedgerEntry.objects.filter(kind="refund", cause_id=ended.uuid).count() == 1
        )

    refusals = (
        termination_refusals.NotTerminable,
        termination_refusals.QuoteChanged,
        termination_refusals.AcknowledgementMissing,
    )
    return Operation("carry out by hand", call, refusals, is_whole)


def _remind(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> int:
        return reminders.write_due(by=SYSTEM, at=NOW).messages

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        """Who was told has one message and one event of it, about at least one thing."""
        notices = Notice.objects.all()
        return {"renewal_ahead"} <= {notice.kind for notice in notices} and all(
            notice.items.exists()
            and _has_message(notice.uuid, notice.kind)
            and AuditEntry.objects.filter(data__notice=str(notice.uuid)).count() == 1
            for notice in notices
        )

    return Operation("write_due", call, (), is_whole)


def _exempt(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> bool:
        return exemption.change_exemption(
            organisation_uuid=world.organisation.uuid,
            seen=exemption.Exemption(is_tax_exempt=False),
            is_tax_exempt=True,
            reason="An embassy.",
            by=by,
            at=NOW,
        )

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        told = AuditEntry.objects.filter(kind="tax_exemption.changed")
        return told.count() == 1 and Organisation.objects.get(pk=world.organisation.pk).is_tax_exempt

    return Operation("exempt from taxes", call, (exemption.ExemptionChanged,), is_whole)


def _tax(world: World) -> Operation:
    values = tax_rates.RateValues(country="SG", name="GST", per_cent=Decimal(10), begins_on=NOW.date())

    return Operation(
        "add a tax rate",
        lambda by, form: bool(tax_rates.add_tax_rate(values=values, by=by, at=NOW)),
        (tax_rates.RateTaken,),
        lambda by, form: TaxRate.objects.filter(country="SG", begins_on=NOW.date(), per_cent=10).count() == 1,
    )
