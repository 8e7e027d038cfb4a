"""Numbers of imported documents beside the portal's own series."""

from __future__ import annotations

from invoicing import writer


def beyond_series(table: str, column: str, document: str) -> str:
    """Find numbers that a series in use would come to draw one day."""
    return f"""
        SELECT s.line, format('%s is of the form of the portal''s own series, which stands at %s, '
                              'expected another number', s.{column}, n.last_number)
        FROM {table} s JOIN invoicing_numberseries n ON n.document = '{document}' AND n.last_number > 0
        WHERE s.known_id IS NULL AND {writer.place_in_series(f"s.{column}", series="n")} > n.last_number
    """  # noqa: S608
