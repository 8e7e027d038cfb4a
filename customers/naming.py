"""Name organisations in lists: the value, how it is shown, and the filter that finds one."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q

from customers import models, selectors
from customers.search import finding, policies
from portal.lib import forms as fields
from portal.lib import lists
from portal.lib.lists import cells, filters


def cell(organisation: selectors.Named) -> cells.Under:
    """Show an organisation by its name, and by what tells it from another of that name."""
    link = cells.Link(organisation.name, cells.address("customers:overview", organisation.uuid))
    return cells.Under(link, (organisation.known_by,))


def columns(of: Callable[[Any], selectors.Named]) -> tuple[lists.Column[Any], lists.Column[Any]]:
    """Give the columns that name the organisation of a row: on page and in file, and its UUID in the file."""
    return (
        lists.Column("Organisation", lambda row: cell(of(row)), css="text-break"),
        lists.Column("Organisation UUID", lambda row: of(row).uuid, on="file"),
    )


class _Field(fields.LineField):
    """An organisation, found as the search finds it: by name, address, member, reference or UUID.

    Who gives one of these as a whole means nobody else, however many have it as a part.
    """

    def clean(self, value: Any) -> tuple[int, ...] | None:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            wanted = uuids.UUID(typed)
        except ValueError:
            readings = policies.readings(typed)
            meant = _meant_by(readings) if readings else ()
        else:
            meant = tuple(models.Organisation.objects.filter(uuid=wanted).values_list("pk", flat=True))
        filters.few(meant, of=typed, right="the reference")
        return meant


def _meant_by(readings: Sequence[policies.Reading]) -> tuple[int, ...]:
    found = finding.found(readings, edge=None, limit=filters.MOST_MEANT + 1, is_key_enough=True)
    return tuple(place.id for place in found.places)


class OrganisationFilter(filters.Line):
    """Rows of the organisations that a text means. *Shape*: `field_name` is their key in a row."""

    field_class = _Field

    def __init__(self, field_name: str = "organisation_id", **kwargs: Any) -> None:
        super().__init__("Organisation", field_name, leads_in=(filters.ANY_SORT,), **kwargs)

    def condition(self, value: Any) -> Q:
        return filters.one_of(self.field_name, value)
