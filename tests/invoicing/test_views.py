"""The pages of the Invoice app, with htmx and without; who may what; how many queries."""

import re
import uuid
from decimal import Decimal as D

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from customers.models import LedgerEntry
from invoicing.models import CreditNote, CreditNoteAllocation, CreditNoteHold, Payment
from tests.support import factories, pages

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def partly_paid():
    return factories.invoice(
        factories.OrganisationFactory(name="Ümlaut & Sons"),
        amounts=[("249.00", "22.41"), ("50", "0")],
        paid=["124.50", "0"],
    )


@pytest.fixture
def billing(client_of):
    return client_of("billing")


def url(name, *args):
    return reverse(f"invoicing:{name}", args=args)


def text_of(response):
    """The words of the page, without markup, white space squeezed."""
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", words).replace("&amp;", "&")


def is_page(response):
    return b"<html" in response.content


# ---- who may what

READERS = ("agent", "billing", "auditor")
ADDRESSES = (
    ("get", "invoice_list", None, "view_invoice", READERS),
    ("get", "invoice", "invoice", "view_invoice", READERS),
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
    paid = factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")])
    client = client_of("agent")
    page = client.get(url("invoice_list"))
    assert is_page(page)
    owner = f"Ümlaut & Sons {partly_paid.organisation.customer_reference}"
    assert f"{owner} Tax invoice Awaiting payment 1 January 2026 SGD 321.41 SGD 196.91" in text_of(page)
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
        rows = client.get(url("invoice_list"), query).context["rows"]
        assert [row.number for row in rows] == [invoice.number for invoice in found], query


def test_the_digits_alone_find_a_number_of_the_series(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    for search in ("1", "0000001", "CN-0000001", "cn-0000001"):
        rows = billing.get(url("credit_note_list"), {"q": search}).context["rows"]
        assert [row.number for row in rows] == [note.number], search
    assert billing.get(url("credit_note_list"), {"q": "2"}).context["rows"] == ()


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
    for query in ({"before": "x"}, {"after": str(2**63)}, {"before": "-1"}):
        assert client.get(url(name), query).status_code == 404, query
    assert client.get(url(name), {"before": str(2**63 - 1), "after": ""}).status_code == 200


def test_pages_by_key_go_down_and_up_again(client_of):
    organisation = factories.OrganisationFactory()
    numbers = [factories.credit_note(organisation).number for _ in range(120)][::-1]
    client = client_of("agent")

    def read(address):
        response = client.get(address)
        return [row.number for row in response.context["rows"]], response.context

    first, context = read(url("credit_note_list") + "?status=sent")
    assert (first, context["newer_url"]) == (numbers[:50], "")
    second, context = read(context["older_url"])
    assert second == numbers[50:100]
    assert "status=sent" in context["newer_url"]
    third, last = read(context["older_url"])
    assert (third, last["older_url"]) == (numbers[100:], "")
    back, again = read(last["newer_url"])
    assert back == numbers[50:100]
    top, context = read(again["newer_url"])
    assert (top, context["newer_url"]) == (numbers[:50], "")


# ---- queries: the same for one row and for many


def test_the_queries_of_each_page(client_of, partly_paid, django_assert_num_queries):
    client = client_of("billing")
    line = partly_paid.lines.first()
    note = factories.credit_note(partly_paid.organisation, line=line, net="10")
    CreditNoteAllocation.objects.create(
        credit_note=note, line=line, currency="SGD", amount=1, created_at=note.created_at, actor="x"
    )
    for _ in range(3):
        factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")], paid=["0"])
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


@pytest.mark.parametrize("status", ["draft", "void"])
def test_a_draft_or_void_invoice_has_nothing_open_and_nothing_to_do(billing, status):
    invoice = factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")], status=status)
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
    other = factories.credit_note(factories.OrganisationFactory())
    client = client_of("auditor")
    page = client.get(url("tab", partly_paid.organisation.uuid))
    assert is_page(page)
    assert partly_paid.number in text_of(page)
    assert note.number in text_of(page)
    assert other.number not in text_of(page)
    assert not is_page(client.get(url("tab", partly_paid.organisation.uuid), headers=HTMX))
    nothing = text_of(client.get(url("tab", factories.OrganisationFactory().uuid)))
    assert "No invoices" in nothing
    assert "No credit notes" in nothing


# ---- writing


def payment_of(invoice, amount, **changed):
    wanted = {
        "request_id": uuid.uuid4(),
        "amount": amount,
        "method": "bank_transfer",
        "received_on": "2026-03-01",
        "reference": "FT 12",
    }
    return wanted | changed


def because(reason="Agreed with Ms Tan."):
    return {"request_id": uuid.uuid4(), "reason": reason}


def draft_of(client, invoice, **changed):
    line = invoice.lines.first()
    data = {"request_id": uuid.uuid4(), "reason": "Line fault", f"whole_{line.pk}": "on"} | changed
    response = client.post(url("create_credit_note", invoice.uuid), data)
    assert response.status_code == 303, text_of(response)
    return CreditNote.objects.latest("pk")


def test_a_payment_is_recorded_and_said(billing, partly_paid):
    form = billing.get(url("record_payment", partly_paid.uuid))
    assert b'value="196.91"' in form.content
    assert "no-store" in form["Cache-Control"]
    data = payment_of(partly_paid, "100")
    response = billing.post(url("record_payment", partly_paid.uuid), data, follow=True)
    assert response.redirect_chain == [(url("invoice", partly_paid.uuid), 303)]
    assert f"SGD 100.00 paid on {partly_paid.number}." in text_of(response)
    again = billing.post(url("record_payment", partly_paid.uuid), data)
    assert again.status_code == 303
    payment = Payment.objects.get(method="bank_transfer")
    assert (payment.amount, payment.actor, payment.reference) == (100, billing.user.username, "FT 12")


def test_htmx_is_sent_on_after_a_write(billing, partly_paid):
    response = billing.post(url("record_payment", partly_paid.uuid), payment_of(partly_paid, "1"), headers=HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (204, url("invoice", partly_paid.uuid))


def test_a_payment_says_which_charges_it_pays(billing, partly_paid):
    first, second = partly_paid.lines.all()
    address = url("record_payment", partly_paid.uuid)
    assert "Say which charges it pays" in text_of(billing.get(address))
    data = payment_of(partly_paid, "60")
    for parts, status, sentence in (
        ({f"charge_{second.pk}": "50.01"}, 409, "SGD 50.01 is more than what is open on this charge: SGD 50.00."),
        ({f"charge_{first.pk}": "60", f"charge_{second.pk}": "1"}, 422, "come to SGD 61.00"),
        ({f"charge_{second.pk}": "-1"}, 422, "be negative"),
    ):
        refused = billing.post(address, data | parts)
        assert (refused.status_code, sentence in text_of(refused)) == (status, True), parts
        assert b'<details class="mb-3" open>' in refused.content
    assert billing.post(address, data | {f"charge_{second.pk}": "50"}).status_code == 303
    assert [line.paid for line in partly_paid.lines.all()] == [D("134.50"), 50]


def test_one_open_charge_leaves_nothing_to_choose(billing):
    invoice = factories.invoice(
        factories.OrganisationFactory(), amounts=[("50", "0"), ("20", "0")], paid=["0", "20"]
    )
    assert "which charges" not in text_of(billing.get(url("record_payment", invoice.uuid)))


def test_what_is_received_above_asks_once(billing, partly_paid):
    address = url("record_payment", partly_paid.uuid)
    sent = payment_of(partly_paid, "200")
    question = billing.post(address, sent)
    assert question.status_code == 409
    assert "Shall the other SGD 3.09 go into Available Credits?" in text_of(question)
    assert "Yes, put SGD 3.09 into Available Credits" in text_of(question)
    assert b'value="196.91"' not in question.content, "what was typed is still there"
    form = pages.form(question, action="/payment/")
    assert billing.post(address, form.data()).status_code == 409, "not agreed yet"
    assert billing.post(address, form.data(into_credits="on", amount="201")).status_code == 409, "another sum"
    assert not LedgerEntry.objects.exists()
    done = billing.post(address, form.data(into_credits="on"), follow=True)
    said = f"SGD 200.00 paid on {partly_paid.number}. SGD 3.09 of it went into Available Credits."
    assert said in text_of(done)
    assert "SGD 200.00 SGD 3.09 into Available Credits" in text_of(done)
    assert LedgerEntry.objects.get().amount == D("3.09")


def test_a_paid_invoice_still_takes_what_comes_in(billing, partly_paid):
    address = url("record_payment", partly_paid.uuid)
    billing.post(address, payment_of(partly_paid, "196.91"))
    assert "This invoice has nothing open: what is received goes into Available Credits." in text_of(
        billing.get(address)
    )
    assert "Record payment" in text_of(billing.get(url("invoice", partly_paid.uuid)))
    question = billing.post(address, payment_of(partly_paid, "5"))
    assert "has nothing open. Shall SGD 5.00 go into Available Credits?" in text_of(question)


def test_a_second_payment_like_the_first_asks_once(billing, partly_paid):
    address = url("record_payment", partly_paid.uuid)
    assert billing.post(address, payment_of(partly_paid, "10")).status_code == 303
    question = billing.post(address, payment_of(partly_paid, "10"))
    assert question.status_code == 409
    assert "SGD 10.00 received on 1 March 2026 with the reference FT 12 was recorded on" in text_of(question)
    form = pages.form(question, action="/payment/")
    assert billing.post(address, form.data()).status_code == 409
    assert billing.post(address, form.data(is_another="on")).status_code == 303
    assert Payment.objects.filter(amount=10).count() == 2


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({"amount": "196.92"}, 409, "more than what is open"),
        ({"amount": "0"}, 422, "must be above zero"),
        ({"amount": "-1"}, 422, "must be above zero"),
        ({"amount": "1.001"}, 422, "expected at most 2, which is what SGD has"),
        ({"amount": "1e1"}, 422, "“1e1” is not an amount"),
        ({"amount": "1_0"}, 422, "“1_0” is not an amount"),
        ({"amount": "１２"}, 422, "“１２” is not an amount"),
        ({"amount": "1,23"}, 422, "“1,23” is not an amount"),
        ({"amount": "USD 1"}, 422, "names another currency; expected an amount in SGD"),
        ({"amount": "NaN"}, 422, "“NaN” is not an amount"),
        ({"amount": " \u200b "}, 422, "required"),
        ({"amount": ""}, 422, "required"),
        ({"method": "credits"}, 422, "valid choice"),
        ({"method": "imported"}, 422, "valid choice"),
        ({"received_on": "2999-01-01"}, 422, "future"),
        ({"received_on": "soon"}, 422, "valid date"),
        ({"reference": "a\nb"}, 422, "one line"),
        ({"reference": "x" * 101}, 422, "at most 100"),
        ({"request_id": "x"}, 422, "valid UUID"),
    ],
)
def test_a_payment_form_says_what_is_wrong(billing, partly_paid, changed, status, sentence):
    response = billing.post(url("record_payment", partly_paid.uuid), payment_of(partly_paid, "1") | changed)
    assert response.status_code == status
    # On top, leading to the field, and at the field; a refusal stands on top alone.
    assert text_of(response).count(sentence) == (1 if status == 409 or "request_id" in changed else 2)
    assert not Payment.objects.filter(method="bank_transfer").exists()


def test_the_form_of_a_note_offers_what_is_left_of_each_charge(billing, partly_paid):
    first, second = partly_paid.lines.all()
    factories.credit_note(partly_paid.organisation, line=first, net="20", tax="1.80")
    factories.credit_note(partly_paid.organisation, line=second, net="50")
    form = billing.get(url("create_credit_note", partly_paid.uuid))
    assert "SGD 249.61 can still be given back, at most SGD 229.00 net and SGD 20.61 tax" in text_of(form)
    assert "Charged SGD 50.00; nothing of it is left to give back." in text_of(form)
    for part in ("whole", "net", "tax"):
        assert f'name="{part}_{first.pk}"'.encode() in form.content
        assert f'name="{part}_{second.pk}"'.encode() not in form.content


def test_the_whole_line_is_drafted_with_one_tick(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    assert (note.number, note.net, note.tax, note.status, note.reason) == (
        "CN-0000001",
        D("249"),
        D("22.41"),
        "draft",
        "Line fault",
    )
    words = text_of(billing.get(url("credit_note", note.uuid)))
    assert "Mark as Sent" in words
    assert "Credit note CN-0000001 drafted." in words


def test_a_part_is_drafted_with_amounts(billing, partly_paid):
    first, second = partly_paid.lines.all()
    data = {
        f"whole_{first.pk}": "",
        f"net_{first.pk}": "10.50",
        f"tax_{first.pk}": "0.95",
        f"whole_{second.pk}": "on",
    }
    note = draft_of(billing, partly_paid, **data)
    assert list(note.lines.values_list("line", "net", "tax")) == [
        (first.pk, D("10.50"), D("0.95")),
        (second.pk, 50, 0),
    ]


def test_the_same_draft_form_sent_again_after_the_note_went_out(billing, partly_paid):
    request_id = uuid.uuid4()
    note = draft_of(billing, partly_paid, request_id=request_id)
    billing.post(url("send_credit_note", note.uuid), because())
    assert draft_of(billing, partly_paid, request_id=request_id) == note
    assert CreditNote.objects.count() == 1


def test_a_credit_note_form_says_what_is_wrong(billing, partly_paid):
    line = partly_paid.lines.first()
    address = url("create_credit_note", partly_paid.uuid)
    base = {"request_id": uuid.uuid4(), "reason": "x"}
    for data, status, sentence in (
        ({}, 422, "at least one charge"),
        ({f"whole_{line.pk}": "on", f"net_{line.pk}": "1"}, 422, "not both"),
        ({f"net_{line.pk}": "249.01"}, 422, "SGD 249.01 net is more than"),
        ({f"net_{line.pk}": "-1"}, 422, "be negative"),
        ({f"whole_{line.pk}": "on", "reason": ""}, 422, "required"),
        ({"net_999999": "1"}, 422, "at least one charge"),
    ):
        response = billing.post(address, base | data)
        assert response.status_code == status, data
        assert sentence in text_of(response), data
    assert not CreditNote.objects.exists()


def test_a_note_is_sent_once_and_the_second_time_says_so(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    address = url("send_credit_note", note.uuid)
    asked = text_of(billing.get(address))
    assert f"It gives back SGD 271.41: Plan on {partly_paid.number}: SGD 271.41" in asked
    assert CreditNote.objects.get().status == "draft"
    form = because()
    response = billing.post(address, form, follow=True)
    assert response.redirect_chain == [(url("credit_note", note.uuid), 303)]
    assert "Credit note CN-0000001 marked as Sent." in text_of(response)
    assert "Marked as Sent because Agreed with Ms Tan." in text_of(response)
    # The double click gets the first answer, another form hears what happened.
    assert billing.post(address, form).status_code == 303
    again = billing.post(address, because())
    assert again.status_code == 409
    assert "CN-0000001 was marked as Sent already." in text_of(again)
    assert not is_page(billing.post(address, because(), headers=HTMX))
    assert "CN-0000001 was marked as Sent already." in text_of(billing.get(address))
    assert CreditNote.objects.get().sending_reason == "Agreed with Ms Tan."


@pytest.mark.parametrize("name", ["send_credit_note", "void_credit_note"])
def test_a_step_without_its_reason_changes_nothing(billing, partly_paid, name):
    note = draft_of(billing, partly_paid)
    for reason, sentence in (("", "required"), ("x" * 301, "at most 300"), ("a\nb", "one line")):
        response = billing.post(url(name, note.uuid), because(reason))
        assert (response.status_code, sentence in text_of(response)) == (422, True), reason
    assert CreditNote.objects.get().status == "draft"


def test_a_note_above_the_caps_is_not_sent(billing, partly_paid):
    first, second = draft_of(billing, partly_paid), draft_of(billing, partly_paid)
    billing.post(url("send_credit_note", first.uuid), because())
    response = billing.post(url("send_credit_note", second.uuid), because())
    assert response.status_code == 409
    assert "only SGD 0.00 is left" in text_of(response)


def test_a_note_is_voided_while_nothing_is_allocated(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    address = url("void_credit_note", note.uuid)
    assert "of SGD 271.41 will give nothing back any more" in text_of(billing.get(address))
    form = because("Written twice.")
    response = billing.post(address, form, follow=True)
    assert "Credit note CN-0000001 voided." in text_of(response)
    assert "Voided because Written twice." in text_of(response)
    assert billing.post(address, form).status_code == 303
    assert billing.post(address, because()).status_code == 409
    assert "CN-0000001 is void already." in text_of(billing.get(address))


def test_a_note_is_allocated_and_the_same_form_again_gets_the_same_answer(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    billing.post(url("send_credit_note", note.uuid), because())
    address = url("allocate", note.uuid)
    form = billing.get(address)
    assert f"{partly_paid.number}: SGD 196.91 open, issued on 1 January 2026" in text_of(form)
    assert b'value="196.91"' in form.content
    data = {"request_id": uuid.uuid4(), "invoice": partly_paid.uuid, "amount": "196.91"}
    response = billing.post(address, data, follow=True)
    assert "SGD 196.91 of CN-0000001 allocated." in text_of(response)
    # By now the invoice is paid and not on the list any more.
    assert billing.post(address, data)["Location"] == url("credit_note", note.uuid)
    partly_paid.refresh_from_db()
    assert (partly_paid.paid, partly_paid.status) == (D("321.41"), "paid")
    assert sum(CreditNoteAllocation.objects.values_list("amount", flat=True)) == D("196.91")
    other = billing.post(address, data | {"request_id": uuid.uuid4(), "amount": "1"})
    assert other.status_code == 409
    assert "nothing open any more" in text_of(other)
    assert "No partly_paid invoice" in text_of(billing.get(address))


def test_an_allocation_form_says_what_is_wrong(billing, partly_paid):
    note = factories.credit_note(partly_paid.organisation)
    foreign = factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")], paid=["0"])
    address = url("allocate", note.uuid)
    base = {"request_id": uuid.uuid4(), "invoice": partly_paid.uuid, "amount": "1"}
    for changed, status, sentence in (
        ({"invoice": "x"}, 422, "Choose one of the list"),
        ({"invoice": ""}, 422, "required"),
        ({"invoice": uuid.uuid4()}, 422, "no such invoice"),
        ({"invoice": foreign.uuid}, 409, "is not an invoice of"),
        ({"amount": "50.01"}, 409, "more than what is left"),
        ({"amount": "0"}, 422, "must be above zero"),
    ):
        response = billing.post(address, base | changed)
        assert response.status_code == status, changed
        assert sentence in text_of(response), changed
    assert not CreditNoteAllocation.objects.exists()
    assert "Nothing to allocate" in text_of(
        billing.get(url("allocate", factories.credit_note(partly_paid.organisation, status="void").uuid))
    )
