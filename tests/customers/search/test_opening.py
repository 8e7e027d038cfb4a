"""A question that was sent opens the page of its only answer; one that is typed never does."""

import uuid
from typing import Any

import pytest
from django.urls import reverse

from invoicing.models import Invoice
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """One customer alone of its name, two of another; documents whose numbers share a part, or are the same."""
    of: dict[str, Any] = {
        name: factories.OrganisationFactory.create(name=name) for name in ("Borealis", "Acme East", "Acme West")
    }
    for number in ("IN-700", "IN-7001", "IN-7002", "DOC-9"):
        bill = factories.invoice(of["Acme East"], amounts=[("5", "0")])
        Invoice.objects.filter(pk=bill.pk).update(number=number)
        of[number] = bill
    factories.credit_note(of["Acme East"], number="DOC-9")
    of["subscription"] = factories.subscription(organisation=of["Acme West"], uuid=uuid.UUID(int=15 << 120))
    return of


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("borealis", ("customers:overview", "Borealis")),
        ("bore", ("customers:overview", "Borealis")),
        ("in 7001", ("invoicing:invoice", "IN-7001")),
        ("7002", ("invoicing:invoice", "IN-7002")),
        ("0f000000-0000-0000-0000-000000000000", ("subscriptions:detail", "subscription")),
        # The whole number of one, and a part of two others.
        ("in-700", ("invoicing:invoice", "IN-700")),
        # A choice of three documents, a choice of two customers, a name that is only similar, nothing.
        ("700", None),
        # An invoice and a credit note of one number.
        ("doc-9", None),
        ("acme", None),
        ("boraelis", None),
        ("nobody", None),
        ("", None),
        ("?!", None),
    ],
)
def test_enter_opens_the_only_answer(client_of, world, asked, opens):
    client = client_of("agent")
    address, list_address = reverse("customers:open"), reverse("customers:list")
    plain = client.get(address, {"q": asked})
    swapped = client.get(address, {"q": asked}, headers={"HX-Request": "true"})
    typed = client.get(list_address, {"q": asked}, headers={"HX-Request": "true"})
    assert (typed.status_code, "HX-Redirect" in typed.headers) == (200, False)
    if opens is None:
        wanted = reverse("customers:list", query={"q": asked} if asked else None)
        assert plain.url == swapped.url == wanted
    else:
        name, thing = opens
        wanted = reverse(name, args=[world[thing].uuid])
        assert (plain.url, swapped.headers["HX-Redirect"]) == (wanted, wanted)


def test_the_only_customer_is_opened_by_no_question_that_was_not_asked(client_of):
    factories.OrganisationFactory.create(name="Borealis")
    assert client_of("agent").get(reverse("customers:open")).url == reverse("customers:list")


def test_the_search_sends_what_is_typed_and_what_is_sent_to_different_addresses(client_of):
    page = client_of("agent").get(reverse("customers:list")).content.decode()
    form = page[page.index('role="search"') :]
    assert f'hx-get="{reverse("customers:open")}"' in form[: form.index("<input")]
    field = form[form.index("<input") :]
    field = field[: field.index(">")]
    assert f'hx-get="{reverse("customers:list")}"' in field
    assert " autofocus" in field
