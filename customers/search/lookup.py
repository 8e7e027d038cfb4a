"""List organisations and find them: `finding` and `similarity` give places, here they become rows of a page."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moneyed import Money

from customers import policies as customers_policies
from customers.models import Member, SearchKey, SearchText
from customers.search import finders, finding, similarity
from customers.search import policies as search_policies
from customers.search.finding import Edge, Row
from customers.search.places import Place
from customers.selectors import listing
from customers.selectors.listing import Match, OrganisationRow
from portal.lib import text

PAGE = 50
FEW = 5

_OF_MEMBERS = (SearchKey.Kind.MEMBER, SearchKey.Kind.MEMBER_EMAIL)
# Of a few organisations with very many members some stay as they are folded.
_MOST_MEMBERS = 5000
_KINDS = dict(SearchKey.Kind.choices)


@dataclass(frozen=True)
class Listing:
    """A page of organisations.

    *Shape*: `newer` and `older` are the keys of the pages before and after this one, "" where there is none;
    `similar` are further ones whose words differ by a letter or so, `similar_asked` says that somebody wanted to
    see them, `similar_offered` that there may be others; `is_cut`: more answered than are listed;
    `is_similar_cut`: more are similar than are shown. `hits` are subscriptions, contracts and documents that the
    question names; `are_hits_cut`: there are more.
    """

    query: str
    rows: tuple[OrganisationRow, ...]
    similar: tuple[OrganisationRow, ...] = ()
    similar_asked: bool = False
    similar_offered: bool = False
    newer: str = ""
    older: str = ""
    is_cut: bool = False
    is_similar_cut: bool = False
    hits: tuple[finders.Hit, ...] = ()
    are_hits_cut: bool = False

    @property
    def summary(self) -> str:
        """Say how many there are on this page."""
        if not self.rows and not self.similar and not self.hits:
            return "No customer found"
        parts = []
        if self.rows:
            what = "customer" if len(self.rows) == 1 else "customers"
            more = " on this page, more on others" if self.newer or self.older else ""
            cut = f", of more than {finding.MOST:,} in all: more letters find fewer" if self.is_cut else ""
            parts.append(f"{len(self.rows):,} {what}{more}{cut}")
        if self.hits:
            count = len(self.hits)
            found = (
                "1 found" if count == 1 else f"{count:,} of more found" if self.are_hits_cut else f"{count:,} found"
            )
            parts.append(f"{found} by number or UUID")
        if self.similar:
            count = len(self.similar)
            similar = f"{count:,} of more similar ones" if self.is_similar_cut else f"{count:,} similar"
            parts.append(similar if parts else f"no exact match, {similar}")
        elif self.similar_asked:
            parts.append("none similar")
        said = ", ".join(parts)
        return said[:1].upper() + said[1:]


def everything(permission: str) -> bool:
    """Say that whoever asks may see all there is: where no person asks, as in the bench."""
    return True


def organisations(
    query: str,
    *,
    older: str = "",
    newer: str = "",
    with_similar: bool = False,
    may: finders.May = everything,
) -> Listing:
    """Find the organisations that answer a question, 50 a page; without one nobody does.

    Similar ones are looked for where few answer and none exactly, and on the first page for whoever wants them.

    *Shape*: `older` and `newer` are keys of an earlier `Listing`; one that is none shows the first page. `may` says
    what else than customers whoever asks may see.
    """
    shown = _shown(query)
    readings = search_policies.readings(query)
    if not readings:
        return Listing(query=shown, rows=())
    edge = _edge(older) or _edge(newer, is_before=True)
    found = finding.found(readings, edge=edge, limit=PAGE + 1)
    page = found.places[:PAGE]
    more = len(found.places) > PAGE
    is_backwards = edge is not None and edge.is_before
    if is_backwards:
        page.reverse()
    has_newer = more if is_backwards else edge is not None
    has_older = is_backwards or more
    rows = _rows(page, wanted=[[word] for reading in readings for word in reading.words])
    hits, are_hits_cut = _hits(query, rows, may=may) if edge is None else ([], False)
    may_be_misspelt = search_policies.may_be_misspelt(readings[0])
    asked = with_similar and may_be_misspelt and edge is None
    looks = asked or (edge is None and len(page) < FEW and not hits and not _is_settled(page, readings))
    similar: tuple[OrganisationRow, ...] = ()
    is_similar_cut = False
    if looks:
        similar, is_similar_cut = _similar(readings[0], without=[place.id for place in page], is_asked_for=asked)
    # Few similar ones are all there are; five may stand for others with more wrong letters.
    offered = may_be_misspelt and not asked and (not looks or len(similar) >= similarity.FEW)
    return Listing(
        query=shown,
        rows=rows,
        similar=similar,
        similar_asked=asked,
        similar_offered=offered and not has_newer,
        newer=_key(page[0], rows[0]) if page and has_newer else "",
        older=_key(page[-1], rows[-1]) if page and has_older else "",
        is_cut=found.is_cut,
        is_similar_cut=is_similar_cut,
        hits=tuple(hits),
        are_hits_cut=are_hits_cut,
    )


def _hits(query: str, rows: Sequence[OrganisationRow], *, may: finders.May) -> tuple[list[finders.Hit], bool]:
    """Ask the finders what else the question names.

    Where customers answer, references without a digit and whole UUIDs are theirs. A customer of the list is not
    found once more by its reference.
    """
    shapes = [shape for shape in search_policies.shapes(query) if not (rows and _is_of_customers(shape))]
    hits, is_cut = finders.hits(shapes, may=may)
    listed = {(row.uuid, match.text) for row in rows for match in row.matches}
    return [hit for hit in hits if (hit.organisation_uuid, hit.text) not in listed], is_cut


def _is_of_customers(shape: finders.Shape) -> bool:
    return isinstance(shape, finders.ReferencePart) or (isinstance(shape, finders.UuidRange) and shape.is_whole)


def _is_settled(page: Sequence[Place], readings: Sequence[search_policies.Reading]) -> bool:
    """Say whether nobody similar is meant: somebody answers exactly, or has the domain that was asked for."""
    is_domain = readings[0].phrase.startswith("@") and bool(page)
    return readings[0].is_whole or is_domain or any(place.score <= finding.EXACT for place in page)


def _similar(
    reading: search_policies.Reading, *, without: Sequence[int], is_asked_for: bool
) -> tuple[tuple[OrganisationRow, ...], bool]:
    places, alike = similarity.similar(reading, without=without, is_asked_for=is_asked_for)
    wanted = [
        [word, *(other for others in alike.get(word, {}).values() for other in others)]
        for word in search_policies.misspelt(reading)
    ]
    return _rows(places[: similarity.MOST], wanted=wanted), len(places) > similarity.MOST


def _rows(places: Sequence[Place], *, wanted: Sequence[Sequence[str]]) -> tuple[OrganisationRow, ...]:
    """Read the organisations of some places, with what was found in them when it was not the name.

    *Shape*: of each group in `wanted` a key has one word; a group that no key of the organisation answers is of
    another reading of the question.
    """
    unexplained = [place.id for place in places if not all(_answers(group, "name", place.name) for group in wanted)]
    read = {row.id: row for row in finding.rows([place.id for place in places], with_keys=unexplained)}
    matched = {id: _matched(row.keys, wanted=wanted) for id, row in read.items()}
    members = _members([id for id, keys in matched.items() if any(kind in _OF_MEMBERS for kind, _ in keys)])
    return listing.told_apart(
        [_row(read[place.id], matched=matched[place.id], members=members) for place in places]
    )


def _members(organisation_ids: Sequence[int]) -> dict[tuple[int, str], str]:
    """Read how members are written whose folded names or addresses were found. One query; none for nobody."""
    if not organisation_ids:
        return {}
    found = Member.objects.filter(organisation_id__in=organisation_ids).order_by("pk")[:_MOST_MEMBERS]
    return {
        (member.organisation_id, text.fold(written)): written
        for member in found
        for written in (member.name, member.email)
    }


def _answers(group: Sequence[str], kind: str, key: str) -> bool:
    return any(search_policies.answers(word, kind=kind, key=key) for word in group)


def _matched(keys: Sequence[Sequence[str]], *, wanted: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Choose the keys that answered where the name does not."""
    # The name explains first, and is not said again.
    ordered = sorted(((kind, key) for kind, key in keys), key=lambda key: (key[0] != SearchKey.Kind.NAME, key))
    matched: list[tuple[str, str]] = []
    for group in wanted:
        first = next(((kind, key) for kind, key in ordered if _answers(group, kind, key)), None)
        if first and first[0] != SearchKey.Kind.NAME and first not in matched:
            matched.append(first)
    return matched


def _match(row: Row, kind: str, key: str, *, members: Mapping[tuple[int, str], str]) -> Match:
    """Show a key as it is written, not as it is folded."""
    if kind in _OF_MEMBERS:
        return Match(label=_KINDS[kind], text=members.get((row.id, key), key))
    written = {
        "uuid": str(row.uuid),
        "owner_email": row.owner_email,
        "billing_email": row.billing_email,
        "reference": row.customer_reference,
    }
    return Match(label=_KINDS[kind], text=written.get(kind, key))


def _row(
    row: Row, *, matched: Sequence[tuple[str, str]], members: Mapping[tuple[int, str], str]
) -> OrganisationRow:
    matches = tuple(_match(row, kind, key, members=members) for kind, key in matched)
    known_by = customers_policies.known_by(
        reference=row.customer_reference, emails=(row.owner_email, row.billing_email), uuid=row.uuid
    )
    return OrganisationRow(
        uuid=row.uuid,
        name=row.name,
        known_by="" if any(match.text == known_by for match in matches) else known_by,
        status=row.status,
        payment_mode=row.payment_mode,
        balance=Money(row.balance, row.currency),
        credit_limit=Money(row.credit_limit, row.currency),
        matches=matches,
    )


def _key(place: Place, row: OrganisationRow) -> str:
    return f"{place.score}.{row.uuid}"


def _edge(key: str, *, is_before: bool = False) -> Edge | None:
    """Read the key of a page; None for everything that is none."""
    score, _, name = key[:50].partition(".")
    if not (score.isascii() and score.isdigit() and len(score) <= 3):
        return None
    try:
        wanted = uuid.UUID(name)
    except ValueError:
        return None
    row = SearchText.objects.filter(organisation__uuid=wanted).values_list("name", "organisation_id").first()
    return Edge(Place(int(score), *row), is_before=is_before) if row else None


def _shown(query: str) -> str:
    """Give the question back as it may stand in the field again."""
    return "".join(c for c in query[: search_policies.LONGEST_QUERY] if c.isprintable()).strip()
