"""A note that pays the charges it names first leaves what was paid for the others where it was."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from customers.models import LedgerEntry
from invoicing import operations as invoicing_operations
from invoicing.models import ChargeLine, Invoice
from subscriptions.models import CycleCharge
from tests.support import factories
from tests.support.factories import C
from tests.support.terminations import preview, terminate

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_charges():
    """Make a running cycle with charges of INR 928.90, 747.65 and 566.40, nothing paid."""
    organisation = factories.OrganisationFactory.create(currency="INR", timezone="Asia/Kolkata")
    made = factories.subscription(
        organisation=organisation, cycles=(C("2026-03-01", net="787.20", tax="141.70", paid="0"),)
    )
    first = factories.charge_of(made)
    for net, tax in (("633.60", "114.05"), ("480", "86.40")):
        line = ChargeLine.objects.create(
            invoice=first.invoice,
            currency="INR",
            kind="add_on",
            description="Add-on",
            net=Decimal(net),
            tax=Decimal(tax),
        )
        CycleCharge.objects.create(
            cycle=first.cycle_charge.cycle, line=line, first_day=dt.date(2026, 3, 1), day_after=dt.date(2026, 4, 1)
        )
    Invoice.objects.filter(pk=first.invoice_id).update(charged=Decimal("2242.95"))
    return made


def test_a_named_charge_is_paid_first_and_the_refund_is_what_was_paid(three_charges, agent, now):
    invoice = Invoice.objects.get(organisation=three_charges.organisation)
    third = invoice.lines.latest("pk")
    common = {"by": agent, "at": now}
    invoicing_operations.record_payment(
        invoice_uuid=invoice.uuid,
        amount=Decimal(500),
        method="bank_transfer",
        received_on=dt.date(2026, 3, 5),
        reference="",
        by_charge={},
        into_credits=Decimal(0),
        is_another=False,
        request_id=uuid.uuid4(),
        **common,
    )
    note = invoicing_operations.create_credit_note(
        invoice_uuid=invoice.uuid,
        amounts=[invoicing_operations.NoteAmount(line_id=third.pk, net=Decimal(480), tax=Decimal("86.40"))],
        reason="Never used",
        request_id=uuid.uuid4(),
        **common,
    )
    note = invoicing_operations.mark_as_sent(
        is_confirmed=False, note_uuid=note.uuid, reason="Agreed", request_id=uuid.uuid4(), **common
    )
    invoicing_operations.allocate(
        note_uuid=note.uuid, invoice_uuid=invoice.uuid, amount=Decimal("566.40"), request_id=uuid.uuid4(), **common
    )
    assert [line.charged - line.paid for line in invoice.lines.all()] == [
        Decimal("428.90"),
        Decimal("747.65"),
        Decimal(0),
    ]
    quote = preview(three_charges, at=now)
    assert (quote.total, quote.refund.waived) == (Decimal(500), Decimal("1176.55"))
    terminate(three_charges, by=agent, at=now)
    assert LedgerEntry.objects.get().amount == 500
    assert [(line.refunded, line.waived) for line in invoice.lines.all()] == [
        (500, Decimal("428.90")),
        (0, Decimal("747.65")),
        (0, 0),
    ]
