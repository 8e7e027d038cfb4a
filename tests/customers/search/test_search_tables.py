"""What the search reads is made of the search keys, whoever writes them, and by nobody else."""

import threading
import time

import pytest
from django.db import connection, transaction

from customers.models import Organisation, SearchKey, SearchText, SearchWord
from tests.support import refused
from tests.support.factories import OrganisationFactory

pytestmark = pytest.mark.django_db


def rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def agree() -> bool:
    """Compare the search texts with what the keys make of them, and with the known words."""
    texts = "SELECT organisation_id, name, text, words FROM"
    different = rows(
        f"({texts} customers_searchtext EXCEPT {texts} customers_searchtext_made) UNION ALL "
        f"({texts} customers_searchtext_made EXCEPT {texts} customers_searchtext)"
    )
    unknown = rows("SELECT unnest(words) FROM customers_searchtext EXCEPT SELECT word FROM customers_searchword")
    return not different and not unknown


@pytest.fixture
def acme() -> Organisation:
    return OrganisationFactory.create(
        uuid="0f3b7c52-9a41-4c6e-8d2b-1e5f6a7b8c9d",
        name="Acmé Ltd",
        owner_email="sue@blue.example",
        billing_email="",
        customer_reference="CRM-42",
    )


def test_a_search_text_has_all_keys_and_its_words_those_with_letters(acme: Organisation) -> None:
    SearchKey.objects.create(organisation=acme, kind="number", text="+6561234567")
    made = SearchText.objects.get()
    assert (made.organisation, made.name) == (acme, "acme ltd")
    assert made.text == (
        "/ acme ltd / +6561234567 / sue@blue.example / crm-42 / =0f3b7c52-9a41-4c6e-8d2b-1e5f6a7b8c9d"
    )
    assert made.words == ["acme", "blue", "crm", "example", "ltd", "sue"]
    assert set(SearchWord.objects.values_list("word", flat=True)) == set(made.words)
    assert agree()


def test_texts_follow_every_write_of_keys(acme: Organisation) -> None:
    other = OrganisationFactory.create(name="Other")
    name = SearchKey.objects.get(organisation=acme, kind="name")
    SearchKey.objects.filter(pk=name.pk).update(text="zebra")
    assert SearchText.objects.get(organisation=acme).name == "zebra"
    assert agree()
    # To another organisation: both change.
    SearchKey.objects.filter(organisation=acme, kind="reference").update(organisation=other)
    assert "crm-42" in SearchText.objects.get(organisation=other).text
    assert agree()
    SearchKey.objects.bulk_create(
        SearchKey(organisation=made, kind="number", text=f"+656123456{number}")
        for number in range(3)
        for made in (acme, other)
    )
    assert agree()
    SearchKey.objects.filter(kind="number", text="+6561234561").delete()
    assert agree()
    SearchKey.objects.filter(organisation=acme).delete()
    assert not SearchText.objects.filter(organisation=acme).exists()
    assert agree()


@pytest.mark.django_db(transaction=True)
def test_two_who_write_keys_of_one_organisation_lose_none(acme: Organisation) -> None:
    """The second one waits for the first, and makes the text of what both wrote."""
    ended: list[str] = []

    def write() -> None:
        try:
            SearchKey.objects.create(organisation=acme, kind="number", text="+6522222222")
            ended.append("second")
        finally:
            connection.close()

    second = threading.Thread(target=write)
    with transaction.atomic():
        SearchKey.objects.create(organisation=acme, kind="number", text="+6511111111")
        second.start()
        until = time.monotonic() + 30
        while not rows("SELECT 1 FROM pg_locks WHERE NOT granted") and time.monotonic() < until:
            time.sleep(0.01)
        ended.append("first")
    second.join(30)
    assert ended == ["first", "second"]
    text = SearchText.objects.get().text
    assert "/ +6511111111 / +6522222222 /" in text
    assert agree()


def test_a_statement_that_writes_nothing_changes_nothing(acme: Organisation) -> None:
    before = list(SearchText.objects.values())
    SearchKey.objects.filter(pk=0).update(text="zebra")
    SearchKey.objects.filter(pk=0).delete()
    assert list(SearchText.objects.values()) == before


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("a_search_text_is_made_of_its_keys", "UPDATE customers_searchtext SET text = 'x'"),
        ("a_search_text_is_made_of_its_keys", "DELETE FROM customers_searchtext"),
        (
            "a_search_text_is_made_of_its_keys",
            "INSERT INTO customers_searchtext SELECT 0, name, text, words FROM customers_searchtext",
        ),
        ("a_search_word_is_made_of_a_search_text", "UPDATE customers_searchword SET word = word || 'x'"),
        ("a_search_word_is_made_of_a_search_text", "DELETE FROM customers_searchword"),
        ("a_search_word_is_made_of_a_search_text", "INSERT INTO customers_searchword VALUES ('x')"),
    ],
)
def test_nobody_else_writes_them(acme: Organisation, name: str, statement: str) -> None:
    with refused.by(name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert agree()
