"""Similar names: beside what answers, below it, or for whoever asks; wrong letters and short words."""

import pytest

from customers.search import lookup, similarity
from tests.customers.search.asking import names, similar_to
from tests.support.factories import OrganisationFactory, subscription

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("wrong", ["xelta", "dxlta", "dexta", "delxa", "deltx", "dlta", "delxta", "deltta"])
def test_one_wrong_letter_in_five_hides_nobody(wrong: str) -> None:
    OrganisationFactory.create(name="Global Delta Services Pte Ltd")
    assert names(wrong) == ["Global Delta Services Pte Ltd"]


@pytest.mark.parametrize(
    "wrong", ["innovxtionx", "xnnovatxons", "innxvatiozs", "invations", "innovvationns", "inxovxtions"]
)
def test_two_wrong_letters_in_ten_hide_nobody(wrong: str) -> None:
    OrganisationFactory.create(name="Pacific Innovations Group")
    assert names(wrong) == ["Pacific Innovations Group"]


def test_every_word_may_have_its_own_wrong_letter() -> None:
    OrganisationFactory.create(name="Pacific Innovations Group")
    OrganisationFactory.create(name="Pacific Motors")
    assert names("pacifik innovatons") == ["Pacific Innovations Group"]


def test_similar_ones_come_after_those_that_answer() -> None:
    OrganisationFactory.create(name="Delta Ltd")
    OrganisationFactory.create(name="Belta Ltd")
    listing = lookup.organisations("delta")
    assert [row.name for row in listing.rows] == ["Delta Ltd"]
    assert [row.name for row in listing.similar] == ["Belta Ltd"]
    assert listing.summary == "1 customer, 1 similar"


def test_an_exact_answer_asks_for_nobody_similar() -> None:
    OrganisationFactory.create(name="Delta")
    OrganisationFactory.create(name="Belta")
    assert names("Delta") == ["Delta"]


def test_who_has_the_domain_asks_for_nobody_similar() -> None:
    OrganisationFactory.create(name="One", owner_email="sue@acmes.example", billing_email="")
    OrganisationFactory.create(name="Other", owner_email="tom@acmis.example", billing_email="")
    assert names("@acmes.example") == ["One"]
    assert names("@acmos.example") == ["One", "Other"]


def test_many_answers_ask_for_nobody_similar() -> None:
    OrganisationFactory.create(name="Belta")
    for number in range(lookup.FEW):
        OrganisationFactory.create(name=f"Delta {number}")
    assert "Belta" not in names("delta")


def test_who_asks_sees_the_similar_ones_below_many_answers() -> None:
    OrganisationFactory.create(name="Belta")
    for number in range(lookup.FEW):
        OrganisationFactory.create(name=f"Delta {number}")
    assert lookup.organisations("delta").similar_offered
    listing = lookup.organisations("delta", with_similar=True)
    assert [row.name for row in listing.similar] == ["Belta"]
    assert (len(listing.rows), listing.similar_asked, listing.similar_offered) == (lookup.FEW, True, False)
    assert listing.summary == "5 customers, 1 similar"


def test_who_asks_sees_the_similar_ones_beside_an_exact_answer() -> None:
    OrganisationFactory.create(name="Delta")
    OrganisationFactory.create(name="Belta")
    assert lookup.organisations("Delta").similar_offered
    assert similar_to("Delta") == ["Belta"]


def test_closer_ones_hide_nobody_from_who_asks() -> None:
    OrganisationFactory.create(name="Telecommvnicatiom")
    for letter in "abcde":
        OrganisationFactory.create(name=f"Telecommunicatio{letter}")
    listing = lookup.organisations("telecommunication")
    assert (len(listing.similar), listing.similar_offered) == (5, True)
    assert similar_to("telecommunication")[5:] == ["Telecommvnicatiom"]


@pytest.mark.parametrize(("most", "said"), [(2, "2 of more similar ones"), (3, "3 similar")])
def test_more_similar_ones_than_are_shown_are_said(most: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "MOST", most)
    for name in ("Belta", "Delva", "Derta"):
        OrganisationFactory.create(name=name)
    listing = lookup.organisations("delta")
    assert [row.name for row in listing.similar] == ["Belta", "Delva", "Derta"][:most]
    assert listing.summary == f"No exact match, {said}"


def test_nobody_similar_is_said_too() -> None:
    for number in range(lookup.FEW):
        OrganisationFactory.create(name=f"Delta {number}")
    listing = lookup.organisations("delta", with_similar=True)
    assert (listing.similar, listing.similar_asked, listing.similar_offered) == ((), True, False)
    assert listing.summary == "5 customers, none similar"


@pytest.mark.parametrize(
    ("answers", "query", "similar"),
    [
        ("Delta", "delta", ["Dellta", "Belta"]),
        ("Delta Motors", "delta motors", ["Belta Motors", "Delta Mobors"]),
        ("Delta AG", "delta ag", ["Belta AG"]),
        ("Delta Motors", "x@delta.motors", ["Belta Motors", "Delta Mobors"]),
    ],
)
def test_who_answers_on_another_page_is_not_similar(
    answers: str, query: str, similar: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where those that answer would fill the list of the similar ones."""
    monkeypatch.setattr(similarity, "MOST", 4)
    for number in range(lookup.PAGE + 5):
        OrganisationFactory.create(name=f"{answers} {number:02}", owner_email="x@delta.motors")
    # This one has both words, and answers.
    OrganisationFactory.create(name=f"{answers} Belta", owner_email="x@delta.motors")
    for name in similar:
        OrganisationFactory.create(name=name, owner_email="x@other.example")
    OrganisationFactory.create(name="Gamma Motors AG")
    assert similar_to(query) == similar


def test_similar_ones_are_offered_on_a_first_page_alone() -> None:
    for number in range(lookup.PAGE + 1):
        OrganisationFactory.create(name=f"Delta {number:02}")
    OrganisationFactory.create(name="Belta")
    first = lookup.organisations("delta")
    second = lookup.organisations("delta", older=first.older)
    back = lookup.organisations("delta", newer=second.newer)
    assert [page.similar_offered for page in (first, second, back)] == [True, False, True]
    asked = lookup.organisations("delta", older=first.older, with_similar=True)
    assert (asked.similar, asked.similar_asked) == ((), False)
    assert lookup.organisations("delta", with_similar=True).older == first.older


@pytest.mark.parametrize(
    "query", ["", "6123", "+65 6123 4567", "lta", "0f3b7c52-9a41-4c6e-8d2b-1e5f6a7b8c9d", "dexta", "nobody", "%"]
)
def test_similar_ones_are_not_offered_where_none_can_be_or_somebody_has_looked(query: str) -> None:
    subscription(numbers=("+6561234567",))
    OrganisationFactory.create(name="Delta", uuid="0f3b7c52-9a41-4c6e-8d2b-1e5f6a7b8c9d")
    assert not lookup.organisations(query).similar_offered


def test_merely_alike_is_enough_where_nobody_else_answers() -> None:
    OrganisationFactory.create(name="Montgomery")
    assert names("montgomxe") == ["Montgomery"]
    OrganisationFactory.create(name="Montgomxy")
    assert names("montgomxe") == ["Montgomxy"]


@pytest.mark.parametrize(
    ("name", "query"), [("Piatek Wajodra S.A.", "piateuk wajodrja s.a."), ("Reka a.s.", "rexa a.s.")]
)
def test_the_letters_of_an_abbreviation_hide_nobody(name: str, query: str) -> None:
    OrganisationFactory.create(name=name, owner_email="", billing_email="", customer_reference="")
    assert names(query) == [name]


def test_a_word_that_many_have_in_theirs_may_be_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "_MOST_ALIKE", 5)
    made = OrganisationFactory.create(name="Teluk Motors", owner_email="")
    for number in range(8):
        OrganisationFactory.create(name=f"Stelk{'abcdefgh'[number]}", owner_email="")
    assert [row.uuid for row in lookup.organisations("telk mofors").similar] == [made.uuid]


def test_a_short_word_beside_a_wrong_one_must_be_there() -> None:
    OrganisationFactory.create(name="Delta AG")
    OrganisationFactory.create(name="Delta Ltd")
    assert names("delva ag") == ["Delta AG"]
