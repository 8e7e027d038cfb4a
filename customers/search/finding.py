"""Find organisations that answer a question: which, and in which order."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from customers.search import policies
from customers.search.places import Place, Sql

MOST = 1000
"""How many organisations are put in order; of more nobody reads to the end."""

# The tiers of an answer; a name scores one less than another key of its tier.
EXACT, _BEGINNING, _WORD, _PART, _APART = 1, 3, 5, 7, 8
_FIRST = (EXACT - 1, _BEGINNING - 1, _BEGINNING)
"""The first scores of those that `found` looks for one after the other."""
# Behind every letter there is: a name that begins with a phrase is not above the phrase with this at its end.
_LAST_LETTER = "\U0010ffff"


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


def rows(ids: Sequence[int], *, with_keys: Sequence[int]) -> list[Row]:
    """Read what a list shows of some organisations, in any order, in one statement.

    One that never had a credit account has nothing and may spend nothing.
    """
    if not ids:
        return []
    sql = Sql()
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


def found(
    readings: Sequence[policies.Reading], *, edge: Edge | None, limit: int, is_key_enough: bool = False
) -> Found:
    """Find the organisations that answer, backwards from an edge that ends the page.

    First those of an exact key, then those whose name begins with the question, then, when the page has room for
    them, those that have it anywhere. *Shape*: with `is_key_enough` the first alone, where there are any.
    """
    exact, beginning, is_cut = _near(readings, edge=edge, limit=limit)
    if readings[0].is_whole or (exact and is_key_enough):
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
    sql = Sql()
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
    sql = Sql()
    asked = dict.fromkeys(reading.words for reading in readings)
    # Not those of the tiers before.
    others = " AND ".join(
        f"name NOT LIKE {sql.put(f'{reading.phrase}%')} AND text NOT LIKE {sql.put(f'%/ {reading.phrase} /%')}"
        for reading in readings
    )
    # Planned as if all were read, which the index does best, and read until there are enough.
    tables = ", ".join(
        f"every{number} AS MATERIALIZED (SELECT organisation_id, name, text FROM customers_searchtext "  # noqa: S608
        f"WHERE {' AND '.join(sql.has(word) for word in words)} AND {others})"
        for number, words in enumerate(asked)
    )
    enough = " UNION ".join(
        f"(SELECT * FROM every{number} LIMIT {MOST + 1})"  # noqa: S608
        for number in range(len(asked))
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


def _score(sql: Sql, phrase: str) -> str:
    """Write the score of those who have the phrase neither as a key nor where their name begins."""
    key_beginning, uuid = sql.put(f"%/ {phrase}%"), sql.put(f"%={phrase.removeprefix('=')}%")
    word, part = sql.put(f"% {phrase}%"), sql.put(f"%{phrase}%")
    return (
        f"CASE WHEN text LIKE {key_beginning} OR text LIKE {uuid} THEN {_BEGINNING} "
        f"WHEN name LIKE {word} THEN {_WORD - 1} WHEN text LIKE {word} THEN {_WORD} "
        f"WHEN name LIKE {part} THEN {_PART - 1} WHEN text LIKE {part} THEN {_PART} ELSE {_APART} END"
    )


def _tail(sql: Sql, columns: Sequence[str], *, edge: Edge | None, limit: int) -> str:
    """Write from where, in which order and how many."""
    condition, direction = "", ""
    if edge is not None:
        place = edge.place
        sign = "<" if edge.is_before else ">"
        marks = ", ".join(sql.put(value) for value in (place.score, place.name, place.id)[-len(columns) :])
        condition = f"WHERE ({', '.join(columns)}) {sign} ({marks})"
        direction = " DESC" if edge.is_before else ""
    return f"{condition} ORDER BY {', '.join(column + direction for column in columns)} LIMIT {limit}"
