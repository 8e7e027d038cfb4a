"""What the termination writes here, and what PostgreSQL refuses."""

import uuid
from decimal import Decimal as D

import pytest
from django.db import transaction

from invoicing import operations
from invoicing.models import ChargeLine, ChargeRefund, ChargeWaiver, CreditNoteHold, NumberSeries
from invoicing.operations import numbers
from tests.support import factories, refused

pytestmark = pytest.mark.django_db

CAUSE = uuid.UUID(int=1)
OTHER = uuid.UUID(int=2)


def test_a_series_is_drawn_without_gaps():
    drawn = [numbers.draw_number(NumberSeries.Document.CREDIT_NOTE) for _ in range(3)]
    assert [number for _, _, number in drawn] == ["CN-0000001", "CN-0000002", "CN-0000003"]
    assert [place for _, place, _ in drawn] == [1, 2, 3]
    assert NumberSeries.objects.get(document="invoice").last_number == 0


def test_a_series_starts_at_its_first_number_and_passes_over_imported_numbers():
    NumberSeries.objects.filter(document="credit_note").update(first_number=12)
    factories.credit_note(factories.OrganisationFactory.create(), number="CN-0000013")
    drawn = [numbers.draw_number(NumberSeries.Document.CREDIT_NOTE)[2] for _ in range(2)]
    assert drawn == ["CN-0000012", "CN-0000014"]


def test_a_rolled_back_number_is_drawn_again():
    with transaction.atomic():
        numbers.draw_number(NumberSeries.Document.INVOICE)
        transaction.set_rollback(True)
    assert numbers.draw_number(NumberSeries.Document.INVOICE)[2] == "IN-0000001"


def test_giveback_is_written_and_zero_is_left_out():
    invoice = factories.invoice(
        factories.OrganisationFactory.create(), amounts=[("249.00", "22.41"), ("10", "1")], paid=["124.50", "11"]
    )
    first, second = invoice.lines.all()
    operations.lock_invoices([first.pk, second.pk])
    operations.write_giveback(
        cause_id=CAUSE,
        waivers=[(first.pk, "SGD", D("135.71")), (second.pk, "SGD", D(0))],
        refunds=[(second.pk, "SGD", D("6.67"), D("0.67")), (first.pk, "SGD", D(0), D(0))],
    )
    for row in (first, second, invoice):
        row.refresh_from_db()
    assert (first.paid, first.waived, first.refunded) == (D("124.5"), D("135.71"), 0)
    assert (second.paid, second.waived, second.refunded) == (11, 0, D("7.34"))
    assert (invoice.paid, invoice.waived, invoice.status) == (D("135.5"), D("135.71"), "awaiting_payment")
    assert ChargeWaiver.objects.count() == ChargeRefund.objects.count() == 1


def test_a_waiver_of_all_that_is_open_makes_the_invoice_paid():
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("100", "0")], paid=["50"])
    operations.write_giveback(cause_id=CAUSE, waivers=[(invoice.lines.get().pk, "SGD", D(50))], refunds=[])
    invoice.refresh_from_db()
    assert invoice.status == "paid"


def test_a_payment_leaves_a_charge_alone_that_was_written_with_its_sum():
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("100", "0")], paid=["0"])
    written = ChargeLine.objects.create(
        invoice=invoice, currency="SGD", kind="plan", description="Plan", net=50, tax=0, paid=30
    )
    factories.pay(written, "30")
    written.refresh_from_db()
    assert written.paid == 30
    factories.pay(written, "5")
    written.refresh_from_db()
    invoice.refresh_from_db()
    assert (written.paid, invoice.paid) == (35, 5)


@pytest.mark.parametrize(
    ("waived", "refunded", "name"),
    [
        ("51", "0", "paid_and_waived_stay_within_the_charge"),
        ("0", "51", "refunded_and_put_in_stay_within_what_was_paid"),
        ("50", "51", "notes_waived_and_refunded_stay_within_the_charge"),
    ],
)
def test_amounts_above_the_caps_are_refused(waived, refunded, name):
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("100", "0")], paid=["50"])
    line = invoice.lines.get()
    with refused.by(name):
        operations.write_giveback(
            cause_id=CAUSE,
            waivers=[(line.pk, "SGD", D(waived))],
            refunds=[(line.pk, "SGD", D(refunded), D(0))],
        )


def test_holds_count_and_a_settling_note_is_held_once():
    organisation = factories.OrganisationFactory.create()
    settles, taken = (factories.credit_note(organisation) for _ in range(2))
    operations.hold_notes(cause_id=CAUSE, settles=settles.pk, taken_off=[settles.pk, taken.pk])
    operations.hold_notes(cause_id=OTHER, settles=None, taken_off=[taken.pk])
    assert list(CreditNoteHold.objects.order_by("id").values_list("credit_note", "kind", "cause_id")) == [
        (settles.pk, "settles", CAUSE),
        (taken.pk, "taken_off", CAUSE),
        (taken.pk, "taken_off", OTHER),
    ]
    for note, holds in ((settles, 1), (taken, 2)):
        note.refresh_from_db()
        assert (note.holds, note.status) == (holds, "sent")


@pytest.mark.parametrize(
    ("settles", "name"),
    [(True, "a_note_settles_one_cause"), (False, "a_note_settles_or_is_taken_off")],
)
def test_a_settling_note_is_held_by_nobody_else(settles, name):
    note = factories.credit_note(factories.OrganisationFactory.create())
    operations.hold_notes(cause_id=CAUSE, settles=note.pk, taken_off=[])
    with refused.by(name):
        operations.hold_notes(
            cause_id=OTHER, settles=note.pk if settles else None, taken_off=[] if settles else [note.pk]
        )


@pytest.mark.django_db(transaction=True)
def test_documents_are_locked_for_a_transaction_or_not_at_all():
    for lock in (lambda: operations.lock_invoices([1]), lambda: operations.lock_notes(naming=[1])):
        with pytest.raises(transaction.TransactionManagementError):
            lock()
