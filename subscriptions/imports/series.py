"""Numbers of documents beside the portal's own series, which go on above what is imported."""

from __future__ import annotations


def beyond_series(table: str, column: str, document: str) -> str:
    """Find numbers that a series in use would come to draw one day."""
    return f"""
        SELECT s.line, format('%s is of the form of the portal''s own series, which stands at %s, '
                              'expected another number', s.{column}, n.last_number)
        FROM {table} s JOIN invoicing_numberseries n ON n.document = '{document}' AND n.last_number > 0
        WHERE s.known_id IS NULL AND {of_form(f"s.{column}", "n")} > n.last_number
    """  # noqa: S608


def of_form(number: str, series: str) -> str:
    """Write the SQL of a number's place in a series; NULL when it is not of the series' form."""
    rest = f"substr({number}, length({series}.prefix) + 1)"
    return (
        f"(CASE WHEN starts_with({number}, {series}.prefix) AND length({rest}) = {series}.length "
        f"AND {rest} ~ '^[0-9]{{1,18}}$' THEN {rest}::bigint END)"
    )


def begin_above(document: str, table: str, column: str) -> str:
    """Let a series that is still unused begin above the highest imported number of its form."""
    return f"""
        UPDATE invoicing_numberseries n SET first_number = s.highest + 1
        FROM (SELECT max({of_form(f"d.{column}", "x")}) AS highest
              FROM {table} d JOIN invoicing_numberseries x ON x.document = '{document}') s
        WHERE n.document = '{document}' AND n.last_number = 0 AND n.first_number <= s.highest
    """  # noqa: S608
