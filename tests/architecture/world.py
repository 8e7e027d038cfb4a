"""One legal row in every table, so that a test can break one thing."""

import datetime as dt
import uuid
from decimal import Decimal
from types import SimpleNamespace

from django.db import connection
from django.utils import timezone

from customers.models import LedgerEntry, Organisation, SearchKey
from invoicing.models import (
    ChargeLine,
    ChargeRefund,
    ChargeWaiver,
    CreditNote,
    CreditNoteAllocation,
    CreditNoteHold,
    CreditNoteLine,
    CreditNoteStand,
    Invoice,
    NumberSeries,
    Payment,
    PaymentLine,
)
from portal.jobs.models import Run, RunItem, RunPart
from portal.lib import days
from portal.outbox.models import Delivery, Notice, NoticeItem
from settings_app.models import (
    AdministrativeFee,
    MessageSetting,
    PortalConfigVersion,
    ProductRenewal,
    TaxRate,
    TerminationReason,
)
from subscriptions.models import (
    AddOn,
    Assignment,
    Contract,
    ContractItem,
    Cycle,
    CycleCharge,
    HistoryEntry,
    RenewalRefusal,
    Subscription,
    Termination,
)
from tests.architecture import asked, moved, told
from tests.support import factories
from tests.support.factories import C

TODAY = dt.date(2026, 3, 10)


def build() -> SimpleNamespace:
    """Build a customer with a running subscription, one that was refunded, and one that a note settled."""
    organisation = factories.OrganisationFactory.create(account=100)
    stranger = factories.OrganisationFactory.create(currency="JPY", country="JP", timezone="Asia/Tokyo")
    running = factories.subscription(
        organisation=organisation,
        cycles=(C("2026-03-01", paid="20"),),
        billing_plan="milestone",
        numbers=("+6531234567",),
    )
    neighbour = factories.subscription(organisation=organisation)
    refunded = factories.subscription(organisation=organisation)
    settled = factories.subscription(organisation=organisation)
    leaving = factories.subscription(organisation=organisation)
    line = factories.charge_of(running)
    refund_line = factories.charge_of(refunded)
    refund, entry = _refund(refunded, line=refund_line, amount=Decimal(10))
    note = factories.credit_note(organisation, net="5", line=line)
    linked = factories.credit_note(organisation, net="30")
    by_note = _link(settled, note=linked)
    stand = CreditNoteStand.objects.create(
        credit_note=linked,
        line=factories.charge_of(settled),
        currency="SGD",
        net=30,
        tax=0,
        cause_id=by_note.uuid,
    )
    put_in = moved.put_in(linked, line=stand.line, amount=Decimal(12))
    waiver = ChargeWaiver.objects.create(line=line, currency="SGD", amount=5, cause_id=uuid.uuid4())
    allocation = CreditNoteAllocation.objects.create(
        credit_note=note,
        line=line,
        currency="SGD",
        amount=2,
        created_at=timezone.now(),
        actor="test",
        request_id=uuid.uuid4(),
    )
    own_invoice = factories.invoice(organisation, amounts=[("1", "0")], paid=["0"])
    own_note = factories.credit_note(organisation, net="1", status="draft")
    for document, row in ((Invoice, own_invoice), (CreditNote, own_note)):
        series = NumberSeries.objects.get(document="invoice" if document is Invoice else "credit_note")
        document.objects.filter(pk=row.pk).update(series=series, sequence_number=1)
        NumberSeries.objects.filter(pk=series.pk).update(last_number=1)
    # Made by forms, as most are.
    CreditNote.objects.filter(pk=own_note.pk).update(request_id=uuid.uuid4())
    Payment.objects.filter(invoice=line.invoice).update(request_id=uuid.uuid4())
    version = PortalConfigVersion.objects.get()
    member = factories.MemberFactory.create(organisation=organisation)
    run = Run.objects.create(
        kind="clean_up", started_at=timezone.now(), actor="system", as_of=TODAY, counts={"failed": 1}
    )
    over = Run.objects.create(
        kind="clean_up", started_at=timezone.now(), finished_at=None, actor="system", as_of=TODAY
    )
    notice = Notice.objects.create(
        organisation_uuid=organisation.uuid, kind="expiring", on=TODAY, at=timezone.now()
    )
    finished_part = RunPart.objects.create(run=over, place=0, name="terminate", state="done")
    Run.objects.filter(pk=over.pk).update(finished_at=timezone.now())
    events = told.events(at=timezone.now())
    rows = {
        "organisation": organisation,
        "stranger": stranger,
        "member": member,
        "search_key": SearchKey.objects.filter(organisation=organisation, kind="name").get(),
        "account": organisation.credit_account,
        "opening": LedgerEntry.objects.get(kind="opening_balance"),
        "entry": entry,
        "invoice": line.invoice,
        "own_invoice": own_invoice,
        "line": line,
        "neighbour_line": factories.charge_of(neighbour),
        "refund_line": refund_line,
        "stranger_line": factories.invoice(stranger, amounts=[("500", "0")], paid=["0"]).lines.get(),
        "payment": Payment.objects.get(invoice=line.invoice),
        "payment_line": PaymentLine.objects.get(line=line),
        "note": note,
        "own_note": own_note,
        "linked": linked,
        "linked_line": CreditNoteLine.objects.get(credit_note=linked),
        "sent_note": factories.credit_note(organisation, net="3"),
        "void_note": factories.credit_note(organisation, net="3", status="void"),
        "note_line": CreditNoteLine.objects.get(credit_note=note),
        "allocation": allocation,
        "hold": CreditNoteHold.objects.get(credit_note=linked),
        "waiver": waiver,
        "charge_refund": refund,
        "stand": stand,
        **moved.take_backs(note, linked),
        "top_up": (top_up := moved.top_up(Decimal(7))),
        "charge_entry": moved.charge(top_up.organisation, amount=Decimal(2)),
        "put_in": put_in,
        "put_in_line": put_in.lines.get(),
        "series": NumberSeries.objects.get(document="invoice"),
        "plan": running.plan,
        "product": running.plan.product,
        "contract": Contract.objects.get(organisation=organisation),
        "contract_item": ContractItem.objects.get(subscription=running),
        "running": running,
        "neighbour": neighbour,
        "refunded": refunded,
        "settled": settled,
        "add_on": AddOn.objects.create(subscription=running, name="Recording", price_per_month=5),
        "cycle": Cycle.objects.get(subscription=running),
        "cycle_charge": CycleCharge.objects.get(line=line),
        "number": running.numbers.get(),
        "assignment": Assignment.objects.create(subscription=running, member=member, assigned_on=TODAY),
        "history": HistoryEntry.objects.create(
            subscription=running, at=timezone.now(), event="Created", actor="test"
        ),
        "renewal_refusal": RenewalRefusal.objects.create(
            subscription=running,
            first_day=days.add_days(running.expires_on, 1),
            tried_on=TODAY,
            at=timezone.now(),
            code="no_cycle_known",
            notice_id=uuid.uuid4(),
        ),
        "termination": refunded.termination,
        "by_note": by_note,
        **asked.rows(running, neighbour, by_request=_terminate(leaving, **asked.nothing(leaving))),
        "run": run,
        "finished_run": over,
        "part": RunPart.objects.create(run=run, place=0, name="terminate", started_at=timezone.now()),
        "finished_part": finished_part,
        "failure": RunItem.objects.create(
            run=run,
            outcome="failed",
            subject_kind="subscription",
            subject_uuid=running.uuid,
            sentence="refused",
            data={"expires_on": running.expires_on.isoformat(), "days_expired": 30},
        ),
        "version": version,
        "fee": AdministrativeFee.objects.create(version=version, currency="XTS", amount=1),
        "renewal": ProductRenewal.objects.create(version=version, product="Voice", is_made_here=True),
        "message_setting": MessageSetting.objects.create(version=version, kind="renewal", addressee="customer"),
        "head": SimpleNamespace(pk=1),
        "reason": TerminationReason.objects.order_by("pk")[0],
        "tax_rate": TaxRate.objects.create(country="SG", name="GST", per_cent=9, begins_on=dt.date(2024, 1, 1)),
        "coming_tax_rate": TaxRate.objects.create(
            country="SG", name="GST", per_cent=10, begins_on=dt.date(9998, 1, 1)
        ),
        "notice": notice,
        "notice_item": NoticeItem.objects.create(
            notice=notice, kind="expiring", subject_uuid=running.uuid, on=running.expires_on
        ),
        "delivery": Delivery.objects.create(
            event=events["audit"],
            kind="terminated",
            addressee="customer",
            to="billing@example.com",
            subject="Terminated",
            body="Terminated.",
            cause_id=uuid.uuid4(),
            organisation_uuid=organisation.uuid,
            created_at=timezone.now(),
            next_attempt_at=timezone.now(),
        ),
        **events,
    }
    with connection.cursor() as cursor:
        # The world itself is legal, also at a commit.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return SimpleNamespace(**rows)


def _terminate(subscription: Subscription, **fields: object) -> Termination:
    """End a subscription as a customer asked, with the settlement that is given."""
    organisation: Organisation = subscription.organisation
    termination = Termination.objects.create(
        subscription=subscription,
        organisation=organisation,
        currency=organisation.currency,
        case="customer_request",
        terminated_at=timezone.now(),
        terminated_on=TODAY,
        actor_kind="agent",
        actor="test",
        reason=TerminationReason.objects.order_by("pk")[0],
        explanation="They moved.",
        requested_by="Ms Tan",
        requested_on=TODAY,
        channel="phone",
        config_version=PortalConfigVersion.objects.get(),
        quote_id=uuid.uuid4(),
        **fields,
    )
    Subscription.objects.filter(pk=subscription.pk).update(status="terminated", termination_ref=termination.pk)
    subscription.refresh_from_db()
    return termination


def _refund(subscription: Subscription, *, line: ChargeLine, amount: Decimal) -> tuple[ChargeRefund, LedgerEntry]:
    account = subscription.organisation.credit_account
    cause = uuid.uuid4()
    entry = LedgerEntry.objects.create(
        account=account,
        seq=2,
        currency=account.currency,
        before=account.balance,
        amount=amount,
        after=account.balance + amount,
        kind="refund",
        cause_id=cause,
        at=timezone.now(),
        on=TODAY,
        description="Refund",
        actor="test",
        request_id=uuid.uuid4(),
        previous_sha256=account.head,
    )
    account.refresh_from_db()
    made = ChargeRefund.objects.create(line=line, currency=account.currency, net=amount, tax=0, cause_id=cause)
    _terminate(subscription, uuid=cause, choice="automatic", settlement="credited", entry=entry, credited=amount)
    return made, entry


def _link(subscription: Subscription, *, note: CreditNote) -> Termination:
    cause = uuid.uuid4()
    CreditNoteHold.objects.create(credit_note=note, kind="settles", cause_id=cause)
    return _terminate(
        subscription, uuid=cause, choice="credit_note", settlement="credit_note_linked", credit_note=note
    )
