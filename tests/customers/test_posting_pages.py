"""Corrections and top-ups on a customer's pages: the preview, what is refused, and what is said."""

from decimal import Decimal

import pytest

from customers.models import LedgerEntry, TopUp
from portal.audit.models import AuditEntry
from tests.customers.pages import HTMX, ClientOf, at, filled, post_many
from tests.support import pages
from tests.support.factories import OrganisationFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("auditor", 403), ("billing", 200)])
def test_billing_staff_alone_post_corrections(client_of: ClientOf, role: str, status: int) -> None:
    organisation = OrganisationFactory.create()
    client = client_of(role)
    assert client.get(at("correction", organisation)).status_code == status
    shown = "Post a correction" in client.get(at("payment", organisation)).content.decode()
    assert shown is (status == 200)
    if status == 403:
        assert client.post(at("correction", organisation), filled()).status_code == 403
        assert not LedgerEntry.objects.exists()


def test_a_correction_without_htmx_leads_back_to_the_entries(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create(account="5")
    client = client_of("billing")
    form = client.get(at("correction", organisation))
    assert form["Cache-Control"].count("no-store")
    sent = filled(direction="take", request_id=str(form.context["form"]["request_id"].value()), seen_seq="")
    preview = client.post(at("correction", organisation), sent)
    assert (preview.status_code, LedgerEntry.objects.filter(kind="correction").exists()) == (200, False)
    assert "no-store" in preview["Cache-Control"]
    words = pages.words(preview)
    assert "Taken from Available Credits SGD 12.50 Reason Counted twice Balance now SGD 5.00 CR" in words
    assert "Balance after posting SGD 7.50 DR" in words
    posted = pages.form(preview, action="/correction/").data()
    response = client.post(at("correction", organisation), posted)
    assert (response.status_code, response["Location"]) == (303, at("payment", organisation))
    page = client.get(response["Location"]).content.decode()
    assert "SGD 12.50 taken from Available Credits." in page
    assert "SGD -12.50" in page
    assert 'SGD 7.50 <abbr title="Debit">DR' in page
    again = client.post(at("correction", organisation), posted)
    assert again.status_code == 303
    assert LedgerEntry.objects.filter(kind="correction").count() == 1


def test_the_preview_leads_back_with_what_was_typed(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create()
    client = client_of("billing")
    preview = client.post(at("correction", organisation), filled(seen_seq=""))
    back = client.post(
        at("correction", organisation), pages.form(preview, action="/correction/").data() | {"again": "1"}
    )
    assert back.status_code == 200
    form = pages.form(back, action="/correction/")
    assert form.data()["amount"] == ["12.50"]
    assert form.data()["seen_seq"] == [""], "what was seen is seen no more"
    assert not LedgerEntry.objects.exists()


def test_an_entry_that_came_in_meanwhile_shows_the_new_balance(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create()
    client = client_of("billing")
    sent = pages.form(
        client.post(at("correction", organisation), filled(seen_seq="")), action="/correction/"
    ).data()
    post_many(organisation, 1)
    response = client.post(at("correction", organisation), sent)
    assert response.status_code == 409
    assert "Another entry came in meanwhile" in pages.words(response)
    assert "Balance now SGD 1.00 CR Balance after posting SGD 13.50" in pages.words(response)
    assert (
        client.post(at("correction", organisation), pages.form(response, action="/correction/").data()).status_code
        == 303
    )


def test_a_balance_that_no_account_can_hold_is_no_preview(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create(account="9999999999999")
    response = client_of("billing").post(at("correction", organisation), filled(seen_seq=""))
    assert response.status_code == 422
    assert "larger than an account can hold" in pages.words(response)


@pytest.mark.parametrize(("mode", "is_unbilled"), [("prepaid", False), ("postpaid", True)])
def test_available_credits_are_topped_up_by_hand(client_of: ClientOf, mode: str, is_unbilled: bool) -> None:
    organisation = OrganisationFactory.create(account="5", payment_mode=mode)
    client = client_of("billing")
    address = at("top_up", organisation)
    asked = pages.form(client.get(address), action="/top-up/")
    preview = client.post(address, asked.data(amount="12.50", reason="Paid at the counter."))
    assert "Balance after posting SGD 17.50" in pages.words(preview)
    sent = pages.form(preview, action="/top-up/").data()
    for _ in range(2):
        response = client.post(address, sent)
        assert (response.status_code, response["Location"]) == (303, at("payment", organisation))
    made = TopUp.objects.get()
    assert (made.amount, made.reason, made.actor) == (
        Decimal("12.50"),
        "Paid at the counter.",
        client.user.username,
    )
    entry = LedgerEntry.objects.get(kind="top_up")
    assert (entry.pk, entry.cause_id, entry.amount, entry.after) == (
        made.entry_id,
        made.uuid,
        Decimal("12.50"),
        Decimal("17.50"),
    )
    assert entry.is_unbilled is is_unbilled
    audit = AuditEntry.objects.get(event="Topped up")
    assert audit.description == "SGD 12.50 added to Available Credits: Paid at the counter."
    assert audit.organisation_uuid == organisation.uuid


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [({"amount": "1.001"}, "decimal"), ({"amount": "0"}, "too little"), ({"reason": " "}, "This is empty")],
)
def test_a_top_up_that_cannot_be_says_why(client_of: ClientOf, changed: dict[str, str], sentence: str) -> None:
    organisation = OrganisationFactory.create()
    response = client_of("billing").post(at("top_up", organisation), filled(**changed))
    assert response.status_code == 422
    assert sentence in pages.words(response)
    assert not TopUp.objects.exists()


@pytest.mark.parametrize("role", ["agent", "auditor"])
def test_billing_staff_alone_top_up(client_of: ClientOf, role: str) -> None:
    organisation = OrganisationFactory.create()
    assert client_of(role).post(at("top_up", organisation), filled()).status_code == 403
    assert "Top up" not in pages.words(client_of(role).get(at("payment", organisation)))
    assert "Top up" in pages.words(client_of("billing").get(at("payment", organisation)))


def test_a_correction_with_htmx_tells_the_page(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create()
    client = client_of("billing")
    response = client.post(at("correction", organisation), filled(), headers=HTMX)
    assert response.status_code == 204
    for event in ("close-dialog", "credits-changed", "SGD 12.50 added to Available Credits."):
        assert event in response["HX-Trigger"]
    header = client.get(at("header", organisation), headers=HTMX).content.decode()
    assert "SGD 12.50" in header
    assert client.get(at("header", organisation)).status_code == 302


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "NaN"},
        {"amount": "1e400"},
        {"amount": "1.0000001"},
        {"amount": "1234567890123"},
        {"amount": "a"},
        {"amount": ""},
        {"direction": "both"},
        {"direction": ""},
        {"reason": " \u200b "},
        {"reason": "x" * 501},
        {"reason": "a\x00b"},
        {"reason": "a\x07b"},
        {"request_id": "x"},
        {"request_id": ""},
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_wrong_form_is_shown_again(client_of: ClientOf, changed: dict[str, str], headers: dict[str, str]) -> None:
    organisation = OrganisationFactory.create()
    response = client_of("billing").post(at("correction", organisation), filled(**changed), headers=headers)
    assert response.status_code == 422
    assert "error-summary" in response.content.decode()
    assert not LedgerEntry.objects.exists()


def test_a_used_form_with_other_content_is_refused(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create()
    client = client_of("billing")
    sent = filled()
    client.post(at("correction", organisation), sent)
    response = client.post(at("correction", organisation), sent | {"amount": "13"})
    assert response.status_code == 409
    assert LedgerEntry.objects.count() == 1


def test_a_reason_keeps_its_500_characters(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create()
    reason = "Zeile\r\n" * 83 + "ü"
    response = client_of("billing").post(at("correction", organisation), filled(reason=reason))
    assert response.status_code == 303
    assert LedgerEntry.objects.get().description == reason.replace("\r\n", "\n")
