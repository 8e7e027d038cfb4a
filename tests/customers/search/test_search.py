"""The search of the Customer app: what is found, in which order, and what never breaks."""

import hashlib
import itertools
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from customers.models import Organisation, SearchKey
from customers.search import finding, lookup, policies
from customers.selectors.listing import Match
from tests.architecture.plans import AS_THE_PRODUCT
from tests.customers.search.asking import names
from tests.support.factories import OrganisationFactory, subscription

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Zürich AG", "zurich"),
        ("Zürich AG", "ZÜRICH"),
        ("Zürich AG", "zuerich"),
        ("Zurich AG", "zürich ag"),
        ("Telecom Partners", "telekomm"),
        ("Telecom Partners", "elecom part"),
        ("Telecom Partners", "partners telecom"),
        ("O’Brien & Söhne", "obrien sohne"),
        ("AT&T Asia", "at&t"),
        ("東京電話", "東京"),
        ("東京電話", "dongjing"),
        ("Москва Связь", "москва"),
        ("Москва Связь", "moskva"),
        ("شركة النور", "شركة"),
        ("Łódź Telefonia", "lodz"),
        ("Straße GmbH", "STRASSE"),
        ("Müller Søn", "muller son"),
        ("10% Club", "10%"),
        ("Acme_Blue", "acme_blue"),
    ],
)
def test_a_name_is_found(name: str, query: str) -> None:
    # No other text of the other one holds what is asked for: "10" is part of many a UUID and serial number.
    other = {"owner_email": "", "billing_email": "", "customer_reference": "", "uuid": uuid.UUID(int=0)}
    OrganisationFactory.create(name="Quite Another One", **other)
    OrganisationFactory.create(name=name)
    assert names(query) == [name]


@pytest.mark.parametrize(
    ("word", "piece"),
    [
        ("hafiz.chong62@office.example", "chong62"),
        ("@telefonia.example", "telefon"),
        ("@office.example", "office"),
        ("my-115298", "115298"),
        ("+852249512544", "9512544"),
        ("innovations", "innovat"),
        ("telecom", ""),
        ("a.b.c.d.e.f.g", "a.b.c.d.e."),
        ("ag", ""),
    ],
)
def test_an_index_is_asked_for_a_piece(word: str, piece: str) -> None:
    assert policies.looked_up(word) == piece
    assert piece in word


def test_order_is_exact_then_beginning_then_word_then_part_then_similar() -> None:
    for name in ("Adelta", "Grand Delta", "Deltas United", "Velta"):
        OrganisationFactory.create(name=name)
    assert names("delta") == ["Deltas United", "Grand Delta", "Adelta", "Velta"]
    OrganisationFactory.create(name="Delta")
    assert names("delta")[0] == "Delta"


def test_all_words_must_match_but_each_in_any_key() -> None:
    one = OrganisationFactory.create(name="Acme Asia", owner_email="sue@blue.example")
    OrganisationFactory.create(name="Acme Europe", owner_email="tom@red.example")
    listing = lookup.organisations("acme blue")
    assert [row.uuid for row in listing.rows] == [one.uuid]
    assert listing.rows[0].matches == (Match("Owner e-mail", "sue@blue.example"),)


@pytest.mark.parametrize(
    ("query", "label", "shown"),
    [
        ("sue_lee@blue.example", "Owner e-mail", "Sue_Lee@Blue.example"),
        ("SUE_LEE", "Owner e-mail", "Sue_Lee@Blue.example"),
        ("@blue.example", "Owner e-mail", "Sue_Lee@Blue.example"),
        ("money@acme", "Billing e-mail", "money@acme.example"),
        ("crm-0042", "Customer reference", "CRM-0042/b"),
        ("0042/B", "Customer reference", "CRM-0042/b"),
    ],
)
def test_a_key_is_found_and_named(query: str, label: str, shown: str) -> None:
    OrganisationFactory.create(name="Other")
    OrganisationFactory.create(
        name="Found",
        owner_email="Sue_Lee@Blue.example",
        billing_email="money@acme.example",
        customer_reference="CRM-0042/b",
    )
    row = lookup.organisations(query).rows[0]
    assert (row.name, row.matches[0]) == ("Found", Match(label, shown))


@pytest.mark.parametrize(
    "query",
    ["+6561234567", "6561234567", "61234567", "234 56", "+65 6123 4567", "+65 6123-4567", "+65 (6123) 4567",
     "006561234567", "0061234567", "+65 (0) 6123 4567", "6123.4567"],
)  # fmt: skip
def test_a_number_is_found_however_it_is_written(query: str) -> None:
    found = subscription(numbers=("+6561234567",)).organisation
    OrganisationFactory.create(name="Other")
    listing = lookup.organisations(query)
    assert [row.uuid for row in listing.rows] == [found.uuid]
    assert listing.rows[0].matches == (Match("Number", "+6561234567"),)


def test_a_number_and_words_of_the_name_find_together() -> None:
    found = subscription(numbers=("+6561234567",)).organisation
    other = OrganisationFactory.create(name=found.name)
    word = found.name.split()[0]
    for query in (f"{word} 6123", f"6561234567 {word}", f"+65612345 {found.name}"):
        listing = lookup.organisations(query)
        assert [row.uuid for row in listing.rows] == [found.uuid], query
        assert listing.rows[0].matches == (Match("Number", "+6561234567"),)
    assert {row.uuid for row in lookup.organisations(found.name).rows} == {found.uuid, other.uuid}


def test_a_uuid_is_found_by_itself_its_beginning_and_without_hyphens() -> None:
    made = OrganisationFactory.create(uuid="0f3b7c52-9a41-4c6e-8d2b-1e5f6a7b8c9d")
    OrganisationFactory.create(uuid="aaaaaaaa-9a41-4c6e-8d2b-1e5f6a7b8c9d")
    whole = "0f3b7c52-9a41-4c6e-8d2b-1e5f6a7b8c9d"
    for query in (
        whole,
        whole.upper(),
        whole.replace("-", ""),
        f"{{{whole}}}",
        f"urn:uuid:{whole}",
        whole[:4],
        whole[:8],
        whole[:9],
        whole[:15],
        whole.replace("-", "")[:14],
        f" {whole}\n",
    ):
        assert [str(row.uuid) for row in lookup.organisations(query).rows] == [made.uuid], query


def test_a_few_digits_from_the_middle_of_a_uuid_mean_nobody() -> None:
    OrganisationFactory.create(uuid="0f3b7c52-9a41-4c6e-8d2b-1e5f6a7b8c9d", name="Nobody")
    assert names("9a41") == []


@pytest.mark.parametrize("piece", ["1e5f6a7b", "7c52-9a41", "9a41-4c6e-8d2b", "5F6A7B8C9D"])
def test_from_eight_digits_on_a_piece_of_a_uuid_finds(piece: str) -> None:
    OrganisationFactory.create(uuid="0f3b7c52-9a41-4c6e-8d2b-1e5f6a7b8c9d", name="Found")
    OrganisationFactory.create(uuid="aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", name="Other")
    assert names(piece) == ["Found"]


@pytest.mark.parametrize(
    "query",
    ["%", "_", "%%%", "\x00", "q\x00z", "'; DROP TABLE customers_organisation; --", "\\", '"', "((((", "[[[",
     "$1 %s", "%(x)s", "\ud83d", "😀", "a" * 5000, "😀 " * 500, " ".join(f"w{n}" for n in range(500)), "\u202e",
     "../../etc",
     "-", "+", "@", "{}", "<script>alert(1)</script>", "zz zz zz", "x" * 255 + "y", "+" * 300, "0" * 300,
     "f" * 33, "ﷺ" * 200],
)  # fmt: skip
def test_hostile_text_finds_nobody_and_breaks_nothing(query: str) -> None:
    OrganisationFactory.create(
        name="Quite Normal", owner_email="a@b.example", billing_email="", customer_reference=""
    )
    listing = lookup.organisations(query)
    if listing.query:
        assert (listing.rows, listing.similar) == ((), ())
    assert "\x00" not in listing.query
    assert len(listing.query) <= policies.LONGEST_QUERY


def test_pages_go_there_and_back_without_a_gap() -> None:
    query = "company"
    made = [OrganisationFactory.create(name=f"Company {n % 7:02}") for n in range(2 * lookup.PAGE + 3)]
    first = lookup.organisations(query)
    second = lookup.organisations(query, older=first.older)
    third = lookup.organisations(query, older=second.older)
    assert (first.newer, third.older) == ("", "")
    seen = [row.uuid for page in (first, second, third) for row in page.rows]
    assert [len(first.rows), len(second.rows), len(third.rows)] == [lookup.PAGE, lookup.PAGE, 3]
    assert seen == [made.uuid for made in sorted(made, key=lambda made: (made.name, made.pk))]
    assert lookup.organisations(query, newer=third.newer).rows == second.rows
    assert lookup.organisations(query, newer=second.newer).rows == first.rows
    assert lookup.organisations(query, newer=second.newer).newer == ""


@pytest.mark.parametrize(
    "key", ["x", "0.x", "-1.2", "9999.0", "0." + "f" * 400, "²." + "0" * 32, "\x00", "0." + "0" * 32]
)
def test_a_key_that_is_none_shows_the_first_page(key: str) -> None:
    OrganisationFactory.create(name="Acme")
    assert [row.name for row in lookup.organisations("acme", older=key).rows] == ["Acme"]


def pages(query: str, monkeypatch: pytest.MonkeyPatch) -> list[lookup.Listing]:
    """Turn pages to the last one, and check that turning back shows the same ones."""
    monkeypatch.setattr(finding, "MOST", 60)
    found = [lookup.organisations(query)]
    while found[-1].older:
        found.append(lookup.organisations(query, older=found[-1].older))
    for before, page in itertools.pairwise(found):
        assert lookup.organisations(query, newer=page.newer).rows == before.rows
    assert found[0].newer == ""
    return found


def test_pages_are_the_same_there_and_back_when_too_many_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """More share the key than are put in order, others only have it somewhere; of beginnings all are listed."""
    for number in range(70):
        OrganisationFactory.create(name=f"Zed {99 - number}", customer_reference="Delta")
        OrganisationFactory.create(name=f"Delta {number:02}", customer_reference="")
        OrganisationFactory.create(name=f"Grand Delta {number:02}", customer_reference="")
    listed = [row.name for page in pages("delta", monkeypatch) for row in page.rows]
    assert len(listed) == len(set(listed)) == 190
    assert [name.split()[0] for name in listed] == ["Zed"] * 60 + ["Delta"] * 70 + ["Grand"] * 60


def test_a_listing_says_that_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(61):
        OrganisationFactory.create(name=f"The Company {number:02}")
    for page in pages("company", monkeypatch):
        assert page.is_cut
        assert page.summary.endswith(", of more than 60 in all: more letters find fewer")
    monkeypatch.undo()
    listing = lookup.organisations("company")
    assert (listing.is_cut, listing.summary) == (False, "50 customers on this page, more on others")
    assert replace(listing, is_cut=True).summary == (
        "50 customers on this page, more on others, of more than 1,000 in all: more letters find fewer"
    )


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        ("acme", {"search_text_name", "search_text_trigrams", "search_word_trigrams"}),
        ("telekomm asia", {"search_text_name", "search_text_trigrams", "search_word_trigrams"}),
        ("+6561234567", {"search_text_trigrams"}),
        ("0f3b7c52", {"search_text_trigrams"}),
    ],
)
def test_the_questions_use_the_trigram_index(query: str, indexes: set[str]) -> None:
    """With everything else made expensive the plan must have an index left to use."""
    made = OrganisationFactory.create(name="Acmf Telekomn Asib")
    # Of a few words each is read quicker than an index.
    words = [hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest() for number in range(5000)]
    SearchKey.objects.bulk_create(
        SearchKey(organisation=made, kind="reference", text=" ".join(words[start : start + 10]))
        for start in range(0, len(words), 10)
    )
    asked: list[tuple[str, dict[str, Any]]] = []

    def notice(execute: Callable[..., Any], sql: str, params: Any, *others: Any) -> Any:
        if "customers_search" in sql:
            asked.append((sql, dict(params)))
        return execute(sql, params, *others)

    with connection.execute_wrapper(notice):
        lookup.organisations(query)
    plans = []
    with connection.cursor() as cursor:
        # One plan for whatever is asked: a connection keeps it when it looks cheap enough.
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        # The name's index also serves in its order; that of a tiny table's primary key must not tempt.
        ops: Any = connection.ops  # of PostgreSQL: the stubs know it as any database's
        # What waits to be put into an index makes it dear.
        for index in ("search_word_trigrams", "search_text_trigrams"):
            cursor.execute("SELECT gin_clean_pending_list(%s)", [index])
        cursor.execute("ANALYZE customers_searchword, customers_searchtext")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        cursor.execute(AS_THE_PRODUCT)
        for sql, params in asked:
            kinds = ", ".join("text" if isinstance(value, str) else "unknown" for value in params.values())
            places = {name: f"${place}" for place, name in enumerate(params, 1)}
            cursor.execute(f"PREPARE asked ({kinds}) AS {sql % places}")
            given = ", ".join(["%s"] * len(params))
            cursor.execute(ops.compose_sql(f"EXPLAIN EXECUTE asked ({given})", [*params.values()]))
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
            cursor.execute("DEALLOCATE asked")
    plan = "\n".join(plans)
    assert "Seq Scan on customers_search" not in plan, plan
    assert {name for name in indexes if name not in plan} == set(), plan


def test_a_name_with_the_last_letter_there_is_begins_as_any_other() -> None:
    OrganisationFactory.create(name="Acme\U0010fffd Zebra")
    assert names("acme") == ["Acme\U0010fffd Zebra"]


def test_as_many_as_are_put_in_order_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST", 60)
    for number in range(60):
        OrganisationFactory.create(name=f"The Company {number:02}")
    assert not lookup.organisations("company").is_cut


def test_readings_are_limited() -> None:
    (reading,) = policies.readings(" ".join(f"word{n}" for n in range(60)))
    assert len(reading.words) == policies.MOST_WORDS
    assert SearchKey.objects.count() == Organisation.objects.count() == 0
