"""The pages of the Customer app: with and without htmx, for whom, and in how many queries."""

import html
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from customers import operations
from customers.models import LedgerEntry, Organisation, TopUp
from portal.audit import operations as audit_operations
from portal.audit.models import AuditEntry
from tests.support import pages
from tests.support.factories import MemberFactory, OrganisationFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
NOW = datetime(2026, 3, 10, 17, 0, tzinfo=UTC)
TABS = ("overview", "payment", "members", "history")

ClientOf = Callable[[str], Client]


def at(name: str, organisation: Organisation) -> str:
    return reverse(f"customers:{name}", kwargs={"uuid": organisation.uuid})


def filled(**changed: str) -> dict[str, str]:
    return {
        "direction": "add",
        "amount": "12.50",
        "reason": "Counted twice",
        "request_id": str(uuid.uuid4()),
        "seen_seq": "0",
    } | changed


def post_many(organisation: Organisation, count: int) -> None:
    for number in range(count):
        with audit_operations.operation("test"):
            operations.post_entry(
                account=operations.lock_account(organisation_id=organisation.pk),
                kind="top_up",
                amount=Decimal(1),
                cause_id=None,
                is_unbilled=False,
                at=NOW,
                on=NOW.date(),
                description=f"Top-up {number + 1}",
                actor="test",
            )
            audit_operations.record(
                app="Customers",
                event="Topped up",
                description=f"Sentence {number + 1}",
                by=audit_operations.SYSTEM,
                at=NOW,
                organisation=audit_operations.Affected(organisation.uuid, organisation.name),
            )


def test_the_list_shows_name_status_mode_balance_and_limit(client_of: ClientOf) -> None:
    OrganisationFactory(name="Credit Ltd", account="1234.5", payment_mode="postpaid")
    OrganisationFactory(name="Debit Ltd", account="-5", status="suspended")
    page = client_of("agent").get("/customers/").content.decode()
    assert '<span class="money money-cr">SGD 1,234.50 <abbr title="Credit">CR</abbr></span>' in page
    assert '<span class="money money-dr">SGD 5.00 <abbr title="Debit">DR</abbr></span>' in page
    for words in ("Credit Ltd", "Suspended", "Postpaid", "2 customers", "<!doctype html>"):
        assert words in page


def test_htmx_gets_the_list_alone(client_of: ClientOf) -> None:
    OrganisationFactory(name="Zürich AG")
    client = client_of("agent")
    response = client.get("/customers/?q=zurich", headers=HTMX)
    page = response.content.decode()
    assert "Zürich AG" in page
    assert "<!doctype" not in page
    assert 'hx-swap-oob="innerHTML">1 customer</p>' in page
    assert "HX-Request" in response["Vary"]
    restored = client.get("/customers/?q=zurich", headers=HTMX | {"HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in restored.content.decode()


@pytest.mark.parametrize(("query", "count"), [("", 7), ("company", 7), ("nothinglikeit", 10), ("xy-777", 10)])
def test_the_list_asks_few_questions(
    client_of: ClientOf, django_assert_num_queries: Callable, query: str, count: int
) -> None:
    for number in range(60):
        OrganisationFactory(name=f"Company {number}")
    client = client_of("agent")
    with django_assert_num_queries(count):
        client.get("/customers/", {"q": query})


def test_the_list_asks_few_questions_for_similar_names(
    client_of: ClientOf, django_assert_num_queries: Callable
) -> None:
    for number in range(60):
        OrganisationFactory(name=f"Company {number}")
    for number in range(10):
        OrganisationFactory(name=f"Kompany {number}")
    client = client_of("agent")
    # Words that are alike, who has them, and their rows.
    with django_assert_num_queries(7 + 3):
        client.get("/customers/", {"q": "company", "similar": "1"})


OFFER = re.compile(r'<a href="([^"]*)" hx-get="([^"]*)"[^>]*>Show similar names</a>')


def test_similar_names_are_a_link_at_the_end_of_the_list(client_of: ClientOf) -> None:
    for number in range(5):
        OrganisationFactory(name=f"Delta & Co {number}")
    OrganisationFactory(name="Belta & Co")
    client = client_of("agent")
    page = client.get("/customers/?q=delta+%26+co").content.decode()
    assert "Belta" not in page
    (link,) = OFFER.findall(page)
    assert link == ("/customers/?q=delta%20%26%20co&amp;similar=1",) * 2
    assert page.index("Show similar names") > page.index("Delta &amp; Co 4")
    whole = client.get(html.unescape(link[0])).content.decode()
    part = client.get(html.unescape(link[1]), headers=HTMX).content.decode()
    for shown in (whole, part):
        assert shown.index("Delta &amp; Co 4") < shown.index("Similar to “delta &amp; co”") < shown.index("Belta")
        assert "5 customers, 1 similar" in shown
        assert OFFER.search(shown) is None
    assert "<!doctype" not in part
    assert part.split("</p>", 1)[1].strip() in whole


def test_no_similar_name_is_said_plainly(client_of: ClientOf) -> None:
    OrganisationFactory(name="Delta")
    client = client_of("agent")
    page = client.get("/customers/?q=delta&similar=1").content.decode()
    assert "1 customer, none similar" in page
    assert "No other customer has words that differ by few letters." in page
    nobody = client.get("/customers/?q=zzzzz&similar=1").content.decode()
    assert nobody.count("No customer found") == 2
    assert "Similar to" not in nobody


@pytest.mark.parametrize("similar", ["", "0", "yes", "1\x00"])
def test_a_wish_that_is_none_shows_the_list(client_of: ClientOf, similar: str) -> None:
    OrganisationFactory(name="Delta")
    OrganisationFactory(name="Belta")
    page = client_of("agent").get("/customers/", {"q": "delta", "similar": similar}).content.decode()
    assert "Show similar names" in page
    assert "Belta" not in page


def test_an_empty_list_says_what_to_do(client_of: ClientOf) -> None:
    client = client_of("agent")
    assert "No customers yet" in client.get("/customers/").content.decode()
    OrganisationFactory()
    page = client.get("/customers/", {"q": "<qq>%"}).content.decode()
    assert "No customer found" in page
    assert "&lt;qq&gt;%" in page


@pytest.mark.parametrize("name", TABS)
def test_a_tab_is_a_page_and_a_fragment(client_of: ClientOf, name: str) -> None:
    organisation = OrganisationFactory(name="Acme & Söhne")
    client = client_of("auditor")
    whole = client.get(at(name, organisation)).content.decode()
    part = client.get(at(name, organisation), headers=HTMX).content.decode()
    assert "<h1" in whole
    assert "Acme &amp; Söhne" in whole
    assert 'aria-current="page">' + name.capitalize() in whole
    assert "<!doctype" not in part
    assert part.strip() in whole


@pytest.mark.parametrize(("name", "count"), [("overview", 6), ("payment", 7), ("members", 7), ("history", 7)])
def test_a_tab_asks_few_questions(
    client_of: ClientOf, django_assert_num_queries: Callable, name: str, count: int
) -> None:
    organisation = OrganisationFactory()
    post_many(organisation, 60)
    for _ in range(5):
        MemberFactory(organisation=organisation)
    client = client_of("agent")
    with django_assert_num_queries(count):
        client.get(at(name, organisation))


@pytest.mark.parametrize("name", [*TABS, "header"])
def test_who_does_not_exist_is_not_found(client_of: ClientOf, name: str) -> None:
    client = client_of("agent")
    address = reverse(f"customers:{name}", kwargs={"uuid": uuid.uuid4()})
    assert client.get(address, headers=HTMX).status_code == 404


@pytest.mark.parametrize("name", [*TABS, "header", "correction"])
def test_nobody_reads_without_the_permission(client_of: ClientOf, name: str) -> None:
    organisation = OrganisationFactory()
    assert client_of("").get(at(name, organisation)).status_code == 403
    assert Client().get(at(name, organisation)).status_code == 302


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("auditor", 403), ("billing", 200)])
def test_billing_staff_alone_post_corrections(client_of: ClientOf, role: str, status: int) -> None:
    organisation = OrganisationFactory()
    client = client_of(role)
    assert client.get(at("correction", organisation)).status_code == status
    shown = "Post a correction" in client.get(at("payment", organisation)).content.decode()
    assert shown is (status == 200)
    if status == 403:
        assert client.post(at("correction", organisation), filled()).status_code == 403
        assert not LedgerEntry.objects.exists()


def test_the_overview_shows_how_available_credits_are_made_up(client_of: ClientOf) -> None:
    organisation = OrganisationFactory(account="-20.25", timezone="Pacific/Kiritimati")
    organisation.credit_account.credit_limit = Decimal(100)
    organisation.credit_account.reserved = Decimal("9.75")
    organisation.credit_account.balance = Decimal("-20.25")
    organisation.credit_account.last_seq = 1
    organisation.credit_account.save()
    page = client_of("agent").get(at("overview", organisation)).content.decode()
    for words in ("SGD 70.00", "SGD 20.25 <abbr", "SGD 100.00", "SGD 9.75", "Pacific/Kiritimati", "There it is"):
        assert words in page
    assert str(organisation.uuid) in page
    assert organisation.customer_reference in page


def test_the_ledger_pages_there_and_back(client_of: ClientOf) -> None:
    organisation = OrganisationFactory()
    post_many(organisation, 120)
    client = client_of("agent")
    address = at("payment", organisation)

    def shown(query: str) -> list[str]:
        page = client.get(address + query)
        return [entry.description for entry in page.context["ledger"].entries]

    assert shown("") == [f"Top-up {n}" for n in range(120, 70, -1)]
    assert shown("?before=71") == [f"Top-up {n}" for n in range(70, 20, -1)]
    assert shown("?before=21") == [f"Top-up {n}" for n in range(20, 0, -1)]
    assert shown("?after=20") == shown("?before=71")
    assert shown("?after=70") == shown("?before=x") == shown("?before=" + "9" * 40) == shown("")
    assert client.get(address + "?after=70").context["ledger"].newer is None
    assert client.get(address + "?before=21").context["ledger"].older is None
    assert shown("?before=0") == []


def test_the_history_pages(client_of: ClientOf) -> None:
    organisation = OrganisationFactory(timezone="Asia/Singapore")
    post_many(organisation, 51)
    post_many(OrganisationFactory(), 1)
    client = client_of("auditor")
    first = client.get(at("history", organisation)).context["history"]
    assert [row.description for row in first.rows] == [f"Sentence {n}" for n in range(51, 1, -1)]
    assert first.rows[0].at == "11 March 2026, 01:00"
    second = client.get(f"{at('history', organisation)}?before={first.older}").context["history"]
    assert [row.description for row in second.rows] == ["Sentence 1"]


def test_a_correction_without_htmx_leads_back_to_the_entries(client_of: ClientOf) -> None:
    organisation = OrganisationFactory(account="5")
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
    sent = pages.form(preview, action="/correction/").data()
    response = client.post(at("correction", organisation), sent)
    assert (response.status_code, response["Location"]) == (303, at("payment", organisation))
    page = client.get(response["Location"]).content.decode()
    assert "SGD 12.50 taken from Available Credits." in page
    assert "SGD -12.50" in page
    assert 'SGD 7.50 <abbr title="Debit">DR' in page
    again = client.post(at("correction", organisation), sent)
    assert again.status_code == 303
    assert LedgerEntry.objects.filter(kind="correction").count() == 1


def test_the_preview_leads_back_with_what_was_typed(client_of: ClientOf) -> None:
    organisation = OrganisationFactory()
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
    organisation = OrganisationFactory()
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
    organisation = OrganisationFactory(account="9999999999999")
    response = client_of("billing").post(at("correction", organisation), filled(seen_seq=""))
    assert response.status_code == 422
    assert "larger than an account can hold" in pages.words(response)


@pytest.mark.parametrize(("mode", "is_unbilled"), [("prepaid", False), ("postpaid", True)])
def test_available_credits_are_topped_up_by_hand(client_of: ClientOf, mode: str, is_unbilled: bool) -> None:
    organisation = OrganisationFactory(account="5", payment_mode=mode)
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
    [({"amount": "1.001"}, "decimal"), ({"amount": "0"}, "above zero"), ({"reason": " "}, "required")],
)
def test_a_top_up_that_cannot_be_says_why(client_of: ClientOf, changed: dict[str, str], sentence: str) -> None:
    organisation = OrganisationFactory()
    response = client_of("billing").post(at("top_up", organisation), filled(**changed))
    assert response.status_code == 422
    assert sentence in pages.words(response)
    assert not TopUp.objects.exists()


@pytest.mark.parametrize("role", ["agent", "auditor"])
def test_billing_staff_alone_top_up(client_of: ClientOf, role: str) -> None:
    organisation = OrganisationFactory()
    assert client_of(role).post(at("top_up", organisation), filled()).status_code == 403
    assert "Top up" not in pages.words(client_of(role).get(at("payment", organisation)))
    assert "Top up" in pages.words(client_of("billing").get(at("payment", organisation)))


def test_a_correction_with_htmx_tells_the_page(client_of: ClientOf) -> None:
    organisation = OrganisationFactory()
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
def test_a_wrong_form_is_shown_again(client_of: ClientOf, changed: dict, headers: dict) -> None:
    organisation = OrganisationFactory()
    response = client_of("billing").post(at("correction", organisation), filled(**changed), headers=headers)
    assert response.status_code == 422
    assert "error-summary" in response.content.decode()
    assert not LedgerEntry.objects.exists()


def test_a_used_form_with_other_content_is_refused(client_of: ClientOf) -> None:
    organisation = OrganisationFactory()
    client = client_of("billing")
    sent = filled()
    client.post(at("correction", organisation), sent)
    response = client.post(at("correction", organisation), sent | {"amount": "13"})
    assert response.status_code == 409
    assert LedgerEntry.objects.count() == 1


def test_a_reason_keeps_its_500_characters(client_of: ClientOf) -> None:
    organisation = OrganisationFactory()
    reason = "Zeile\r\n" * 83 + "ü"
    response = client_of("billing").post(at("correction", organisation), filled(reason=reason))
    assert response.status_code == 303
    assert LedgerEntry.objects.get().description == reason.replace("\r\n", "\n")


@pytest.mark.parametrize("name", [*TABS, "header"])
def test_pages_that_read_take_no_post(client_of: ClientOf, name: str) -> None:
    assert client_of("agent").post(at(name, OrganisationFactory())).status_code == 405
