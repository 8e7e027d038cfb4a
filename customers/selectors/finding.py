"""Find organisations in the search tables: which, and in which order."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from customers import policies

MOST = 1000
"""How many organisations are put in order; of more nobody reads to the end."""
MOST_SIMILAR = 50
FEW_SIMILAR = 5
"""With so many similar ones a search that nobody asked for them looks for none with more wrong letters."""
_MOST_ALIKE = 300
_MOST_COMPARED = 500
_LIKENESS = 0.4

# The tiers of an answer; a name scores one less than another key of its tier.
EXACT, _BEGINNING, _WORD, _PART, _APART = 1, 3, 5, 7, 8
_FIRST = (EXACT - 1, _BEGINNING - 1, _BEGINNING)
"""The first scores of those that `found` looks for one after the other."""
# Behind every letter there is: a name that begins with a phrase is not above the phrase with this at its end.
_LAST_LETTER = "\U0010ffff"


@dataclass(frozen=True, order=True)
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


@dataclass(frozen=True)
class Row:
    """What a list shows of an organisation. *Shape*: `keys` are its search keys, kind and text, where asked for."""

    id: int
    uuid: uuid.UUID
    name: str
    status: str
    payment_mode: str
    currency: str
    owner_email: str
    billing_email: str
    customer_reference: str
    balance: Decimal
    credit_limit: Decimal
    keys: Sequence[Sequence[str]]


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


def rows(ids: Sequence[int], *, with_keys: Sequence[int]) -> list[Row]:
    """Read what a list shows of some organisations, in any order, in one statement.

    One that never had a credit account has nothing and may spend nothing.
    """
    if not ids:
        return []
    sql = _Sql()
    # Parameters are lists, so that the statement is the same for any number of them, and stays prepared.
    is_asked = f"o.id = ANY({sql.put(list(with_keys))}::bigint[])"
    keys = "SELECT ARRAY[kind, text] FROM customers_searchkey k WHERE k.organisation_id = o.id"
    return [
        Row(*row)
        for row in sql.rows(
            f"""
            SELECT o.id, uuid, name, status, payment_mode, o.currency, owner_email, billing_email,
                   customer_reference, coalesce(balance, 0), coalesce(credit_limit, 0),
                   CASE WHEN {is_asked} THEN ARRAY({keys}) ELSE ARRAY[]::text[] END
            FROM customers_organisation o LEFT JOIN customers_creditaccount a ON a.organisation_id = o.id
            WHERE o.id = ANY({sql.put(list(ids))}::bigint[])
            """  # noqa: S608
        )
    ]


def found(readings: Sequence[policies.Reading], *, edge: Edge | None, limit: int) -> Found:
    """Find the organisations that answer, backwards from an edge that ends the page.

    First those of an exact key, then those whose name begins with the question, then, when the page has room for
    them, those that have it anywhere.
    """
    exact, beginning, is_cut = _near(readings, edge=edge, limit=limit)
    if readings[0].is_whole:
        return Found(_beside(exact, edge=edge, limit=limit), is_cut=is_cut)

    def of_a_key(room: int) -> list[Place]:
        return _beside(exact, edge=edge, limit=room)

    def of_a_beginning(room: int) -> list[Place]:
        return beginning[:room]

    def anywhere(room: int) -> list[Place]:
        nonlocal is_cut
        places, is_more = _anywhere(readings, edge=edge, limit=room)
        is_cut |= is_more
        return places

    ways = [of_a_key, of_a_beginning, anywhere]
    if edge is not None and edge.is_before:
        # Nobody of a later tier stands before.
        ways = [way for way, first in zip(ways, _FIRST, strict=True) if first <= edge.place.score][::-1]
    places: list[Place] = []
    for way in ways:
        if len(places) < limit:
            places += way(limit - len(places))
    return Found(places, is_cut=is_cut)


def _near(
    readings: Sequence[policies.Reading], *, edge: Edge | None, limit: int
) -> tuple[list[Place], list[Place], bool]:
    """Find those that have a question as a key, and those whose name begins with it.

    One statement for both, since each costs more time on its way than the database takes. *Shape*: all of the first
    that are put in order, and whether there are more; of the others those beside the edge.
    """
    sql = _Sql()
    phrases = [reading.phrase for reading in readings]
    score = _BEGINNING - 1
    is_before = edge is not None and edge.is_before
    direction = " DESC" if is_before else ""
    arms = ""
    if not readings[0].is_whole and (
        edge is None or (edge.place.score >= score if is_before else edge.place.score <= score)
    ):
        for reading in readings:
            condition = f"name >= {sql.put(reading.phrase)} AND name < {sql.put(reading.phrase + _LAST_LETTER)}"
            if edge is not None and edge.place.score == score:
                marks = f"{sql.put(edge.place.name)}, {sql.put(edge.place.id)}"
                condition += f" AND (name, organisation_id) {'<' if is_before else '>'} ({marks})"
            arms += f"""
                UNION ALL (
                    SELECT false, organisation_id, name FROM customers_searchtext
                    WHERE {condition} AND organisation_id <> ALL(ARRAY(SELECT organisation_id FROM keyed))
                    ORDER BY name{direction}, organisation_id{direction} LIMIT {limit}
                )
            """  # noqa: S608
    rows = sql.rows(
        f"""
        WITH keyed AS MATERIALIZED (
            SELECT DISTINCT organisation_id FROM customers_searchkey
            WHERE text = ANY({sql.put(phrases)}::text[]) ORDER BY organisation_id LIMIT {MOST + 1}
        )
        SELECT true, organisation_id,
               (SELECT name FROM customers_searchtext t WHERE t.organisation_id = keyed.organisation_id)
        FROM keyed {arms}
        """  # noqa: S608
    )
    keyed = [(organisation_id, name) for is_key, organisation_id, name in rows if is_key]
    exact = [
        Place(EXACT - 1 if name in phrases else EXACT, name, organisation_id)
        for organisation_id, name in keyed[:MOST]
    ]
    beginning = {Place(score, name, organisation_id) for is_key, organisation_id, name in rows if not is_key}
    return sorted(exact), sorted(beginning, reverse=is_before)[:limit], len(keyed) > MOST


def _beside(places: Sequence[Place], *, edge: Edge | None, limit: int) -> list[Place]:
    """Cut a page out of places in their order."""
    if edge is None:
        return list(places[:limit])
    if edge.is_before:
        return [place for place in reversed(places) if place < edge.place][:limit]
    return [place for place in places if place > edge.place][:limit]


def _anywhere(readings: Sequence[policies.Reading], *, edge: Edge | None, limit: int) -> tuple[list[Place], bool]:
    """List those that have the words of a question anywhere, and tell whether more have than are put in order."""
    sql = _Sql()
    # Not those of the tiers before.
    others = " AND ".join(
        f"name NOT LIKE {sql.put(f'{reading.phrase}%')} AND text NOT LIKE {sql.put(f'%/ {reading.phrase} /%')}"
        for reading in readings
    )
    # Planned as if all were read, which the index does best, and read until there are enough.
    tables = ", ".join(
        f"every{number} AS MATERIALIZED (SELECT organisation_id, name, text FROM customers_searchtext "  # noqa: S608
        f"WHERE {' AND '.join(_has(sql, word) for word in reading.words)} AND {others})"
        for number, reading in enumerate(readings)
    )
    enough = " UNION ".join(
        f"(SELECT * FROM every{number} LIMIT {MOST + 1})"  # noqa: S608
        for number in range(len(readings))
    )
    scores = [_score(sql, reading.phrase) for reading in readings]
    score = scores[0] if len(scores) == 1 else f"least({', '.join(scores)})"
    tail = _tail(sql, ("score", "name", "organisation_id"), edge=edge, limit=limit)
    found = sql.rows(
        f"""
        WITH {tables}, enough AS MATERIALIZED ({enough})
        SELECT score, name, organisation_id, (SELECT count(*) > {MOST} FROM enough)
        FROM (SELECT {score} AS score, name, organisation_id FROM enough LIMIT {MOST}) scored {tail}
        """  # noqa: S608
    )
    return [Place(*row[:3]) for row in found], bool(found) and found[0][3]


def _has(sql: _Sql, word: str) -> str:
    """Write the condition that a search text has a word, and not by chance in its UUID."""
    pattern = sql.put(policies.pattern(word))
    if policies.is_hex(word):
        condition = f"split_part(text, '=', 1) LIKE {pattern}"
        if policies.is_uuid_beginning(word):
            condition += f" OR text LIKE {sql.put(f'%={word}%')}"
        return f"text LIKE {pattern} AND ({condition})"
    if piece := policies.looked_up(word):
        # The index is asked for a piece, the few rows it finds for the whole.
        return f"text LIKE {sql.put(f'%{piece}%')} AND text || '' LIKE {pattern}"
    return f"text LIKE {pattern}"


def _score(sql: _Sql, phrase: str) -> str:
    """Write the score of those who have the phrase neither as a key nor where their name begins."""
    key_beginning, uuid = sql.put(f"%/ {phrase}%"), sql.put(f"%={phrase.removeprefix('=')}%")
    word, part = sql.put(f"% {phrase}%"), sql.put(f"%{phrase}%")
    return (
        f"CASE WHEN text LIKE {key_beginning} OR text LIKE {uuid} THEN {_BEGINNING} "
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


def similar(
    reading: policies.Reading, *, without: Collection[int], is_asked_for: bool
) -> tuple[list[Place], Alike]:
    """Find organisations that have every word of a question, but not all as they are: with few letters wrong.

    Those with the fewest wrong letters come first, of these the ones whose name is most like the question. Words
    that are merely alike are tried when nobody else answers. *Shape*: `without` are some of those that answer.
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
        if len(places) >= FEW_SIMILAR and not is_asked_for:
            break
    if not places and not without and (merely := _merely_alike(words)):
        allowed = {word: {**others, **merely.get(word, {})} for word, others in alike.items()}
        places = _similar(words, allowed, reading=reading, without=without)
    return places, allowed


def _alike(words: Sequence[str]) -> Alike:
    """Find the words that may have been meant: those with a word of the question in them, or few letters wrong.

    Of many alike a whole word goes before one that is longer than what was typed, a shorter one before others.
    *Shape*: a key for every word but those that are none to the dictionary.
    """
    sql = _Sql()
    arms = []
    known = [word for word in words if policies.is_in_dictionary(word)]
    for word in known:
        typed = sql.put(word)
        arms.append(
            f"(SELECT {typed} AS typed, 0 AS wrong, word FROM customers_searchword "  # noqa: S608
            f"WHERE word LIKE {sql.put(f'%{word}%')} ORDER BY length(word), word LIMIT {_MOST_ALIKE})"
        )
        if most := policies.typing_errors(word):
            wrong = _wrong_letters(typed, len(word), most)
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
    """Find words that look like those of a question, though more of their letters differ than are typed wrong."""
    sql = _Sql()
    arms = []
    for word in words:
        if most := policies.typing_errors(word):
            typed = sql.put(word)
            arms.append(
                f"(SELECT {typed} AS typed, {most + 1} AS wrong, word FROM customers_searchword "  # noqa: S608
                f"WHERE {_has_a_piece(sql, word)} AND {_wrong_letters(typed, len(word), most)} > {most} "
                f"AND similarity(word, {typed}) >= {_LIKENESS} "
                f"ORDER BY similarity(word, {typed}) DESC, word LIMIT {_MOST_ALIKE})"
            )
    alike: dict[str, dict[int, list[str]]] = {}
    for typed, wrong, word in sql.rows(" UNION ALL ".join(arms)) if arms else ():
        alike.setdefault(typed, {}).setdefault(wrong, []).append(word)
    return alike


def _has_a_piece(sql: _Sql, word: str) -> str:
    pieces = " OR ".join(f"word LIKE {sql.put(piece)}" for piece in policies.pieces(word))
    return f"({pieces}) AND length(word) >= {len(word) - policies.typing_errors(word)}"


def _wrong_letters(typed: str, length: int, most: int) -> str:
    """Write how many letters of a word are wrong; one that is still being typed is compared with beginnings."""
    return (
        f"CASE WHEN length(word) <= {length + most} THEN levenshtein_less_equal(word, {typed}, {most}) "
        f"ELSE levenshtein_less_equal(left(word, {length}), {typed}, {most}) END"
    )


def _similar(
    words: Sequence[str], alike: Alike, *, reading: policies.Reading, without: Collection[int]
) -> list[Place]:
    sql = _Sql()
    conditions = [f"organisation_id <> ALL({sql.put(list(without))}::bigint[])"]
    wrong_letters = [
        {other: wrong for wrong, others in alike[word].items() for other in others}
        for word in words
        if word in alike
    ]
    wanted = [list(group) for group in wrong_letters]
    if without:
        # Whoever answers may also be on another page. Most of them have no wrong word, which the index knows.
        conditions.append(f"NOT ({' AND '.join(_has(sql, word) for word in reading.words)})")
        if words == reading.words:
            wrong_words = [other for group in wrong_letters for other, wrong in group.items() if wrong]
            wanted = [wrong_words] if len(words) == 1 else [*wanted, wrong_words]
    # The index intersects these among themselves, so that a word everybody has costs nothing.
    conditions += [f"words && {sql.put(group)}::text[]" for group in wanted]
    # A short word is looked for in few rows only: as a part of an expression no index tempts with it.
    conditions += [f"text || '' LIKE {sql.put(policies.pattern(word))}" for word in words if word not in alike]
    # As a table of its own it is planned as if all were read, which the index does best; few are.
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
    for organisation_id, name, has, likeness in rows:
        score = sum(min(wrong[word] for word in has if word in wrong) for wrong in wrong_letters)
        scored.append((score, -likeness, name, organisation_id))
    scored.sort()
    return [Place(score, name, organisation_id) for score, _, name, organisation_id in scored[:MOST_SIMILAR]]
