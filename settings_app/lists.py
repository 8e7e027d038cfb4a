"""The list of the saved versions of Portal Config."""

from __future__ import annotations

from portal.lib import lists
from portal.lib.lists import cells, filters
from settings_app import selectors

NEWEST = lists.Sort("newest", ("number",), ascending="oldest first", descending="newest first")


class VersionFilters(filters.Filters):
    """What versions can be filtered by."""

    saved_by = filters.Line("Saved by", "created_by__username", "icontains", max_length=150)
    saved_from = filters.From("Saved from", "created_at", is_instant=True)
    saved_to = filters.To("Saved to", "created_at", is_instant=True)


def _version(row: selectors.VersionRow) -> cells.Under:
    return cells.Under(f"Version {row.number}", (cells.Code("on", "In force"),) if row.is_in_force else ())


def _changes(row: selectors.VersionRow) -> cells.Lines | str:
    if row.changes is None:
        return "The first version"
    return cells.Lines(tuple(str(change) for change in row.changes))


VERSIONS: lists.List[selectors.VersionRow] = lists.List(
    name="portal-config-versions",
    title="Versions of Portal Config",
    about="Saving adds a version; none is ever changed. A termination names the one it was made under.",
    permission="settings_app.view_portalconfigversion",
    rows=selectors.versions,
    read=selectors.version_rows,
    columns=(
        lists.Column("Version", _version, is_heading=True, sort="newest", on="page"),
        lists.Column("Number", lambda row: row.number, kind=int, on="file"),
        lists.Column("In force", lambda row: row.is_in_force, kind=bool, on="file"),
        lists.Column("Saved", lambda row: row.saved_at, kind=cells.Instant),
        lists.Column("By", lambda row: row.saved_by),
        lists.Column("What changed", _changes, kind=cells.Lines),
    ),
    sorts=(NEWEST,),
    filters=VersionFilters,
    empty=lists.Empty("No versions", "The first one comes with the portal.", "history"),
    no_match=lists.Empty("No version matches", "Loosen a filter, or clear them all."),
)
