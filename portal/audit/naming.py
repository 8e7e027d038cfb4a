"""The filter by organisation for what knows an organisation by its UUID alone."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q

from portal.audit import finders
from portal.lib import forms as fields
from portal.lib.lists import filters

MOST = 100
"""How many organisations one filter may mean: their rows are looked up one organisation after the other."""


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
            found = finders.organisations(typed, most=MOST + 1)
        if len(found) > MOST:
            raise forms.ValidationError(
                f"More than {MOST} customers match “{typed}”: give more of the name, or the UUID.", code="too_many"
            )
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
        if len(value.organisations) == 1:
            # PostgreSQL then has the rows in the order of the index.
            return Q(**{self.field_name: value.organisations[0]})
        return Q(**{f"{self.field_name}__in": value.organisations})
