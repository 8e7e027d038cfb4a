"""List organisations and find them: one table of folded keys, one trigram index.

A question is answered in tiers - the exact key, a key that begins with it, a word that begins with it, a key
that contains it - and, only when those give few, in words with a letter wrong. Within a tier the name counts
before the other keys, then the alphabet.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction

from customers import policies, selectors
from customers.models import Organisation, SearchKey

PAGE = 50
FEW = 5
MOST_SIMILAR = 20

# Scores of the tiers; a name scores one less than another key of its tier.
_EXACT, _BEGINNING, _VERIFIED, _SIMILAR = 1, 3, 20, 30
# Up to this length a question is first put to the beginnings of keys.
_SHORT = 3
# How alike a word must be when too many of its letters differ to count them.
_LIKENESS = 0.4

_LABELS = dict(SearchKey.Kind.choices)
_WITH_LETTERS = ("name", "owner_email", "billing_email", "reference")


@dataclass(frozen=True)
class Match:
    """What was found when it was not the name."""

    label: str
    text: str


@dataclass(frozen=True)
class OrganisationRow:
    """One organisation of the list. *Shape*: amounts are ready to show, `balance` without its sign."""

    uuid: uuid.UUID
    name: str
    status: str
    status_label: str
    payment_mode_label: str
    balance: str
    balance_kind: str
    credit_limit: str
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A page of organisations.

    *Shape*: `newer` and `older` are the keys of the pages before and after this one, "" where there is none;
    `similar` are further ones whose words differ by a letter or so.
    """

    query: str
    rows: tuple[OrganisationRow, ...]
    similar: tuple[OrganisationRow, ...] = ()
    newer: str = ""
    older: str = ""

    @property
    def summary(self) -> str:
        """Say how many there are on this page."""
        if not self.rows and not self.similar:
            return "No customer found" if self.query else "No customers"
        parts = []
        if self.rows:
            what = "customer" if len(self.rows) == 1 else "customers"
            more = " on this page, more on others" if self.newer or self.older else ""
            parts.append(f"{len(self.rows)} {what}{more}")
        if self.similar:
            parts.append(
                f"{len(self.similar)} similar" if self.rows else f"no exact match, {len(self.similar)} similar"
            )
        return ", ".join(parts).capitalize()


@dataclass(frozen=True)
class _Place:
    """Where an organisation stands in a list: what the key of a page names."""

    score: int
    name: str
    id: int


def organisations(query: str = "", *, older: str = "", newer: str = "") -> Listing:
    """Find the organisations that answer a question (all of them without one), 50 a page.

    *Shape*: `older` and `newer` are keys of an earlier `Listing`; one that is none shows the first page.
    """
    shown = _shown(query)
    readings = policies.readings(query)
    if shown and not readings:
        return Listing(query=shown, rows=())
    after, before = _place(older), _place(newer)
    found = _found(readings, after=after, before=None if after else before)
    page = found[:PAGE]
    more = len(found) > PAGE
    backwards = before is not None and after is None
    if backwards:
        page.reverse()
    has_newer = more if backwards else after is not None
    has_older = True if backwards else more
    rows = _rows(page, readings=readings)
    similar: tuple[OrganisationRow, ...] = ()
    if readings and not (after or before) and len(page) < FEW and not _is_settled(page, readings):
        similar = _similar(readings[0], without={place.id for place in page})
    return Listing(
        query=shown,
        rows=rows,
        similar=similar,
        newer=_key(page[0], rows[0]) if page and has_newer else "",
        older=_key(page[-1], rows[-1]) if page and has_older else "",
    )


def _is_settled(page: Sequence[_Place], readings: Sequence[policies.Reading]) -> bool:
    """Say whether somebody answers exactly, so that nobody similar is meant."""
    return readings[0].is_whole or any(place.score <= _EXACT for place in page)


def _found(readings: Sequence[policies.Reading], *, after: _Place | None, before: _Place | None) -> list[_Place]:
    """Find a page of places and one more, in the order of the list, backwards with `before`."""
    if readings and len(readings[0].phrase) <= _SHORT and not (before and before.score > _BEGINNING):
        # A letter or two stand in nearly every key: when enough keys begin with them, look at those alone.
        found = _page(readings, after=after, before=before, is_beginning=True)
        if len(found) > PAGE:
            return found
    return _page(readings, after=after, before=before, is_beginning=False)


def _page(
    readings: Sequence[policies.Reading], *, after: _Place | None, before: _Place | None, is_beginning: bool
) -> list[_Place]:
    parameters: list[Any] = []
    if readings:
        parts = [_reading_sql(reading, parameters, is_beginning=is_beginning) for reading in readings]
        source = (
            "(SELECT organisation_id, min(score) AS score FROM ("  # noqa: S608
            + " UNION ALL ".join(parts)
            + ") read GROUP BY organisation_id) found JOIN customers_organisation o ON o.id = organisation_id"
        )
        order: tuple[str, ...] = ("score", "o.name", "o.id")
    else:
        source, order = "(SELECT 0 AS score) found, customers_organisation o", ("o.name", "o.id")
    condition = ""
    edge = after or before
    if edge is not None:
        values = [edge.score, edge.name, edge.id][-len(order) :]
        marks = ", ".join(["%s"] * len(order))
        condition = f"WHERE ({', '.join(order)}) {'>' if after else '<'} ({marks})"
        parameters += values
    direction = " DESC" if edge is not None and after is None else ""
    ordering = ", ".join(column + direction for column in order)
    # Only words of this module are put together here; what was typed goes in as parameters.
    sql = f"SELECT score, o.name, o.id FROM {source} {condition} ORDER BY {ordering} LIMIT {PAGE + 1}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [_Place(*row) for row in cursor.fetchall()]


def _reading_sql(reading: policies.Reading, parameters: list[Any], *, is_beginning: bool) -> str:
    """Write the question of one reading: organisation and score. `is_beginning`: only the first two tiers."""
    # A folded word holds neither % nor _, so it can stand in a pattern as it is.
    phrase = reading.phrase
    parameters += [phrase, f"{phrase}%", f"% {phrase}%", f"%{phrase}%"]
    sql = (
        "SELECT organisation_id, CASE WHEN text = %s THEN 0 WHEN text LIKE %s THEN 2 WHEN text LIKE %s THEN 4 "
        "WHEN text LIKE %s THEN 6 ELSE 8 END + CASE kind WHEN 'name' THEN 0 ELSE 1 END AS score "
        "FROM customers_searchkey key WHERE "
    )
    if is_beginning:
        parameters.append(f"{phrase}%")
        # What a reading allows beyond this is still asked of its only word, in the second tier as in all.
        return f"{sql} text LIKE %s AND {_word_sql(reading, reading.words[0], parameters)}"
    # The longest word is the rarest as a rule; a key that holds the phrase holds it too.
    longest, *others = sorted(reading.words, key=len, reverse=True)
    sql += _word_sql(reading, longest, parameters)
    for word in others:
        sql += (
            " AND EXISTS (SELECT FROM customers_searchkey other WHERE other.organisation_id = key.organisation_id"
            f" AND {_word_sql(reading, word, parameters)})"
        )
    return sql


def _word_sql(reading: policies.Reading, word: str, parameters: list[Any]) -> str:
    """Write the condition that a key answers a word."""
    if reading.is_whole:
        parameters += [word, reading.kind]
        return "text = %s AND kind = %s"
    if reading.is_beginning:
        parameters += [f"{word}%", reading.kind]
        return "text LIKE %s AND kind = %s"
    if reading.kind:
        parameters += [f"%{word}%", reading.kind]
        return "text LIKE %s AND kind = %s"
    parameters.append(f"%{word}%")
    part = policies.uuid_part(word)
    if part == "any":
        return "text LIKE %s"
    if part == "beginning":
        parameters.append(f"{word}%")
        return "text LIKE %s AND (kind <> 'uuid' OR text LIKE %s)"
    return "text LIKE %s AND kind <> 'uuid'"


def _similar(reading: policies.Reading, *, without: set[int]) -> tuple[OrganisationRow, ...]:
    """Find organisations in whose keys every word stands with at most a letter in five wrong.

    Only when there is none, those whose words are alike by their trigrams alone.
    """
    longest, *others = sorted(reading.words, key=len, reverse=True)
    wrong = policies.typing_errors(longest)
    if not wrong:
        return ()
    parameters: list[Any] = []
    score = _closeness_sql(longest, wrong, parameters)
    parameters += [longest, longest, list(_WITH_LETTERS), list(without)]
    close = f"""
        SELECT organisation_id, kind, {score} AS score, word_similarity(%s, text) AS likeness
        FROM customers_searchkey WHERE %s <%% text AND kind = ANY(%s) AND NOT organisation_id = ANY(%s)
    """  # noqa: S608
    conditions = ["score IS NOT NULL"]
    for word in others:
        parameters.append(f"%{word}%")
        condition = "text LIKE %s AND kind NOT IN ('uuid', 'number')"
        if errors := policies.typing_errors(word):
            parameters.append(list(_WITH_LETTERS))
            condition += f" OR kind = ANY(%s) AND {_few_errors_sql(word, errors, parameters)}"
        conditions.append(
            "EXISTS (SELECT FROM customers_searchkey other "
            f"WHERE other.organisation_id = best.organisation_id AND ({condition}))"
        )
    parameters.append(MOST_SIMILAR)
    sql = f"""
        SELECT score, o.name, o.id, kind FROM (
            SELECT DISTINCT ON (organisation_id) * FROM ({close}) close WHERE score IS NOT NULL
            ORDER BY organisation_id, score, kind <> 'name', likeness DESC
        ) best JOIN customers_organisation o ON o.id = organisation_id
        WHERE {" AND ".join(conditions)}
        ORDER BY score, kind <> 'name', likeness DESC, o.name, o.id LIMIT %s
    """  # noqa: S608
    # The operator <% uses the trigram index and takes its limit from a setting, kept for this block only.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)",
            [str(policies.least_similarity(longest))],
        )
        cursor.execute(sql, parameters)
        found = cursor.fetchall()
    best = [row for row in found if row[0] == _VERIFIED] or found
    places = [_Place(score, name, pk) for score, name, pk, _ in best]
    kinds = {pk: kind for _, _, pk, kind in best if kind != SearchKey.Kind.NAME}
    return _rows(places, readings=(), kinds=kinds)


def _closeness_sql(word: str, wrong: int, parameters: list[Any]) -> str:
    """Write the score of a key: few letters wrong, else alike, else NULL."""
    few_errors = _few_errors_sql(word, wrong, parameters)
    parameters += [_VERIFIED, len(word), word, _LIKENESS, _SIMILAR]
    return f"CASE WHEN {few_errors} THEN %s WHEN %s > 4 AND word_similarity(%s, text) >= %s THEN %s END"


def _few_errors_sql(word: str, wrong: int, parameters: list[Any]) -> str:
    """Write the condition that a word of the key, or the beginning of one that is still typed, has few errors."""
    parameters += [word, wrong, wrong, len(word), word, wrong, wrong]
    return (
        "EXISTS (SELECT FROM unnest(string_to_array(translate(left(text, 255), '@.', '  '), ' ')) AS part "
        "WHERE levenshtein_less_equal(part, %s, %s) <= %s"
        " OR levenshtein_less_equal(left(part, %s), %s, %s) <= %s)"
    )


def _rows(
    places: Sequence[_Place],
    *,
    readings: Sequence[policies.Reading],
    kinds: dict[int, str] | None = None,
) -> tuple[OrganisationRow, ...]:
    """Read the organisations of some places, with what was found in them when it was not the name."""
    ids = [place.id for place in places]
    if not ids:
        return ()
    organisations = Organisation.objects.select_related("credit_account").in_bulk(ids)
    matched = _matched(ids, readings=readings) if readings else {}
    rows = []
    for place in places:
        organisation = organisations[place.id]
        row = _row(organisation)
        found = matched.get(place.id, [])
        if kinds and place.id in kinds:
            found = [(kinds[place.id], "")]
        rows.append(replace(row, matches=tuple(_match(organisation, kind, key) for kind, key in found)))
    return tuple(rows)


def _matched(ids: Sequence[int], *, readings: Sequence[policies.Reading]) -> dict[int, list[tuple[str, str]]]:
    """Find the keys that answered, for organisations whose name does not answer alone."""
    parameters: list[Any] = []
    parts = []
    for number, reading in enumerate(readings):
        for place, word in enumerate(reading.words):
            parameters += [number * policies.MOST_WORDS + place]
            condition = _word_sql(reading, word, parameters)
            parameters.append(list(ids))
            parts.append(
                "SELECT organisation_id, %s::int AS word, kind, text FROM customers_searchkey "  # noqa: S608
                f"WHERE {condition} AND organisation_id = ANY(%s)"
            )
    sql = (
        "SELECT DISTINCT ON (organisation_id, word) organisation_id, kind, text FROM ("  # noqa: S608
        + " UNION ALL ".join(parts)
        + ") keys ORDER BY organisation_id, word, kind <> 'name', text"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found = cursor.fetchall()
    matched: dict[int, list[tuple[str, str]]] = {}
    for organisation_id, kind, key in found:
        keys = matched.setdefault(organisation_id, [])
        if kind != SearchKey.Kind.NAME and (kind, key) not in keys:
            keys.append((kind, key))
    return matched


def _match(organisation: Organisation, kind: str, key: str) -> Match:
    """Show a key as it is written, not as it is folded."""
    written = {
        "uuid": str(organisation.uuid),
        "owner_email": organisation.owner_email,
        "billing_email": organisation.billing_email,
        "reference": organisation.customer_reference,
    }
    return Match(label=_LABELS[kind], text=written.get(kind, key))


def _row(organisation: Organisation) -> OrganisationRow:
    header = selectors.header_of(organisation)
    return OrganisationRow(
        uuid=header.uuid,
        name=header.name,
        status=header.status,
        status_label=header.status_label,
        payment_mode_label=header.payment_mode_label,
        balance=header.balance,
        balance_kind=header.balance_kind,
        credit_limit=header.credit_limit,
    )


def _key(place: _Place, row: OrganisationRow) -> str:
    return f"{place.score}.{row.uuid}"


def _place(key: str) -> _Place | None:
    """Read the key of a page; None for everything that is none."""
    score, _, name = key[:50].partition(".")
    if not (score.isascii() and score.isdigit() and len(score) <= 3):
        return None
    try:
        organisation = Organisation.objects.only("name").get(uuid=uuid.UUID(name))
    except (ValueError, Organisation.DoesNotExist):
        return None
    return _Place(int(score), organisation.name, organisation.pk)


def _shown(query: str) -> str:
    """Give the question back as it may stand in the field again."""
    return "".join(c for c in query[: policies.LONGEST_QUERY] if c.isprintable()).strip()
