"""Helpers of the operations on documents: locks, their events, amounts in words."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from invoicing.models import CreditNote, Invoice
from portal import frame
from portal.audit import operations as audit_operations
from portal.lib import money
from portal.postgresql import diagnosis

_ONCE = (
    "a_form_makes_one_note",
    "a_form_records_one_payment",
    "a_form_takes_back_once",
    "a_form_puts_a_note_in_once",
    "a_request_allocates_to_a_charge_once",
)


@contextmanager
def form_writes_once() -> Iterator[None]:
    """Refuse a form that somebody else has written with, or that was used before its key was forgotten.

    *Raises*: KeyReused.
    """
    with diagnosis.told_as(dict.fromkeys(_ONCE, frame.KeyReused)):
        yield


def locked_invoice(invoice_uuid: uuid.UUID) -> Invoice:
    """Lock an invoice, and return it with its organisation.

    *Raises*: Invoice.DoesNotExist.
    """
    invoices = Invoice.objects.select_related("organisation")
    return invoices.select_for_update(no_key=True, of=("self",)).get(uuid=invoice_uuid)


def locked_note(note_uuid: uuid.UUID) -> CreditNote:
    """Lock a credit note, and return it with its organisation. The caller has locked its invoices before.

    *Raises*: CreditNote.DoesNotExist.
    """
    notes = CreditNote.objects.select_related("organisation")
    return notes.select_for_update(no_key=True, of=("self",)).get(uuid=note_uuid)


def record(
    kind: str,
    *,
    of: Invoice | CreditNote,
    sentence: str,
    data: Mapping[str, Any],
    by: frame.Actor,
    at: datetime,
) -> None:
    """Record an event of a document, which is named for machines beside `data`."""
    audit_operations.record(
        kind,
        sentence=sentence,
        subject=audit_operations.Subject("invoice" if isinstance(of, Invoice) else "credit_note", of.uuid),
        data={"number": of.number, "currency": of.currency, **data},
        by=by,
        at=at,
        organisation=audit_operations.Affected(of.organisation.uuid, of.organisation.name),
    )


def display(amount: Decimal, *, of: Invoice | CreditNote) -> str:
    """Write an amount in the currency of a document."""
    return money.display(amount, currency=of.currency)
