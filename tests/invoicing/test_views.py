"""The pages of the Invoice app, with htmx and without; who may what; how many queries."""

import uuid

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from invoicing.models import CreditNoteAllocation, CreditNoteHold, CreditNoteStand
from tests.invoicing.pages import HTMX, draft_of, is_page, text_of, url
from tests.support import factories, shown

pytestmark = pytest.mark.django_db

# ---- who may what

READERS = ("agent", "billing", "auditor")
ADDRESSES = (
    ("get", "invoice_list", None, "view_invoice", READERS),
    ("get", "invoice", "invoice", "view_invoice", READERS),
    ("get", "payment_list", None, "view_invoice", READERS),
    ("get", "tab", "organisation", "view_invoice", READERS),
    ("get", "credit_note_list", None, "view_creditnote", READERS),
    ("get", "credit_note", "note", "view_creditnote", READERS),
    ("get", "record_payment", "invoice", "record_payment", ("billing",)),
    ("post", "record_payment", "invoice", "record_payment", ("billing",)),
    ("get", "create_credit_note", "invoice", "add_creditnote", ("billing",)),
    ("post", "create_credit_note", "invoice", "add_creditnote", ("billing",)),
    ("get", "send_credit_note", "note", "send_creditnote", ("billing",)),
    ("post", "send_credit_note", "note", "send_creditnote", ("billing",)),
    ("get", "void_credit_note", "note", "void_creditnote", ("billing",)),
    ("post", "void_credit_note", "note", "void_creditnote", ("billing",)),
    ("get", "allocate", "note", "allocate_creditnote", ("billing",)),
    ("post", "allocate", "note", "allocate_creditnote", ("billing",)),
)


@pytest.mark.parametrize(
    ("method", "name", "thing", "permission", "roles"), ADDRESSES, ids=[f"{a[0]}-{a[1]}" for a in ADDRESSES]
)
def test_every_address_asks_its_permission(client_of, partly_paid, method, name, thing, permission, roles):
    note = factories.credit_note(partly_paid.organisation, line=partly_paid.lines.first(), net="1")
    things = {"invoice": partly_paid, "organisation": partly_paid.organisation, "note": note}
    address = url(name, *([things[thing].uuid] if thing else []))
    anonymous = getattr(Client(), method)(address)
    assert (anonymous.status_code, anonymous["Location"].split("?")[0]) == (302, reverse("account_login"))
    for role in ("agent", "billing", "auditor"):
        status = getattr(client_of(role), method)(address).status_code
        assert (status != 403) == (role in roles), role
    alone = User.objects.create_user("alone")
    client = Client()
    client.force_login(alone, backend="portal.staff.permissions.Backend")
    assert getattr(client, method)(address).status_code == 403
    alone.user_permissions.add(Permission.objects.get(codename=permission))
    assert getattr(client, method)(address).status_code in (200, 303, 409, 422)


@pytest.mark.parametrize(
    "name",
    [
        "invoice",
        "tab",
        "credit_note",
        "record_payment",
        "create_credit_note",
        "allocate",
        "send_credit_note",
        "void_credit_note",
    ],
)
def test_an_unknown_uuid_is_not_found(billing, name):
    assert billing.get(url(name, uuid.uuid4())).status_code == 404


# ---- lists


def test_the_list_of_invoices_and_its_filters(client_of, partly_paid):
    paid = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")])
    client = client_of("agent")
    page = client.get(url("invoice_list"))
    assert is_page(page)
    owner = f"Ümlaut & Sons {partly_paid.organisation.customer_reference}"
    assert shown.read(page).table().rows[-1] == {
        "Number": partly_paid.number,
        "Organisation": owner,
        "Kind": "Tax invoice",
        "Status": "Awaiting payment",
        "Issued on": "1 January 2026",
        "Charged": "SGD 321.41",
        "Open": "SGD 196.91",
    }
    for query, found in (
        ({"status": "paid"}, [paid]),
        ({"kind": "tax"}, [paid, partly_paid]),
        ({"kind": "proforma"}, []),
        ({"q": partly_paid.number}, [partly_paid]),
        ({"q": partly_paid.number.lower()}, [partly_paid]),
        ({"q": partly_paid.number.replace("-", " ")}, [partly_paid]),
        ({"q": partly_paid.number[2:].replace("-", "")[1:]}, [partly_paid]),
        ({"q": "tin-"}, [paid, partly_paid]),
        ({"q": "%"}, []),
        ({"q": partly_paid.number, "status": "paid"}, []),
    ):
        page = client.get(url("invoice_list"), query)
        assert shown.listed(page, "Number") == [invoice.number for invoice in found], query


def test_the_digits_alone_find_a_number_of_the_series(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    for search in ("1", "0000001", "CN-0000001", "cn-0000001"):
        page = billing.get(url("credit_note_list"), {"q": search})
        assert shown.listed(page, "Number") == [note.number], search
    assert shown.listed(billing.get(url("credit_note_list"), {"q": "2"}), "Number") == []


@pytest.mark.parametrize("name", ["invoice_list", "credit_note_list"])
def test_a_list_answers_htmx_with_its_fragment(client_of, name):
    client = client_of("agent")
    page, part = client.get(url(name)), client.get(url(name), headers=HTMX)
    assert is_page(page)
    assert not is_page(part)
    assert part.content.decode().strip().splitlines()[-1] in page.content.decode()
    assert "HX-Request" in part["Vary"]
    restored = client.get(url(name), headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert is_page(restored)


@pytest.mark.parametrize("name", ["invoice_list", "credit_note_list"])
def test_a_filter_that_cannot_be_used_says_so(client_of, name):
    client = client_of("agent")
    for query in ({"status": "lost"}, {"q": "a\nb"}, {"q": "x" * 61}):
        response = client.get(url(name), query)
        assert response.status_code == 422, query
        assert "These filters cannot be used" in text_of(response)
    for query in ({"before": "x"}, {"after": str(2**63)}, {"before": "1~2"}):
        assert client.get(url(name), query).status_code == 404, query
    assert client.get(url(name), {"before": str(2**63 - 1), "after": ""}).status_code == 200


def test_pages_by_key_go_down_and_up_again(client_of):
    organisation = factories.OrganisationFactory.create()
    numbers = [factories.credit_note(organisation).number for _ in range(120)][::-1]
    client = client_of("agent")

    def read(address):
        response = client.get(address)
        return shown.listed(response, "Number"), shown.beside(response)

    first, to = read(url("credit_note_list") + "?status=sent")
    assert (first, list(to)) == (numbers[:50], ["Next"])
    second, to = read(to["Next"])
    assert second == numbers[50:100]
    assert "status=sent" in to["Previous"]
    third, last = read(to["Next"])
    assert (third, list(last)) == (numbers[100:], ["Previous"])
    back, again = read(last["Previous"])
    assert back == numbers[50:100]
    top, to = read(again["Previous"])
    assert (top, list(to)) == (numbers[:50], ["Next"])


# ---- queries: the same for one row and for many


def test_the_queries_of_each_page(client_of, partly_paid, django_assert_num_queries):
    client = client_of("billing")
    line = partly_paid.lines.first()
    note = factories.credit_note(partly_paid.organisation, line=line, net="10")
    CreditNoteAllocation.objects.create(
        credit_note=note, line=line, currency="SGD", amount=1, created_at=note.created_at, actor="x"
    )
    for _ in range(3):
        factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")], paid=["0"])
        factories.credit_note(partly_paid.organisation, line=line, net="10")
    # With htmx: session, user and their permissions come first.
    for address, count in (
        (url("invoice_list"), 4),
        (url("credit_note_list"), 4),
        (url("invoice", partly_paid.uuid), 13),
        (url("credit_note", note.uuid), 11),
        (url("tab", partly_paid.organisation.uuid), 6),
    ):
        with django_assert_num_queries(count):
            assert client.get(address, headers=HTMX).status_code == 200


# ---- documents


def test_an_invoice_shows_charges_payments_and_notes(client_of, partly_paid):
    note = factories.credit_note(partly_paid.organisation, line=partly_paid.lines.first(), net="20", tax="1.80")
    response = client_of("agent").get(url("invoice", partly_paid.uuid))
    words = text_of(response)
    assert "SGD 249.00 SGD 22.41 SGD 271.41 SGD 124.50 SGD 21.80 SGD 0.00 SGD 0.00 SGD 146.91" in words
    assert "1 January 2026 Paid before the move – SGD 124.50 of Plan test SGD 124.50" in words
    assert f"{note.number} Sent 1 January 2026 SGD 21.80" in words
    assert "Record payment" not in words
    assert "Create credit note" not in words
    assert "Record payment" in text_of(client_of("billing").get(url("invoice", partly_paid.uuid)))
    assert not is_page(client_of("agent").get(url("invoice", partly_paid.uuid), headers=HTMX))


def test_several_charges_are_summed_below_their_columns(billing, partly_paid):
    second = partly_paid.lines.last()
    note = draft_of(billing, partly_paid, **{f"whole_{second.pk}": "on"})
    assert (
        "All charges SGD 299.00 SGD 22.41 SGD 321.41 SGD 124.50 SGD 0.00 SGD 0.00 SGD 0.00 SGD 196.91"
        in text_of(billing.get(url("invoice", partly_paid.uuid)))
    )
    assert "All charges SGD 299.00 SGD 22.41 SGD 321.41" in text_of(billing.get(url("credit_note", note.uuid)))
    cause = uuid.uuid4()
    note = factories.credit_note(partly_paid.organisation, net="299", tax="22.41")
    CreditNoteHold.objects.create(credit_note=note, kind="settles", cause_id=cause)
    for line in partly_paid.lines.all():
        CreditNoteStand.objects.create(
            credit_note=note, line=line, currency="SGD", cause_id=cause, net=line.net, tax=line.tax
        )
    stands = text_of(billing.get(url("credit_note", note.uuid))).partition("What it stands for")[2]
    assert "All charges SGD 299.00 SGD 22.41 SGD 321.41" in stands
    # One charge needs no sum.
    single = factories.invoice(partly_paid.organisation, amounts=[("50", "0")])
    assert "All charges" not in text_of(billing.get(url("invoice", single.uuid)))


@pytest.mark.parametrize("status", ["draft", "void"])
def test_a_draft_or_void_invoice_has_nothing_open_and_nothing_to_do(billing, status):
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")], status=status)
    words = text_of(billing.get(url("invoice", invoice.uuid)))
    assert "Open SGD 0.00" in words
    assert "Record payment" not in words
    assert "Nothing to pay" in text_of(billing.get(url("record_payment", invoice.uuid)))
    assert "Nothing to give back" in text_of(billing.get(url("create_credit_note", invoice.uuid)))


def test_a_note_shows_who_holds_it(billing, partly_paid):
    note = factories.credit_note(partly_paid.organisation, line=partly_paid.lines.first(), net="20")
    cause = uuid.uuid4()
    CreditNoteHold.objects.create(credit_note=note, kind="settles", cause_id=cause)
    response = billing.get(url("credit_note", note.uuid))
    assert f"Settles Termination {cause}" in text_of(response)
    assert "is the refund of a termination, so it can't be voided" in text_of(response).replace("&#x27;", "'")
    assert url("void_credit_note", note.uuid).encode() not in response.content


def test_the_tab_shows_invoices_and_notes_of_one_organisation(client_of, partly_paid):
    note = factories.credit_note(partly_paid.organisation)
    other = factories.credit_note(factories.OrganisationFactory.create())
    client = client_of("auditor")
    page = client.get(url("tab", partly_paid.organisation.uuid))
    assert is_page(page)
    assert partly_paid.number in text_of(page)
    assert note.number in text_of(page)
    assert other.number not in text_of(page)
    assert not is_page(client.get(url("tab", partly_paid.organisation.uuid), headers=HTMX))
    nothing = text_of(client.get(url("tab", factories.OrganisationFactory.create().uuid)))
    assert "No invoices" in nothing
    assert "No credit notes" in nothing
