"""Declare to the search how subscriptions, their ends and their contracts are found."""

from django.db.models import QuerySet
from django.urls import reverse

from customers.models import folded_number
from customers.search import finders
from subscriptions.models import Contract
from subscriptions.selectors import naming

# Records of terminations and the tab that a contract leads to ask for it, too.
VIEW = "subscriptions.view_subscription"


@finders.declare(finders.UuidRange)
def subscriptions_and_terminations(asked: finders.UuidRange, *, most: int, may: finders.May) -> list[finders.Hit]:
    """Find subscriptions by their UUID or that of their termination, as a whole or as they begin. One query."""
    if not may(VIEW):
        return []
    return [
        finders.Hit(
            kind="Subscription" if named.is_its_own else "Termination",
            text=named.identity.line,
            url=reverse(
                "subscriptions:detail" if named.is_its_own else "subscriptions:termination",
                kwargs={"uuid": named.uuid},
            ),
            organisation_uuid=named.organisation_uuid,
            organisation_name=named.organisation_name,
        )
        for named in naming.named_by_uuid(first=asked.first, last=asked.last, most=most)
    ]


@finders.declare(finders.NumberPart)
@finders.declare(finders.ReferencePart)
def contracts(
    part: finders.NumberPart | finders.ReferencePart, *, most: int, may: finders.May
) -> list[finders.Hit]:
    """Find contracts by any part of their reference; a hit leads to the subscriptions of its organisation."""
    if not may(VIEW):
        return []
    found: QuerySet[Contract] = (
        Contract.objects.select_related("organisation")
        .alias(folded=folded_number("reference"))
        .filter(folded__contains=part.folded)
        .order_by("-pk")[:most]
    )
    return [
        finders.Hit(
            kind="Contract",
            text=contract.reference,
            url=reverse("subscriptions:tab", kwargs={"uuid": contract.organisation.uuid}),
            organisation_uuid=contract.organisation.uuid,
            organisation_name=contract.organisation.name,
        )
        for contract in found
    ]
