"""Declare where the number of a document leads."""

from collections.abc import Collection

from django.db.models import Value
from django.urls import reverse

from invoicing.models import CreditNote, Invoice
from portal.lib import mentions


@mentions.declare
def documents(words: Collection[str]) -> dict[str, str]:
    """Find the invoices and notes of these numbers. One query."""
    invoices = Invoice.objects.filter(number__in=words).order_by()
    notes = CreditNote.objects.filter(number__in=words).order_by()
    found = invoices.values_list(Value("invoicing:invoice"), "number", "uuid").union(
        notes.values_list(Value("invoicing:credit_note"), "number", "uuid"), all=True
    )
    return {number: reverse(name, kwargs={"uuid": uuid}) for name, number, uuid in found}
