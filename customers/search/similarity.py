"""Fuzzy search: find organisations whose words differ from those of a question by few letters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from customers.search import policies
from customers.search.places import Place, Sql

MOST = 50
"""The most similar organisations that are shown. If there are more, the best of some hundreds are."""
FEW = 5
"""Once it has so many results, a search that nobody asked for allows no further wrong letter."""
_MOST_ALIKE = 300
_MOST_COMPARED = 500
_LIKENESS = 0.4

Alike = Mapping[str, Mapping[int, Sequence[str]]]
"""Maps each word of a question to the words that may be meant, by the number of wrong letters."""


def similar(
    reading: policies.Reading, *, without: Collection[int], is_asked_for: bool
) -> tuple[list[Place], Alike]:
    """Find organisations that have every word of a question, some of them with wrong letters.

    The order is by the number of wrong letters, then by the similarity of the name. If nobody answers at all, words
    of a looser similarity are tried.
    *Shape*: `without` are ids of organisations that answer exactly. The result has at most `MOST` places, and one
    more if there are more.
    """
    words = policies.misspelt(reading)
    alike = _alike(words)
    places: list[Place] = []
    allowed: Alike = {}
    for most in sorted({wrong for others in alike.values() for wrong in others if wrong}):
        allowed = {
            word: {wrong: others[wrong] for wrong in others if wrong <= most} for word, others in alike.items()
        }
        places = _similar(words, allowed, reading=reading, without=without)
        if len(places) >= FEW and not is_asked_for:
            break
    if not places and not without and (merely := _merely_alike(words)):
        allowed = {word: {**others, **merely.get(word, {})} for word, others in alike.items()}
        places = _similar(words, allowed, reading=reading, without=without)
    return places, allowed


def _alike(words: Sequence[str]) -> Alike:
    """Find the words that may be meant: they contain a word of the question, or differ from it by few letters.

    If there are too many, shorter words are kept, and those of the typed length before those that only begin so.
    *Shape*: every word that the dictionary can hold is a key.
    """
    sql = Sql()
    arms = []
    known = [word for word in words if policies.is_in_dictionary(word)]
    for word in known:
        typed = sql.put(word)
        arms.append(
            f"(SELECT {typed} AS typed, 0 AS wrong, word FROM customers_searchword "  # noqa: S608
            f"WHERE word LIKE {sql.put(f'%{word}%')} ORDER BY length(word), word LIMIT {_MOST_ALIKE})"
        )
        if most := policies.typing_errors(word):
            wrong = _wrong_letters(sql, word, most)
            arms.append(
                f"(SELECT {typed}, wrong, word FROM customers_searchword "  # noqa: S608
                f"CROSS JOIN LATERAL (SELECT {wrong}) one (wrong) WHERE {_has_a_piece(sql, word)} "
                f"AND wrong BETWEEN 1 AND {most} "
                f"ORDER BY wrong, length(word) > {len(word) + most}, word LIMIT {_MOST_ALIKE})"
            )
    alike: dict[str, dict[int, list[str]]] = {word: {} for word in known}
    for typed, wrong, word in sql.rows(" UNION ALL ".join(arms)) if arms else ():
        alike[typed].setdefault(wrong, []).append(word)
    return alike


def _merely_alike(words: Sequence[str]) -> Alike:
    """Find words of a similar look, by trigrams, with more wrong letters than a typing error explains."""
    sql = Sql()
    arms = []
    for word in words:
        if most := policies.typing_errors(word):
            typed = sql.put(word)
            arms.append(
                f"(SELECT {typed} AS typed, {most + 1} AS wrong, word FROM customers_searchword "  # noqa: S608
                f"WHERE {_has_a_piece(sql, word)} AND {_wrong_letters(sql, word, most)} > {most} "
                f"AND similarity(word, {typed}) >= {_LIKENESS} "
                f"ORDER BY similarity(word, {typed}) DESC, word LIMIT {_MOST_ALIKE})"
            )
    alike: dict[str, dict[int, list[str]]] = {}
    for typed, wrong, word in sql.rows(" UNION ALL ".join(arms)) if arms else ():
        alike.setdefault(typed, {}).setdefault(wrong, []).append(word)
    return alike


def _has_a_piece(sql: Sql, word: str) -> str:
    pieces = " OR ".join(f"word LIKE {sql.put(piece)}" for piece in policies.pieces(word))
    return f"({pieces}) AND length(word) >= {len(word) - policies.typing_errors(word)}"


def _wrong_letters(sql: Sql, word: str, most: int) -> str:
    """Write the SQL expression for the number of wrong letters: the Levenshtein distance.

    The question may still be being typed, so a longer word is compared by its beginning. Two swapped letters count
    as one wrong letter.
    """
    typed, length, swapped = sql.put(word), len(word), sql.put(list(policies.swapped(word)))
    return (
        f"CASE WHEN left(word, {length}) = ANY({swapped}::text[]) THEN 1 "
        f"WHEN length(word) <= {length + most} THEN levenshtein_less_equal(word, {typed}, {most}) "
        f"ELSE levenshtein_less_equal(left(word, {length}), {typed}, {most}) END"
    )


def _similar(
    words: Sequence[str], alike: Alike, *, reading: policies.Reading, without: Collection[int]
) -> list[Place]:
    sql = Sql()
    conditions = [f"organisation_id <> ALL({sql.put(list(without))}::bigint[])"]
    wrong_letters = [
        {other: wrong for wrong, others in alike[word].items() for other in others}
        for word in words
        if word in alike
    ]
    wanted = [list(group) for group in wrong_letters]
    if without:
        # `without` holds one page only. Rows of other pages are excluded by the question itself: most of them have
        # no wrong word, which the index can tell.
        conditions.append(f"NOT ({' AND '.join(sql.has(word) for word in reading.words)})")
        if words == reading.words:
            wrong_words = [other for group in wrong_letters for other, wrong in group.items() if wrong]
            wanted = [wrong_words] if len(words) == 1 else [*wanted, wrong_words]
    # The index intersects these conditions, so a frequent word adds no cost.
    conditions += [f"words && {sql.put(group)}::text[]" for group in wanted]
    # Short words filter the few rows that are left. The concatenation keeps the planner from using the index here.
    conditions += [f"text || '' LIKE {sql.put(policies.pattern(word))}" for word in words if word not in alike]
    # MATERIALIZED has the query planned as if all rows were read, for which the planner uses the index. LIMIT stops
    # it early.
    rows = sql.rows(
        f"""
        WITH one AS MATERIALIZED (
            SELECT organisation_id, name, words FROM customers_searchtext WHERE {" AND ".join(conditions)}
        )
        SELECT organisation_id, name, words, similarity(name, {sql.put(reading.phrase)})
        FROM one LIMIT {_MOST_COMPARED}
        """  # noqa: S608
    )
    scored = []
    for organisation_id, name, its_words, likeness in rows:
        score = sum(min(wrong[word] for word in its_words if word in wrong) for wrong in wrong_letters)
        scored.append((score, -likeness, name, organisation_id))
    scored.sort()
    return [Place(score, name, organisation_id) for score, _, name, organisation_id in scored[: MOST + 1]]
