"""The list of the audit."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q

from portal.audit import finders, selectors
from portal.lib import forms as fields
from portal.lib import lists, signposts
from portal.lib.lists import cells, filters

NEWEST = lists.Sort("newest", ("id",), ascending="oldest first", descending="newest first")
_TIME = lists.Sort("time", ("at", "id"), ascending="by time, earliest first", descending="by time, latest first")
MOST = 100
"""How many organisations one filter may mean: their entries are looked up one organisation after the other."""


@dataclass(frozen=True)
class _Meant:
    """Whose entries are wanted: those of organisations, or of a name that nobody has today."""

    organisations: tuple[uuids.UUID, ...]
    former_name: str = ""


class _OrganisationField(fields.LineField):
    """An organisation: by its UUID, by its name as the search finds it, else by the name that it had then."""

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


class _OrganisationFilter(filters.Line):
    field_class = _OrganisationField

    def leads(self, value: Any, *, sort: str) -> bool:
        """Say so of organisations: their index has the entries of each, and no index has the names."""
        return value is not None and not value.former_name

    def condition(self, value: Any) -> Q:
        if value.former_name:
            return Q(organisation_name__icontains=value.former_name)
        if len(value.organisations) == 1:
            # PostgreSQL then has the entries in the order of the index.
            return Q(organisation_uuid=value.organisations[0])
        return Q(organisation_uuid__in=value.organisations)


def _offered(read: Any) -> Any:
    return lambda: [(value, value) for value in read()]


class AuditFilters(filters.Filters):
    """What the audit can be filtered by: one filter for each column."""

    more = ("actor", "named", "date_from", "date_to")

    description = filters.Search("Description", "description", "icontains")
    app = filters.Choice("App", "app", choices=_offered(selectors.apps), leads_in=("newest",))
    event = filters.Choice("Event", "event", choices=_offered(selectors.events), leads_in=("newest",))
    organisation = _OrganisationFilter("Affected Organization", placeholder="Name or UUID")
    actor = filters.Line("Actor", "actor", "icontains", max_length=150)
    named = filters.Line("Name that it had then", "organisation_name", "icontains")
    date_from = filters.From("From", "at", is_instant=True, leads_in=("time",), needs="time")
    date_to = filters.To("To", "at", is_instant=True, leads_in=("time",), needs="time")


def _organisation_of(row: selectors.Row) -> cells.Link | None:
    if row.organisation_uuid is None:
        return None
    return cells.Link(row.organisation_name, cells.address(signposts.name("organisation"), row.organisation_uuid))


AUDIT: lists.List[selectors.Row] = lists.List(
    name="audit",
    title="Audit",
    about="Who did what, when, to which organisation. Nothing in it can be changed. Dates and times are UTC.",
    permission="audit.view_auditentry",
    rows=selectors.entries,
    read=selectors.rows,
    columns=(
        lists.Column("App", lambda row: row.app),
        lists.Column("Event", lambda row: row.event),
        lists.Column("Description", lambda row: cells.Sentence(row.description), kind=cells.Sentence),
        lists.Column("Actor", lambda row: row.actor, css="text-break"),
        lists.Column("Affected Organization", _organisation_of, css="text-break"),
        lists.Column("Organization UUID", lambda row: row.organisation_uuid, on="file"),
        lists.Column("Datetime", lambda row: row.at, kind=cells.Instant, sort="time"),
    ),
    sorts=(NEWEST, _TIME),
    filters=AuditFilters,
    empty=lists.Empty("Nothing was done yet", "Every change in the portal leaves its sentence here.", "audit"),
    no_match=lists.Empty("No entry matches", "Loosen a filter, or clear them all."),
)
