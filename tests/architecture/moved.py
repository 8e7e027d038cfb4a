"""The rows of the world that move money elsewhere: taken back, topped up, put in by a note."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.utils import timezone

from customers.models import CreditAccount, LedgerEntry, Organisation, TopUp
from invoicing.models import (
    ChargeLine,
    CreditNote,
    CreditNotePutIn,
    CreditNotePutInLine,
    Payment,
    TakeBack,
    TakeBackLine,
)
from tests.support import factories

TODAY = dt.date(2026, 3, 10)


def take_backs(note: CreditNote, linked: CreditNote) -> dict[str, Any]:
    """Take 1 of 3 back of another customer's payment; the other three have no parts, so that one can be added."""
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("3", "0")])
    payment = Payment.objects.get(invoice=invoice)

    def made(**of: Any) -> TakeBack:
        return TakeBack.objects.create(
            currency="SGD",
            amount=1,
            reason="Bounced",
            request_id=uuid.uuid4(),
            created_at=timezone.now(),
            actor="test",
            **of,
        )

    take_back = made(payment=payment)
    part = TakeBackLine.objects.create(
        take_back=take_back, payment_line=payment.lines.get(), currency="SGD", amount=1
    )
    return {
        "take_back": take_back,
        "take_back_line": part,
        "other_take_back": made(payment=payment),
        "note_take_back": made(credit_note=note),
        "linked_take_back": made(credit_note=linked),
    }


def top_up(amount: Decimal) -> TopUp:
    """Top up a third customer, so that the first one's entries stay two."""
    organisation = factories.OrganisationFactory.create()
    cause = uuid.uuid4()
    entry = LedgerEntry.objects.create(
        account=organisation.credit_account,
        seq=1,
        currency=organisation.currency,
        before=0,
        amount=amount,
        after=amount,
        kind="top_up",
        cause_id=cause,
        at=timezone.now(),
        on=TODAY,
        description="Paid at the counter",
        actor="test",
    )
    return TopUp.objects.create(
        uuid=cause,
        organisation=organisation,
        currency=organisation.currency,
        amount=amount,
        reason="Paid at the counter",
        entry=entry,
        created_at=timezone.now(),
        actor="test",
    )


def charge(organisation: Organisation, *, amount: Decimal) -> LedgerEntry:
    """Charge the account on which one entry is."""
    account = CreditAccount.objects.get(organisation=organisation)
    return LedgerEntry.objects.create(
        account=account,
        seq=2,
        currency=account.currency,
        before=account.balance,
        amount=-amount,
        after=account.balance - amount,
        kind="charge",
        cause_id=uuid.uuid4(),
        at=timezone.now(),
        on=TODAY,
        description="Renewal",
        actor="test",
        previous_sha256=account.head,
    )


def put_in(note: CreditNote, *, line: ChargeLine, amount: Decimal) -> CreditNotePutIn:
    """Put a part of a note into the account of a second customer, so that the first one's entries stay two."""
    account = factories.OrganisationFactory.create().credit_account
    cause = uuid.uuid4()
    entry = LedgerEntry.objects.create(
        account=account,
        seq=1,
        currency=account.currency,
        before=0,
        amount=amount,
        after=amount,
        kind="credit_note",
        cause_id=cause,
        at=timezone.now(),
        on=TODAY,
        description="Credit note",
        actor="test",
    )
    made = CreditNotePutIn.objects.create(
        uuid=cause,
        credit_note=note,
        currency=account.currency,
        amount=amount,
        entry=entry,
        request_id=uuid.uuid4(),
        created_at=timezone.now(),
        actor="test",
    )
    CreditNotePutInLine.objects.create(put_in=made, line=line, currency=account.currency, amount=amount)
    return made
