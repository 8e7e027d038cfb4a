"""Declare to the search how documents are found: by any part of their number, or by their UUID."""

from typing import Any

from django.db.models import Model, QuerySet, Value
from django.urls import reverse

from customers.search import finders
from invoicing import selectors
from invoicing.models import CreditNote, Invoice

_INVOICE, _NOTE = "Invoice", "Credit note"
_PERMISSIONS = {_INVOICE: "invoicing.view_invoice", _NOTE: "invoicing.view_creditnote"}
_ADDRESSES = {_INVOICE: "invoicing:invoice", _NOTE: "invoicing:credit_note"}


@finders.declare(finders.NumberPart)
def numbers(part: finders.NumberPart, *, most: int, may: finders.May) -> list[finders.Hit]:
    """Find invoices and notes by any part of their number, newest first. One query."""
    return _hits(
        Invoice.objects.filter(selectors.numbered(part.folded, of=Invoice)),
        CreditNote.objects.filter(selectors.numbered(part.folded, of=CreditNote)),
        most=most,
        may=may,
    )


@finders.declare(finders.UuidRange)
def uuids(asked: finders.UuidRange, *, most: int, may: finders.May) -> list[finders.Hit]:
    """Find the invoice or the note of a UUID. One query."""
    between = (asked.first, asked.last)
    return _hits(
        Invoice.objects.filter(uuid__range=between),
        CreditNote.objects.filter(uuid__range=between),
        most=most,
        may=may,
    )


def _hits(
    invoices: QuerySet[Invoice], notes: QuerySet[CreditNote], *, most: int, may: finders.May
) -> list[finders.Hit]:
    shown = [
        _rows(found, kind=kind, most=most)
        for found, kind in ((invoices, _INVOICE), (notes, _NOTE))
        if may(_PERMISSIONS[kind])
    ]
    if not shown:
        return []
    first, *others = shown
    return [
        finders.Hit(
            kind=kind,
            text=number,
            url=reverse(_ADDRESSES[kind], kwargs={"uuid": uuid}),
            organisation_uuid=organisation_uuid,
            organisation_name=organisation_name,
        )
        for kind, number, uuid, organisation_uuid, organisation_name in first.union(*others, all=True)
    ]


def _rows(found: QuerySet[Any], *, kind: str, most: int) -> QuerySet[Any, Any]:
    rows: QuerySet[Model, Any] = found.order_by("-pk").values_list(
        Value(kind), "number", "uuid", "organisation__uuid", "organisation__name"
    )
    return rows[:most]
