"""Changing an organisation's contacts: name, addresses, reference, and what the search knows them by."""

import json
from dataclasses import asdict, replace

import pytest
from django.urls import reverse

from customers.contacts import operations
from customers.models import Organisation
from customers.search import lookup
from portal.audit.models import AuditEntry
from portal.frame import Actor
from tests.support import factories
from tests.support.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

CHANGED = "Contacts changed"
BEFORE = operations.Contacts("Acmé Ltd", "o@acme.example", "b@acme.example", "A-1")
AFTER = replace(BEFORE, name="Neue Firma", billing_email="", customer_reference="N-2")


@pytest.fixture
def acme():
    made = factories.OrganisationFactory.create(**asdict(BEFORE))
    made.search_keys.all().delete()
    made.search_keys.create(kind="name", text="acme ltd")
    made.search_keys.create(kind="billing_email", text="b@acme.example")
    made.search_keys.create(kind="number", text="+6531234567")
    return made


def change(made, *, by, at, seen=BEFORE, values=AFTER):
    return operations.change_contacts(organisation_uuid=made.uuid, seen=seen, values=values, by=by, at=at)


def form_of(values=AFTER, *, seen=BEFORE):
    return {**asdict(values), "seen": json.dumps(asdict(seen))}


def address_of(made):
    return reverse("customers:contacts", args=[made.uuid])


def test_a_change_is_kept_found_and_told(acme, make_user, now):
    assert change(acme, by=Actor.of(make_user("agent", "maria")), at=now)
    acme.refresh_from_db()
    assert operations.contacts_of(acme) == AFTER
    assert dict(acme.search_keys.values_list("kind", "text")) == {
        "name": "neue firma",
        "reference": "n-2",
        "number": "+6531234567",
    }
    assert [row.uuid for row in lookup.organisations("neue firma").rows] == [acme.uuid]
    assert not lookup.organisations("acme ltd").rows
    entry = AuditEntry.objects.get(event=CHANGED)
    assert (entry.actor, entry.organisation_name) == ("maria", "Neue Firma")
    assert entry.description == (
        "Name: “Acmé Ltd” → “Neue Firma”; Billing e-mail: “b@acme.example” → nothing; "
        "Customer reference: “A-1” → “N-2”."
    )


def test_the_same_form_twice_writes_once(acme, make_user, now):
    by = Actor.of(make_user("agent", "maria"))
    assert [change(acme, by=by, at=now), change(acme, by=by, at=now)] == [True, False]
    assert AuditEntry.objects.filter(event=CHANGED).count() == 1


def test_of_two_who_change_at_once_one_is_told(acme, make_user, now):
    people = [Actor.of(make_user("agent", name)) for name in ("maria", "tom")]
    values = [replace(BEFORE, name="One"), replace(BEFORE, name="Other")]

    def call(by, value):
        def run():
            try:
                return change(acme, by=by, at=now, values=value)
            except operations.ContactsChanged as changed:
                return changed

        return run

    answers = at_once(*(call(by, value) for by, value in zip(people, values, strict=True)))
    acme.refresh_from_db()
    assert sorted(type(answer).__name__ for answer in answers) == ["ContactsChanged", "bool"]
    (told,) = [answer for answer in answers if isinstance(answer, operations.ContactsChanged)]
    assert told.current.name == acme.name
    assert AuditEntry.objects.filter(event=CHANGED).count() == 1


def test_an_agent_changes_them_on_the_overview(client_of, acme):
    client = client_of("agent")
    assert address_of(acme) in client.get(reverse("customers:overview", args=[acme.uuid])).content.decode()
    page = client.get(address_of(acme)).content.decode()
    assert 'value="b@acme.example"' in page
    done = client.post(address_of(acme), form_of())
    assert (done.status_code, done["Location"]) == (303, reverse("customers:overview", args=[acme.uuid]))
    assert "The contacts are saved." in client.get(done["Location"]).content.decode()
    answer = client.post(address_of(acme), form_of(), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, f"/customers/{acme.uuid}/")
    assert client_of("auditor").get(address_of(acme)).status_code == 403


def test_a_form_that_is_stale_is_said(client_of, acme):
    Organisation.objects.filter(pk=acme.pk).update(billing_email="other@acme.example")
    answer = client_of("agent").post(address_of(acme), form_of())
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "the contacts were changed meanwhile" in page
    assert 'value="other@acme.example"' in page
    assert Organisation.objects.get().name == "Acmé Ltd"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "This is empty; expected a text of at most 200 characters."),
        ({"name": "\u200b"}, "This is empty; expected a text of at most 200 characters."),
        ({"name": "a\nb"}, "one line"),
        ({"name": "x" * 201}, "at most 200"),
        ({"owner_email": "a@x.example;"}, "is not an e-mail address; expected a@x.example."),
        ({"billing_email": "mailto:a@x.example"}, "is not an e-mail address; expected a@x.example."),
        ({"customer_reference": "x" * 101}, "at most 100"),
        ({"seen": "[]"}, "The page was not complete"),
    ],
)
def test_bad_input_is_refused_beside_its_field(client_of, acme, changed, sentence):
    answer = client_of("agent").post(address_of(acme), form_of() | changed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert operations.contacts_of(Organisation.objects.get()) == BEFORE
