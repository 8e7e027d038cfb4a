"""The kinds of columns that files are made of."""

from __future__ import annotations

from collections.abc import Callable

from portal.importing import values
from portal.importing.shapes import Column, File, Parser, Row
from portal.lib import text as text_lib

# As much as a search key holds: an expanded name may be longer.
_LONGEST_FOLDED = 400


def text(name: str, longest: int, *, refers: File | None = None) -> Column:
    return Column(name, values.line(longest), refers=refers)


def optional_text(name: str, longest: int, *, refers: File | None = None) -> Column:
    return Column(name, values.line(longest), required=False, refers=refers)


def uuid(name: str, *, refers: File | None = None) -> Column:
    return Column(name, values.uuid, "uuid", refers=refers)


def optional_uuid(name: str, *, refers: File | None = None) -> Column:
    return Column(name, values.uuid, "uuid", required=False, refers=refers)


def day(name: str) -> Column:
    return Column(name, values.day, "date")


def optional_day(name: str, parse: Parser = values.day) -> Column:
    return Column(name, parse, "date", required=False)


def code(name: str, *codes: str) -> Column:
    return Column(name, values.one_of(*codes))


def optional_code(name: str, *codes: str, default: str) -> Column:
    return Column(name, values.one_of(*codes), required=False, default=default)


def boolean(name: str) -> Column:
    return Column(name, values.boolean, "boolean", required=False, default="false")


def amount(name: str) -> Column:
    return Column(name, values.amount, "numeric", normal=values.plain_amount)


def optional_amount(name: str, parse: Parser) -> Column:
    return Column(name, parse, "numeric", required=False, default="0", normal=values.plain_amount)


def folded(column: str) -> tuple[str, Callable[[Row], str | None]]:
    """Derive the text by which a search finds a value."""
    return f"folded_{column}", lambda row: text_lib.fold(row[column] or "")[:_LONGEST_FOLDED].strip()
