"""The filter by organisation for what knows an organisation by its UUID alone."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from portal.audit import finders
from portal.lib import forms as fields
from portal.lib.lists import filters


@dataclass(frozen=True)
class _Meant:
    """Whose rows are wanted: those of organisations, or of a name that nobody has today."""

    organisations: tuple[uuids.UUID, ...]
    former_name: str = ""


class _Field(fields.LineField):
    """An organisation: by its UUID, by its name as the search finds it, else by a name that it had."""

    def clean(self, value: Any) -> _Meant | None:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return _Meant((uuids.UUID(typed),))
        except ValueError:
            found = finders.organisations(typed, most=filters.MOST_MEANT + 1)
        filters.few(found, of=typed, right="the UUID")
        return _Meant(found, "" if found else typed)


class OrganisationFilter(filters.Line):
    """Rows of the organisations that a text means.

    *Shape*: `field_name` is their UUID in a row; `name_then` the name that an organisation had then, where a row
    keeps it.
    """

    field_class = _Field

    def __init__(self, label: str, field_name: str = "organisation_uuid", *, name_then: str = "") -> None:
        self._name_then = name_then
        super().__init__(label, field_name, placeholder="Name or UUID")

    def leads(self, value: Any, *, sort: str) -> bool:
        """Say so of organisations: their index has the rows of each, and no index has the names."""
        return value is not None and not value.former_name

    def condition(self, value: Any) -> Q:
        if value.former_name and self._name_then:
            return Q(**{f"{self._name_then}__icontains": value.former_name})
        return filters.one_of(self.field_name, value.organisations)
