"""A question finds what else it names: UUIDs, members, contracts and documents by any part of their number."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse

from customers import operations
from customers.models import Member, SearchKey
from customers.search import lookup, policies
from customers.selectors import listing
from portal.audit.models import AuditEntry
from portal.frame import Actor
from subscriptions.models import Contract, Termination
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.terminations import terminate

pytestmark = pytest.mark.django_db


def found(query):
    """What is found by number or UUID, and where it leads."""
    return [(hit.kind, hit.text, hit.url) for hit in lookup.organisations(query).hits]


def address(name, uuid):
    return reverse(name, args=[uuid])


@pytest.fixture
def agent(make_user):
    return Actor.of(make_user("agent", "maria"))


@pytest.fixture
def acme():
    return factories.OrganisationFactory.create(
        name="Acme", customer_reference="", owner_email="", billing_email="", uuid=uuid.UUID(int=0)
    )


@pytest.mark.parametrize("query", ["IN-0000275", "in 0000275", "0000275", "000-0275", "in0000275", " 275 "])
def test_an_invoice_is_found_by_any_part_of_its_number(acme, query):
    bill = factories.invoice(acme, amounts=[("5", "0")])
    type(bill).objects.filter(pk=bill.pk).update(number="IN-0000275")
    factories.invoice(acme, amounts=[("5", "0")])
    assert found(query) == [("Invoice", "IN-0000275", address("invoicing:invoice", bill.uuid))]


def test_a_note_is_found_by_any_part_of_its_number(acme):
    note = factories.credit_note(acme, number="Gutschrift 2026/Ä-17")
    assert found("2026ä17") == [("Credit note", note.number, address("invoicing:credit_note", note.uuid))]


@pytest.mark.parametrize("query", ["CT-2024/17", "ct 2024 17", "202417", "t2024"])
def test_a_contract_is_found_by_any_part_of_its_reference(acme, query):
    factories.subscription(organisation=acme, billing_plan="milestone")
    Contract.objects.update(reference="CT-2024/17")
    assert found(query) == [("Contract", "CT-2024/17", address("subscriptions:tab", acme.uuid))]


def test_a_reference_without_a_digit_is_found_where_no_customer_answers(acme):
    factories.subscription(organisation=acme, billing_plan="milestone")
    Contract.objects.update(reference="Rahmen-Vertrag Nord")
    assert [text for _, text, _ in found("rahmenvertrag")] == ["Rahmen-Vertrag Nord"]
    factories.OrganisationFactory.create(name="Rahmenvertrag Ltd")
    assert found("rahmenvertrag") == []


def test_a_customer_is_found_by_its_reference_whatever_its_dashes(acme):
    owner = factories.OrganisationFactory.create(customer_reference="REF-2024/0815")
    assert found("ref20240815") == [
        ("Customer reference", "REF-2024/0815", address("customers:overview", owner.uuid))
    ]
    listing = lookup.organisations("REF-2024/0815")
    # Who is listed by its reference is not found once more.
    assert ([row.uuid for row in listing.rows], listing.hits) == ([owner.uuid], ())


def test_a_subscription_and_its_end_are_found_by_their_uuid(acme, agent, now):
    made = factories.subscription(organisation=acme, numbers=("+6561234567",))
    other = factories.subscription(organisation=acme)
    terminate(made, by=agent, at=now)
    record = Termination.objects.get()
    own = address("subscriptions:detail", made.uuid)
    for query in (
        str(made.uuid),
        made.uuid.hex.upper(),
        f"{{{made.uuid}}}",
        str(made.uuid)[:8],
        made.uuid.hex[:20],
    ):
        ((kind, line, url),) = found(query)
        assert (kind, line.split(" · ")[1], url) == ("Subscription", "+6561234567", own)
    ((kind, _, url),) = found(f"/terminations/{record.uuid}/")
    assert (kind, url) == ("Termination", address("subscriptions:termination", record.uuid))
    assert [url for *_, url in found(str(other.uuid))] == [address("subscriptions:detail", other.uuid)]
    assert found(str(uuid.uuid4())) == []


def test_a_document_is_found_by_its_uuid(acme):
    bill = factories.invoice(acme, amounts=[("5", "0")])
    note = factories.credit_note(acme)
    assert found(str(bill.uuid)) == [("Invoice", bill.number, address("invoicing:invoice", bill.uuid))]
    assert found(str(note.uuid)) == [("Credit note", note.number, address("invoicing:credit_note", note.uuid))]


def test_nobody_finds_what_they_may_not_open(acme, client_of, agent, now):
    """Each kind of thing has its permission: with that one alone, of all these that kind is found."""
    made = factories.subscription(organisation=acme, cycles=(C("2026-03-01"),), billing_plan="as_incurred")
    contract = made.contract_item.contract.reference
    bill = factories.invoice(acme, amounts=[("5", "0")])
    note = factories.credit_note(acme, net="7")
    ended = factories.subscription(organisation=acme, cycles=(C("2026-03-01"),))
    record = terminate(ended, by=agent, at=now).termination
    links: dict[str, set[tuple[Any, str, Any]]] = {
        "invoicing.view_invoice": {
            (bill.number, "invoicing:invoice", bill),
            (bill.uuid, "invoicing:invoice", bill),
        },
        "invoicing.view_creditnote": {
            (note.number, "invoicing:credit_note", note),
            (note.uuid, "invoicing:credit_note", note),
        },
        "subscriptions.view_subscription": {
            (made.uuid, "subscriptions:detail", made),
            (record.uuid, "subscriptions:termination", record),
            (contract, "subscriptions:tab", acme),
        },
    }
    client = client_of("")
    permissions = ("customers.view_organisation", *links)
    for allowed in links:
        client.user.user_permissions.set(
            Permission.objects.get(content_type__app_label=app, codename=name)
            for app, name in (
                one.split(".") for one in permissions if one in ("customers.view_organisation", allowed)
            )
        )
        for permission, questions in links.items():
            for asked, name, shown in questions:
                page = client.get(reverse("customers:list"), {"q": str(asked)}).content.decode()
                assert (f'href="{address(name, shown.uuid)}"' in page) == (permission == allowed), (allowed, asked)


def test_members_are_found(acme):
    factories.MemberFactory.create(organisation=acme, name="María-José Núñez", email="Mj.Nunez@firma.example")
    for query in ("maria jose", "NÚÑEZ", "mj.nunez@firma.example", "nunez@firma"):
        (row,) = lookup.organisations(query).rows
        assert row.name == "Acme", query
    (row,) = lookup.organisations("nunez").rows
    assert [(match.label, match.text) for match in row.matches] == [("Member", "María-José Núñez")]
    (row,) = lookup.organisations("mj.nunez@firma.example").rows
    assert [(match.label, match.text) for match in row.matches] == [("Member e-mail", "Mj.Nunez@firma.example")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_once", [1, 500])
def test_members_from_before_become_search_keys(now, monkeypatch, at_once):
    monkeypatch.setattr(operations, "ORGANISATIONS_AT_ONCE", at_once)
    owners = [factories.OrganisationFactory.create(name=f"Acme {number}") for number in range(3)]
    Member.objects.bulk_create(
        Member(organisation=owner, name="Łukasz", email=f"l{number}@x.example")
        for owner in owners
        for number in range(2)
    )
    kept = factories.MemberFactory.create(name="Kept").organisation
    before = list(SearchKey.objects.filter(organisation=kept).order_by("pk").values_list("pk", "kind", "text"))
    assert lookup.organisations("lukasz").rows == ()
    assert operations.write_member_keys(at=now) == 6
    assert [row.name for row in lookup.organisations("lukasz").rows] == [f"Acme {number}" for number in range(3)]
    assert [row.name for row in lookup.organisations("l1@x.example").rows] == [
        f"Acme {number}" for number in range(3)
    ]
    assert (
        list(SearchKey.objects.filter(organisation=kept).order_by("pk").values_list("pk", "kind", "text")) == before
    )
    # Every transaction has its sentence; what is there already is not written again.
    said = AuditEntry.objects.filter(event="Search keys written")
    assert said.count() == {1: 3, 500: 1}[at_once]
    assert operations.write_member_keys(at=now) == 0
    assert said.count() == {1: 3, 500: 1}[at_once]


@pytest.mark.django_db(transaction=True)
def test_members_who_can_have_no_key_are_told_of_never_and_keep_nobody(now):
    """A name and an address of signs alone fold to nothing: at each migration they would be told of anew."""
    nameless = Member(organisation=factories.OrganisationFactory.create(), name="???", email="?")
    beside = Member(organisation=nameless.organisation, name="()", email="!")
    Member.objects.bulk_create([nameless, beside])
    assert operations.write_member_keys(at=now) == 0
    said = AuditEntry.objects.filter(event="Search keys written")
    assert not said.exists()
    Member.objects.bulk_create(
        [Member(organisation=factories.OrganisationFactory.create(), name="Łukasz", email="")]
    )
    assert operations.write_member_keys(at=now) == 1
    assert said.get().description == "1 member can be found by name and e-mail address."
    assert operations.write_member_keys(at=now) == 0
    assert said.count() == 1


def test_ten_are_shown_of_more(acme):
    for number in range(12):
        factories.credit_note(acme, number=f"XY-77700{number:02}")
    listing = lookup.organisations("777")
    assert ([hit.text for hit in listing.hits], listing.are_hits_cut) == (
        [f"XY-77700{number:02}" for number in range(11, 1, -1)],
        True,
    )
    assert listing.summary == "10 of more found by number or UUID"


def test_the_page_leads_to_what_was_found(client_of, acme):
    note = factories.credit_note(acme, number="XY-7770012")
    page = client_of("agent").get("/customers/", {"q": "7770012"})
    assert "1 found by number or UUID" in pages.words(page)
    assert "No customer found" not in pages.words(page)
    assert f'href="{address("invoicing:credit_note", note.uuid)}">XY-7770012</a>' in page.content.decode()
    assert f'href="{address("customers:overview", acme.uuid)}">Acme</a>' in page.content.decode()


def test_the_finders_ask_once_each(client_of, acme, django_assert_num_queries):
    for number in range(5):
        factories.credit_note(acme, number=f"XY-77700{number:02}")
        factories.subscription(organisation=acme)
    client = client_of("agent")
    # Session, user and permissions; the search; references, documents, contracts.
    with django_assert_num_queries(5 + 2 + 3):
        client.get("/customers/", {"q": "xy-777"})


@pytest.mark.parametrize(
    "number", ["IN-0000275", "Ä-ß/İ 7", "№ 12\u00a0b", "x_y%z", "", "---", "東京-1", "CN\u20110012"]
)
def test_the_database_folds_a_number_as_a_question_is_folded(number):
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_folded_number(%s)", [number])
        assert cursor.fetchone() == (policies.folded_number(number),)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Global Delta Services", "detla"),
        ("Global Delta Services", "edlta"),
        ("Global Delta Services", "delat"),
        ("Acme Ltd", "amce"),
        ("Pacific Innovations Group", "pacifci innovatoins"),
        ("Telecom Partners", "telceo"),
        ("Smith & Sons", "smith and sons"),
        ("Smith & Sons", "smiht and sons"),
        ("Smith and Sons", "smith & sons"),
        ("AT&T Asia", "AT and T Asia"),
        ("And Partners", "and"),
    ],
)
def test_swapped_letters_and_the_word_and_hide_nobody(name, query):
    quiet = {"owner_email": "", "billing_email": "", "customer_reference": ""}
    factories.OrganisationFactory.create(name="Quite Another One", **quiet)
    factories.OrganisationFactory.create(name=name, **quiet)
    listing = lookup.organisations(query)
    assert [row.name for row in (*listing.rows, *listing.similar)] == [name]


@pytest.mark.parametrize(
    "query",
    [
        "tel:+442079460000",
        "sip:+442079460000@pbx.example",
        "Tel. +44 20 7946 0000",
        "+44 (0) 20 7946 0000",
        "020 7946 0000",
        "mailto:sue@acme.example",
        "Sue <sue@acme.example>",
    ],
)
def test_what_is_pasted_is_found(query):
    owner = factories.OrganisationFactory.create(name="Acme", owner_email="sue@acme.example")
    factories.subscription(organisation=owner, numbers=("+442079460000",))
    factories.OrganisationFactory.create(name="Other")
    assert [row.name for row in lookup.organisations(query).rows] == ["Acme"]


def test_customers_of_one_name_are_told_apart(client_of):
    one = {"name": "Acme Ltd", "billing_email": ""}
    made = [
        factories.OrganisationFactory.create(**one, customer_reference="REF-1", owner_email="a@x.example"),
        factories.OrganisationFactory.create(
            **{**one, "name": "ACME, Ltd"}, customer_reference="", owner_email="b@x.example"
        ),
        factories.OrganisationFactory.create(**one, customer_reference="", owner_email=""),
        factories.OrganisationFactory.create(**one, customer_reference="SAME", owner_email=""),
        factories.OrganisationFactory.create(**one, customer_reference="SAME", owner_email=""),
    ]
    expected = {
        made[0].uuid: "REF-1",
        made[1].uuid: "b@x.example",
        made[2].uuid: str(made[2].uuid),
        made[3].uuid: f"SAME · {str(made[3].uuid)[:8]}",
        made[4].uuid: f"SAME · {str(made[4].uuid)[:8]}",
    }
    assert {row.uuid: row.known_by for row in lookup.organisations("acme").rows} == expected
    assert {row.uuid: row.known_by for row in listing.organisation_rows(list(listing.organisations()))} == expected
    # What answered is not said twice.
    (row,) = lookup.organisations("ref-1").rows
    assert (row.known_by, [match.text for match in row.matches]) == ("", ["REF-1"])
    bill = factories.invoice(made[0], amounts=[("5", "0")])
    note = factories.credit_note(made[1])
    client = client_of("agent")
    assert f"{bill.number} Acme Ltd REF-1" in pages.words(client.get("/invoices/"))
    assert f"{note.number} ACME, Ltd b@x.example" in pages.words(client.get("/credit-notes/"))
