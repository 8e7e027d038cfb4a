"""Find organisations in the search tables: which, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from customers import policies

MOST = 1000
"""How many organisations are put in order; of more nobody reads to the end."""
MOST_SIMILAR = 20
_FEW_SIMILAR = 5
_MOST_ALIKE = 300
_LIKENESS = 0.4

# The tiers of an answer; a name scores one less than another key of its tier.
EXACT, _BEGINNING, _WORD, _PART, _APART = 1, 3, 5, 7, 8


@dataclass(frozen=True)
class Place:
    """Where an organisation stands in a list: what the key of a page names. *Shape*: sorted by these three."""

    score: int
    name: str
    id: int


@dataclass(frozen=True)
class Edge:
    """Where a page begins, or ends with `is_before`."""

    place: Place
    is_before: bool = False


@dataclass(frozen=True)
class Found:
    """Places in their order. *Shape*: `is_cut`: more organisations answered than were put in order."""

    places: list[Place]
    is_cut: bool = False


Alike = Mapping[str, Mapping[int, Sequence[str]]]
"""For words of a question the words that may have been meant, by how many letters are wrong then."""


class _Sql(dict[str, Any]):
    """Collects what was typed as parameters, so that none of it is ever part of a statement."""

    def put(self, value: object) -> str:
        name = f"p{len(self)}"
        self[name] = value
        return f"%({name})s"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, self)
            return list(cursor.fetchall())


def everybody(*, edge: Edge | None, limit: int) -> list[Place]:
    """List all organisations by name, backwards from an edge that ends the page."""
    sql = _Sql()
    tail = _tail(sql, ("name", "id"), edge=edge, limit=limit)
    return [Place(*row) for row in sql.rows(f"SELECT 0, name, id FROM customers_organisation {tail}")]  # noqa: S608


def found(readings: Sequence[policies.Reading], *, edge: Edge | None, limit: int) -> Found:
    """Find the organisations that answer, backwards from an edge that ends the page.

    First those that an index gives in their order: an exact key, a name that begins with the question. Only when
    these do not fill the page, those that have it anywhere as well.
    """
    is_backwards = edge is not None and edge.is_before
    if edge is None or not is_backwards or edge.place.score < _BEGINNING:
        first = _found(readings, edge=edge, limit=limit, is_anywhere=False)
        if len(first.places) == limit or is_backwards or readings[0].is_whole:
            return first
    return _found(readings, edge=edge, limit=limit, is_anywhere=True)


def _found(readings: Sequence[policies.Reading], *, edge: Edge | None, limit: int, is_anywhere: bool) -> Found:
    sql = _Sql()
    arms = [arm for reading in readings for arm in _first_arms(sql, reading)]
    if is_anywhere:
        arms += _arms_anywhere(sql, readings)
    tables = ", ".join(f"arm{number} AS MATERIALIZED ({arm})" for number, arm in enumerate(arms))
    union = " UNION ".join(f"SELECT organisation_id FROM arm{number}" for number in range(len(arms)))  # noqa: S608
    is_cut = " OR ".join(f"(SELECT count(*) >= {MOST} FROM arm{number})" for number in range(len(arms)))  # noqa: S608
    scores = ", ".join(_score(sql, reading.phrase) for reading in readings)
    tail = _tail(sql, ("score", "name", "organisation_id"), edge=edge, limit=limit)
    rows = sql.rows(
        f"""
        WITH {tables}, answer AS (
            SELECT least({scores}) AS score, name, organisation_id
            FROM ({union}) one JOIN customers_searchtext USING (organisation_id)
        )
        SELECT score, name, organisation_id, {is_cut} FROM answer {tail}
        """  # noqa: S608
    )
    return Found([Place(*row[:3]) for row in rows], is_cut=bool(rows) and rows[0][3])


# Arms are the questions whose answers together are those of the readings; each has one index and a limit, and an
# order, so that every page is cut from the same answers.


def _first_arms(sql: _Sql, reading: policies.Reading) -> Iterable[str]:
    yield (
        f"SELECT organisation_id FROM customers_searchkey WHERE text = {sql.put(reading.phrase)} "  # noqa: S608
        f"ORDER BY organisation_id LIMIT {MOST}"
    )
    if not reading.is_whole:
        yield (
            f"SELECT organisation_id FROM customers_searchtext WHERE name LIKE {sql.put(f'{reading.phrase}%')} "  # noqa: S608
            f"ORDER BY name, organisation_id LIMIT {MOST}"
        )


def _arms_anywhere(sql: _Sql, readings: Sequence[policies.Reading]) -> Iterable[str]:
    # Not those of the first arms, also when these were cut: pages before would not have shown them.
    others = " AND ".join(
        f"name NOT LIKE {sql.put(f'{reading.phrase}%')} AND text NOT LIKE {sql.put(f'%/ {reading.phrase} /%')}"
        for reading in readings
    )
    for reading in readings:
        words = " AND ".join(_has(sql, word) for word in reading.words)
        yield (
            f"SELECT organisation_id FROM customers_searchtext WHERE {words} AND {others} "  # noqa: S608
            f"ORDER BY organisation_id LIMIT {MOST}"
        )


def _has(sql: _Sql, word: str) -> str:
    """Write the condition that a search text has a word, and not by chance in its UUID."""
    pattern = sql.put(policies.pattern(word))
    if not policies.is_hex(word):
        return f"text LIKE {pattern}"
    condition = f"split_part(text, '=', 1) LIKE {pattern}"
    if policies.is_uuid_beginning(word):
        condition += f" OR text LIKE {sql.put(f'%={word}%')}"
    return f"text LIKE {pattern} AND ({condition})"


def _score(sql: _Sql, phrase: str) -> str:
    exact, key, uuid = sql.put(phrase), sql.put(f"%/ {phrase} /%"), sql.put(f"%={phrase.removeprefix('=')}%")
    beginning, key_beginning = sql.put(f"{phrase}%"), sql.put(f"%/ {phrase}%")
    word, part = sql.put(f"% {phrase}%"), sql.put(f"%{phrase}%")
    return (
        f"CASE WHEN name = {exact} THEN {EXACT - 1} WHEN text LIKE {key} THEN {EXACT} "
        f"WHEN name LIKE {beginning} THEN {_BEGINNING - 1} "
        f"WHEN text LIKE {key_beginning} OR text LIKE {uuid} THEN {_BEGINNING} "
        f"WHEN name LIKE {word} THEN {_WORD - 1} WHEN text LIKE {word} THEN {_WORD} "
        f"WHEN name LIKE {part} THEN {_PART - 1} WHEN text LIKE {part} THEN {_PART} ELSE {_APART} END"
    )


def _tail(sql: _Sql, columns: Sequence[str], *, edge: Edge | None, limit: int) -> str:
    """Write from where, in which order and how many."""
    condition, direction = "", ""
    if edge is not None:
        place = edge.place
        sign = "<" if edge.is_before else ">"
        marks = ", ".join(sql.put(value) for value in (place.score, place.name, place.id)[-len(columns) :])
        condition = f"WHERE ({', '.join(columns)}) {sign} ({marks})"
        direction = " DESC" if edge.is_before else ""
    return f"{condition} ORDER BY {', '.join(column + direction for column in columns)} LIMIT {limit}"


def similar(reading: policies.Reading, *, without: Collection[int]) -> tuple[list[Place], Alike]:
    """Find organisations that have every word of a question as it is or with few letters wrong.

    Those with the fewest wrong letters come first, of these the ones whose name is most like the question. Words
    that are merely alike are tried last.
    """
    words = policies.misspelt(reading)
    alike = _alike(words)
    places: list[Place] = []
    allowed: Alike = {}
    for most in sorted({wrong for others in alike.values() for wrong in others}):
        allowed = {
            word: {wrong: others[wrong] for wrong in others if wrong <= most} for word, others in alike.items()
        }
        places = _similar(words, allowed, phrase=reading.phrase, without=without)
        if len(places) >= _FEW_SIMILAR:
            break
    return places, allowed


def _alike(words: Sequence[str]) -> Alike:
    """Find the words that may have been meant."""
    sql = _Sql()
    arms = []
    for word in words:
        most = policies.typing_errors(word)
        if not most:
            continue
        typed, pieces = sql.put(word), [sql.put(piece) for piece in policies.pieces(word)]
        # A word that is still being typed is compared with the beginnings of others.
        arms.append(
            f"""
            (SELECT {typed} AS typed, wrong, word
            FROM customers_searchword CROSS JOIN LATERAL (
                SELECT least(levenshtein_less_equal(left(word, 255), {typed}, {most}),
                             levenshtein_less_equal(left(word, {len(word)}), {typed}, {most}))
            ) compared (wrong)
            WHERE ({" OR ".join(f"word LIKE {piece}" for piece in pieces)})
              AND length(word) >= {len(word) - most} AND wrong > 0
              AND (wrong <= {most} OR similarity(word, {typed}) >= {_LIKENESS})
            ORDER BY wrong, similarity(word, {typed}) DESC, word LIMIT {_MOST_ALIKE})
            """  # noqa: S608
        )
    alike: dict[str, dict[int, list[str]]] = {}
    for typed, wrong, word in sql.rows(" UNION ALL ".join(arms)) if arms else ():
        alike.setdefault(typed, {}).setdefault(wrong, []).append(word)
    return alike


def _similar(words: Sequence[str], alike: Alike, *, phrase: str, without: Collection[int]) -> list[Place]:
    sql = _Sql()
    conditions, scores = [], []
    for word in words:
        condition = _has(sql, word)
        score = f"WHEN {condition} THEN 0 "
        for wrong, others in sorted(alike.get(word, {}).items()):
            meant = f"words && {sql.put(list(others))}::text[]"
            condition = f"{condition} OR {meant}"
            score += f"WHEN {meant} THEN {wrong} "
        conditions.append(f"({condition})")
        scores.append(f"CASE {score}END")
    # Not by the plain id: who has one of many words is overrated, and then the whole table is read in that order.
    rows = sql.rows(
        f"""
        SELECT {" + ".join(scores)} AS score, name, organisation_id
        FROM (SELECT * FROM customers_searchtext
              WHERE {" AND ".join(conditions)} AND organisation_id <> ALL({sql.put(list(without))})
              ORDER BY organisation_id + 0 LIMIT {MOST}) one
        ORDER BY score, similarity(name, {sql.put(phrase)}) DESC, name, organisation_id LIMIT {MOST_SIMILAR}
        """  # noqa: S608
    )
    return [Place(*row) for row in rows]
