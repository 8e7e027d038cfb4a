"""Document numbers have no gaps, and each is the one of its place in the series."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check


def _series(document: str, table: str) -> tuple[Check, ...]:
    """Check the places of a series. A place is passed over where an imported document carries its number."""
    return (
        Check(
            kind="series_gap",
            says="the series was drawn up to {last}, but no document has this number",
            sql=f"""
                SELECT {{number}} AS place, r.last_number AS last
                FROM invoicing_numberseries r
                CROSS JOIN LATERAL generate_series(r.first_number, r.last_number) AS g(place)
                LEFT JOIN {table} d ON d.series_id = r.id AND d.sequence_number = g.place
                LEFT JOIN {table} other ON other.number = {{number}}
                WHERE r.document = '{document}' AND d.id IS NULL AND other.id IS NULL
                ORDER BY g.place
            """.format(number="(r.prefix || lpad(g.place::text, greatest(r.length, length(g.place::text)), '0'))"),
        ),
        Check(
            kind="series_number",
            says="its place {sequence_number} in the series (drawn up to {last}) is printed {printed}",
            sql=f"""
                SELECT d.number AS place, d.sequence_number, r.last_number AS last, p.printed
                FROM {table} d JOIN invoicing_numberseries r ON r.id = d.series_id
                CROSS JOIN LATERAL (
                    SELECT r.prefix || lpad(d.sequence_number::text,
                                            greatest(r.length, length(d.sequence_number::text)), '0') AS printed
                ) p
                WHERE d.number <> p.printed OR r.document <> '{document}'
                   OR d.sequence_number NOT BETWEEN r.first_number AND r.last_number
                ORDER BY d.id
            """,
        ),
    )


registry.declare(
    __name__,
    330,
    *_series("invoice", "invoicing_invoice"),
    *_series("credit_note", "invoicing_creditnote"),
)
