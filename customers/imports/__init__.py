"""What this app has imported: organisations and members, with their accounts and what the search knows them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.importing import registry

if TYPE_CHECKING:
    from portal.importing.shapes import Part


@registry.declare
def part() -> Part:
    """Declare organisations.csv and members.csv."""
    from customers.imports import changes, files, known, loading
    from portal.importing.shapes import Part

    return Part(
        files=files.FILES,
        prepare=known.tell_today_and_digits,
        load=loading.STATEMENTS,
        load_last=loading.SEARCH_KEYS,
        change=changes.STATEMENTS,
    )
