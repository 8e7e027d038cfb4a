"""Declare what of this app a question may name otherwise than by a search key."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from customers.models import Organisation, SearchText, folded_number
from customers.search import finders
from portal.audit import finders as audit_finders
from portal.lib import text


@finders.declare(finders.NumberPart)
def customer_references(part: finders.NumberPart, *, most: int, may: finders.May) -> list[finders.Hit]:
    """Find customers by any part of their reference. One query."""
    if not may("customers.view_organisation"):
        return []
    found = (
        Organisation.objects.alias(folded=folded_number("customer_reference"))
        .filter(folded__contains=part.folded)
        .order_by("-pk")[:most]
    )
    return [
        finders.Hit(
            kind="Customer reference",
            text=organisation.customer_reference,
            url=reverse("customers:overview", kwargs={"uuid": organisation.uuid}),
            organisation_uuid=organisation.uuid,
            organisation_name=organisation.name,
        )
        for organisation in found
    ]


@audit_finders.declare
def organisations_named(asked: str) -> QuerySet[Any, Any]:
    """Find organisations by their name, or by a part of it where nobody has it whole; accents and case aside."""
    folded = text.fold(asked)
    named = SearchText.objects.filter(name=folded) if folded else SearchText.objects.none()
    if folded and not named.exists():
        named = SearchText.objects.filter(text__contains=folded, name__contains=folded)
    return named.values_list("organisation__uuid", flat=True)
