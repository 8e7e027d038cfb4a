"""Write the rows of a list as HTML, each cell with its tag; the template only loops over the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portal.lib import markup, mentions
from portal.lib.lists import cells
from portal.lib.lists.declared import Column


def written(rows: Sequence[Any], columns: Sequence[Column[Any]]) -> tuple[str, ...]:
    """Write the cells of every row with their tags. The words of sentences are looked up for all rows at once."""
    values = [[column.value(row) for column in columns] for row in rows]
    told = [text for row in values for value in row if (text := cells.sentence_in(value))]
    links = mentions.found_in(told) if told else {}
    # One for a row: a node of a template, or of a form, for each of 400 cells takes longer than its value.
    form = "".join(map(_form, columns))
    return tuple(
        markup.put(form, *[_cell(value, column, links) for value, column in zip(row, columns, strict=True)])
        for row in values
    )


def _cell(value: Any, column: Column[Any], links: Mapping[str, str]) -> str:
    # Where nothing can be done there is no cell either on a phone.
    return "" if value is None and column.is_heading_hidden else cells.html(value, links)


def _form(column: Column[Any]) -> str:
    """Give a cell of a column with its tags, for `markup.put`, which puts the value in."""
    css = column.css or cells.style(column.kind)
    # A sentence says what it is about, and takes the whole width of a phone.
    has_label = not (column.is_heading or column.is_heading_hidden or column.kind is cells.Sentence)
    attributes = (
        ("scope", "row" if column.is_heading else ""),
        ("data-label", column.heading if has_label else ""),
        ("class", css),
    )
    tag = "th" if column.is_heading else "td"
    opened = markup.joined(markup.put(' %s="%s"', name, value) for name, value in attributes if value)
    before, after = markup.put("<%s%s>", tag, opened), f"</{tag}>"
    return before.replace("%", "%%") + "%s" + after
