"""The list of the audit."""

from __future__ import annotations

from typing import Any

from portal.audit import naming, selectors
from portal.lib import lists, signposts
from portal.lib.lists import cells, filters

_TIME = lists.Sort("time", ("at", "id"), ascending="by time, earliest first", descending="by time, latest first")


def _offered(read: Any) -> Any:
    return lambda: [(value, value) for value in read()]


class AuditFilters(filters.Filters):
    """What the audit can be filtered by: one filter for each column."""

    more = ("actor", "named", "date_from", "date_to")

    description = filters.Search("Description", "description", "icontains")
    app = filters.Choice("App", "app", choices=_offered(selectors.apps), leads_in=("newest",))
    event = filters.Choice("Event", "event", choices=_offered(selectors.events), leads_in=("newest",))
    organisation = naming.OrganisationFilter("Affected Organization", name_then="organisation_name")
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
    sorts=(lists.NEWEST, _TIME),
    filters=AuditFilters,
    empty=lists.Empty("Nothing was done yet", "Every change in the portal leaves its sentence here.", "audit"),
    no_match=lists.Empty("No entry matches", "Loosen a filter, or clear them all."),
)
