"""What this app has imported: subscriptions, what they are of, and the documents that billed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.importing import registry

if TYPE_CHECKING:
    from portal.importing.shapes import Part


@registry.declare
def part() -> Part:
    """Declare the files from plans.csv to credit_notes.csv."""
    from customers.imports.files import ORGANISATIONS
    from customers.imports.loading import ADDED_KEYS
    from portal.importing.shapes import Part
    from subscriptions.imports import checks, documents, files, known, loading

    return Part(
        files=files.FILES,
        locks=known.LOCKS,
        checks=checks.CHECKS,
        settings=loading.reserved_days,
        load=loading.STATEMENTS,
        load_last=documents.CREDIT_NOTES,
        adds={ORGANISATIONS.name: files.owners, ADDED_KEYS: loading.SEARCH_KEYS},
    )
