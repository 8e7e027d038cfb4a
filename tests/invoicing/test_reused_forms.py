"""A form that was used and comes again with other content is refused: what it says now would be lost in silence."""

import datetime as dt
import uuid
from decimal import Decimal as D
from typing import Any

import pytest

from invoicing import operations, refusals
from invoicing.models import CreditNote, Payment, TakeBack
from tests.support import factories

pytestmark = pytest.mark.django_db
RECEIVED = dt.date(2026, 3, 1)


@pytest.fixture
def by(make_user):
    from portal.frame import Actor

    return Actor.of(make_user("billing", "wei"))


def pay(invoice, form, **changes):
    said: dict[str, Any] = {
        "amount": D(50),
        "method": "card",
        "received_on": RECEIVED,
        "reference": "BANK-1",
        "by_charge": {},
        "into_credits": D(0),
        "is_another": False,
    }
    return operations.record_payment(invoice_uuid=invoice.uuid, **(said | changes), **form)


@pytest.mark.parametrize(
    "change",
    [{"reference": "BANK-2"}, {"method": "cheque"}, {"received_on": dt.date(2026, 3, 2)}, {"amount": D(49)}],
)
def test_another_payment_by_the_same_form_is_refused(by, now, change):
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("100", "0")], paid=["0"])
    form = {"request_id": uuid.uuid4(), "by": by, "at": now}
    first = pay(invoice, form)
    assert pay(invoice, form).pk == first.pk
    with pytest.raises(refusals.RequestAlreadyUsed):
        pay(invoice, form, **change)
    assert Payment.objects.get().reference == "BANK-1"


def test_a_payment_of_another_charge_by_the_same_form_is_refused(by, now):
    invoice = factories.invoice(
        factories.OrganisationFactory.create(), amounts=[("50", "0"), ("50", "0")], paid=["0", "0"]
    )
    one, other = (line.pk for line in invoice.lines.order_by("pk"))
    form = {"request_id": uuid.uuid4(), "by": by, "at": now}
    pay(invoice, form, by_charge={one: D(50)})
    pay(invoice, form, by_charge={one: D(50)})
    with pytest.raises(refusals.RequestAlreadyUsed):
        pay(invoice, form, by_charge={other: D(50)})


def test_a_note_about_another_charge_by_the_same_form_is_refused(by, now):
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0"), ("50", "0")])
    one, other = (line.pk for line in invoice.lines.order_by("pk"))
    form = {"request_id": uuid.uuid4(), "by": by, "at": now, "reason": "Outage"}

    def draft(line_id):
        amounts = [operations.NoteAmount(line_id=line_id, net=D(20), tax=D(0))]
        return operations.create_credit_note(invoice_uuid=invoice.uuid, amounts=amounts, **form)

    first = draft(one)
    assert draft(one).pk == first.pk
    with pytest.raises(refusals.RequestAlreadyUsed):
        draft(other)
    assert CreditNote.objects.count() == 1


def test_taking_back_another_part_by_the_same_form_is_refused(by, now):
    invoice = factories.invoice(
        factories.OrganisationFactory.create(), amounts=[("50", "0"), ("50", "0")], paid=["0", "0"]
    )
    payment = pay(invoice, {"request_id": uuid.uuid4(), "by": by, "at": now}, amount=D(100))
    one, other = (row.pk for row in payment.lines.order_by("pk"))
    form = {"request_id": uuid.uuid4(), "by": by, "at": now, "reason": "Bounced", "surplus": D(0)}

    def take(part):
        return operations.take_back_payment(payment_uuid=payment.uuid, parts={part: D(50)}, **form)

    first = take(one)
    assert take(one).pk == first.pk
    with pytest.raises(refusals.RequestAlreadyUsed):
        take(other)
    assert TakeBack.objects.count() == 1
