"""One small world in which every operation can get into another's way."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User

from customers.models import Organisation
from invoicing import operations as invoicing_operations
from invoicing.models import CreditNote, CreditNoteAllocation, Invoice
from portal.frame import Actor
from settings_app import operations as settings_operations
from settings_app import policies as settings_policies
from settings_app import selectors as settings_selectors
from settings_app.models import TaxRate
from subscriptions.models import AddOn, Assignment, CycleCharge, Subscription, Termination, TerminationRequest
from subscriptions.termination import operations
from subscriptions.termination.quote import quotes
from tests.interleaving import events
from tests.support import factories, scheduled
from tests.support.factories import C
from tests.support.terminations import preview, request, seen_of

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)
YESTERDAY = dt.date(2026, 3, 9)


@dataclass(frozen=True)
class World:
    """Hold what the operations are about.

    *Shape*: `main` runs, with a cycle paid in full and one in advance that is partly paid; `twin` is another
    one of the same customer; `late` expired long ago. `naming` and the two drafts name the first cycle of
    `main`; the drafts together are above it. `free` names nothing, so it can be chosen for either;
    `applied` paid a part of the cycle of `twin`; `spent` names the first cycle of `main` and was put into
    Available Credits. `ended` is the termination of a subscription whose one charge stands on `unpaid`, too:
    of 60.00 it gave back 20.00.

    Renewals are made here. `renewing` is due, and costs 32.18 of the 36.50 that are there, tax included; where it
    is not renewed, its expiry is to be told. `leaving` was asked to end yesterday, by `asked`, which gives back
    24.00; where it stays, its renewal is to be told, as that of another one is in any case.
    """

    organisation: Organisation
    main: Subscription
    twin: Subscription
    late: Subscription
    renewing: Subscription
    leaving: Subscription
    asked: TerminationRequest
    paid: Invoice
    unpaid: Invoice
    free: CreditNote
    naming: CreditNote
    draft: CreditNote
    other_draft: CreditNote
    applied: CreditNote
    spent: CreditNote
    ended: Termination
    first: Actor
    second: Actor


def build() -> World:
    """Write the rows."""
    users = [User.objects.create_user(name) for name in ("maria", "wei")]
    _configure(Actor.of(users[0]))
    organisation = factories.OrganisationFactory.create(name="Lim Trading", account="10.5", payment_mode="postpaid")
    main = factories.subscription(
        organisation=organisation,
        cycles=(C("2026-03-01", net="92", tax="8"), C("2026-04-01", paid="20")),
        numbers=("+6561234567",),
        auto_renew=True,
    )
    twin = factories.subscription(
        organisation=organisation, cycles=(C("2026-03-05", paid="43"),), billing_plan="as_incurred"
    )
    late = factories.subscription(
        organisation=organisation, cycles=(C("2026-01-01"),), numbers=("+6567654321",), auto_renew=False
    )
    gone = factories.subscription(organisation=organisation, cycles=(C("2026-02-01", months=3, net="60"),))
    _on_one_invoice(main, gone)
    renewing = factories.subscription(
        organisation=organisation, cycles=(C("2026-02-13", net="30"),), numbers=("+6561110000",), auto_renew=True
    )
    AddOn.objects.create(subscription=renewing, name="Recording", price_per_month=2)
    leaving = factories.subscription(
        organisation=organisation, cycles=(C("2026-02-25", net="24"),), auto_renew=True
    )
    then = NOW - dt.timedelta(days=8)
    asked = scheduled.ask(leaving, ends_on=YESTERDAY, by=Actor.of(users[0]), at=then, requested_on=then.date())
    # Told ahead, and due for nothing else.
    factories.subscription(organisation=organisation, cycles=(C("2026-02-20", net="5"),), auto_renew=True)
    member = factories.MemberFactory.create(organisation=organisation)
    for made in (main, late, renewing):
        Assignment.objects.create(subscription=made, member=member, assigned_on=dt.date(2026, 1, 1))
    first, unpaid = (factories.charge_of(main, day) for day in ("2026-03-01", "2026-04-01"))
    applied = factories.credit_note(organisation, net="9", number="N-APPLIED")
    CreditNoteAllocation.objects.create(
        credit_note=applied,
        line=factories.charge_of(twin),
        currency="SGD",
        amount=7,
        created_at=NOW,
        actor="test",
    )
    spent = factories.credit_note(organisation, net="6", number="N-SPENT", line=first)
    invoicing_operations.put_into_credits(
        note_uuid=spent.uuid, request_id=uuid.uuid4(), by=Actor.of(users[0]), at=NOW
    )
    ended = operations.terminate(
        subscription_uuid=gone.uuid,
        request=request(),
        choice=quotes.Automatic(),
        acknowledged=(),
        seen=seen_of(preview(gone, at=NOW, asked_on=request().requested_on)),
        by=Actor.of(users[0]),
        at=NOW,
    ).termination
    world = World(
        organisation=organisation,
        main=main,
        twin=twin,
        late=late,
        renewing=renewing,
        leaving=leaving,
        asked=asked,
        paid=first.invoice,
        unpaid=unpaid.invoice,
        free=factories.credit_note(organisation, net="30", number="N-FREE"),
        naming=factories.credit_note(organisation, net="10", number="N-NAMING", line=first),
        draft=factories.credit_note(organisation, net="50", number="N-DRAFT", line=first, status="draft"),
        other_draft=factories.credit_note(organisation, net="60", number="N-OTHER", line=first, status="draft"),
        applied=applied,
        spent=spent,
        ended=ended,
        first=Actor.of(users[0]),
        second=Actor.of(users[1]),
    )
    events.leave_waiting(3, at=NOW)
    return world


def _configure(by: Actor) -> None:
    """Renew here, tax what is new, and tell customers."""
    TaxRate.objects.create(country="SG", name="GST", per_cent=9, begins_on=dt.date(2024, 1, 1))
    config = settings_selectors.current_config()
    known = {f.name: getattr(config, f.name) for f in dataclasses.fields(settings_policies.Values)}
    wanted = {"renewals_are_made_here": True, "notify_customers": True, "notification_address": "us@acme.example"}
    settings_operations.save_config(
        values=settings_policies.Values(**{**known, **wanted}), seen_version=config.number, by=by, at=NOW
    )


def _on_one_invoice(main: Subscription, gone: Subscription) -> None:
    """Charge for the second cycle of `main`, partly paid, and for the cycle of `gone` on one invoice."""
    lines = (factories.charge_of(main, "2026-04-01"), factories.charge_of(gone))
    together = factories.invoice(
        main.organisation, amounts=[(line.net, line.tax) for line in lines], paid=[line.paid for line in lines]
    )
    for line, its in zip(lines, together.lines.order_by("pk"), strict=True):
        CycleCharge.objects.filter(line=line).update(line=its)
