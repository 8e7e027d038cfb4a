"""Declare what of this app a question may name otherwise than by a search key."""

from django.urls import reverse

from customers import finders
from customers.models import Organisation, folded_number


@finders.declare(finders.NumberPart)
def customer_references(part: finders.NumberPart, *, most: int) -> list[finders.Hit]:
    """Find customers by any part of their reference. One query."""
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
