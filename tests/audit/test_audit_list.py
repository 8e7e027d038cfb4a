"""The audit list, its filters, its pages by key and its CSV."""

import csv
import io
import uuid
from datetime import UTC, datetime

import pytest

from portal.audit import selectors
from portal.audit.models import AuditEntry
from portal.lib import lists
from portal.lib.lists import filters, paging
from tests.support import factories, shown

pytestmark = pytest.mark.django_db

ORGANISATION = uuid.UUID("11111111-2222-3333-4444-555555555555")


def entry(**fields) -> AuditEntry:
    return AuditEntry.objects.create(
        **{
            "at": datetime(2026, 3, 10, 9, 0, 5, tzinfo=UTC),
            "app": "Subscriptions",
            "event": "Subscription terminated",
            "description": "It ended.",
            "actor": "anna",
            **fields,
        }
    )


def descriptions(client, **asked) -> list[str]:
    return shown.listed(client.get("/audit/", asked), "Description")


def file_of(response) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_only_who_may_read_the_audit_does(client_of):
    entry()
    for role, status in (("", 403), ("agent", 403), ("billing", 403), ("auditor", 200), ("superuser", 200)):
        client = client_of(role)
        assert client.get("/audit/").status_code == status, role
        file = client.get("/audit/", {"format": "csv"})
        assert (file.status_code, b"".join(file)[:3] == b"\xef\xbb\xbf") == (status, status == 200), role
        assert client.get("/audit/export.csv").status_code == (302 if status == 200 else status), role
        assert client.post("/audit/").status_code == 405


def test_the_list_has_the_columns_of_the_product(client_of, django_assert_num_queries):
    for _ in range(3):
        entry(organisation_uuid=ORGANISATION, organisation_name="Ümlaut & Sons")
    entry(actor="system")
    client = client_of("auditor")
    client.get("/audit/")
    # Session, user, its permissions, group label; provider name; saved filters; apps, events; the entries.
    with django_assert_num_queries(9):
        page = client.get("/audit/")
    table = shown.read(page).table("Audit, newest first")
    assert table.rows[:2] == [
        {
            "App": "Subscriptions",
            "Event": "Subscription terminated",
            "Description": "It ended.",
            "Actor": actor,
            "Affected Organization": organisation,
            "Datetime": "10 March 2026, 09:00 UTC",
        }
        for actor, organisation in (("system", "–"), ("anna", "Ümlaut & Sons"))
    ]
    assert shown.read(page).address("Ümlaut & Sons") == f"/customers/{ORGANISATION}/"


def test_a_sentence_leads_to_what_it_names(client_of):
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")])
    entry(description=f"Paid on {invoice.number}.")
    page = shown.read(client_of("auditor").get("/audit/"))
    assert page.address(invoice.number) == f"/invoices/{invoice.uuid}/"


def test_each_column_is_a_filter(client_of):
    entry(description="first")
    entry(description="Second 50%", app="Invoices", event="Credit note sent", actor="Bob")
    entry(description="third", organisation_uuid=ORGANISATION, organisation_name="Acme Pte Ltd")
    entry(description="fourth", at=datetime(2026, 3, 11, 23, 59, 59, tzinfo=UTC))
    client = client_of("auditor")
    for asked, found in (
        ({"app": "Invoices"}, ["Second 50%"]),
        ({"event": "Credit note sent"}, ["Second 50%"]),
        ({"description": "second 50%"}, ["Second 50%"]),
        ({"description": "%"}, ["Second 50%"]),
        ({"actor": "bo"}, ["Second 50%"]),
        ({"organisation": "acme"}, ["third"]),
        ({"named": "PTE"}, ["third"]),
        ({"organisation": str(ORGANISATION)}, ["third"]),
        ({"organisation": str(ORGANISATION).replace("-", "").upper()}, ["third"]),
        ({"organisation": str(uuid.uuid4())}, []),
        ({"date_from": "2026-03-11"}, ["fourth"]),
        ({"date_to": "2026-03-10"}, ["third", "Second 50%", "first"]),
        ({"date_to": "2026-03-10", "sort": "time"}, ["first", "Second 50%", "third"]),
        ({"date_from": "2026-03-11", "date_to": "2026-03-11"}, ["fourth"]),
        ({"date_from": "2026-03-10", "app": "Invoices"}, ["Second 50%"]),
        ({"date_to": "9999-12-31", "app": "Subscriptions", "actor": "x"}, []),
    ):
        assert descriptions(client, **asked) == found, asked
        # A period is read by the index over time, whichever sort is asked for.
        sort = shown.read(client.get("/audit/", {"sort": "-newest", **asked}))
        if found and ("date_from" in asked or "date_to" in asked):
            assert [table.caption.partition(",")[2][:8] for table in sort.tables] == [" by time"], asked


def test_the_filters_offer_what_there_is():
    for app in ("Subscriptions", "Invoices", "Subscriptions", "something"):
        entry(app=app, event=f"{app} event")
    assert selectors.apps() == ("Invoices", "Subscriptions", "something")
    assert selectors.events() == ("Invoices event", "Subscriptions event", "something event")


@pytest.mark.parametrize("asked", [{"actor": "anna & co"}, {"app": "Subscriptions"}, {"date_to": "2026-03-31"}])
def test_pages_go_by_key_in_both_directions_and_keep_the_filters(client_of, asked):
    for number in range(120):
        entry(description=str(number), actor="anna & co")
        entry(description="other", actor="bob", app="Other", at=datetime(2026, 4, 1, tzinfo=UTC))
    newest = [str(number) for number in range(119, -1, -1)]
    client = client_of("auditor")

    def read(response):
        return shown.listed(response, "Description"), shown.beside(response)

    first, to = read(client.get("/audit/", asked))
    assert (first, list(to)) == (newest[:50], ["Next"])
    second, to = read(client.get(to["Next"]))
    third, last = read(client.get(to["Next"]))
    assert (second, third, list(last)) == (newest[50:100], newest[100:], ["Previous"])
    back, again = read(client.get(last["Previous"]))
    assert back == second
    assert read(client.get(again["Previous"]))[0] == first


def test_htmx_gets_the_list_alone(client_of):
    entry()
    client = client_of("auditor")
    part = client.get("/audit/", HTTP_HX_REQUEST="true")
    assert "<html" not in part.content.decode()
    assert "It ended." in part.content.decode()
    assert "HX-Request" in part["Vary"]
    whole = client.get("/audit/", HTTP_HX_REQUEST="true", HTTP_HX_HISTORY_RESTORE_REQUEST="true")
    assert "<html" in whole.content.decode()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("before=x", 404),
        ("after=99999999999999999999999", 404),
        ("organisation=nope", 200),
        ("description=%00", 422),
        ("app=unknown", 422),
        ("date_from=31.12.2026", 422),
    ],
)
def test_whatever_is_asked_is_answered(client_of, query, status):
    assert client_of("auditor").get(f"/audit/?{query}").status_code == status


def test_a_reversed_period_is_said_beside_its_field(client_of):
    client = client_of("auditor")
    asked = {"date_from": "2026-03-10", "date_to": "2026-03-09"}
    for more in ({}, {"format": "csv"}):
        response = client.get("/audit/", {**asked, **more})
        assert response.status_code == 422
        assert response.context["shown"].form.errors == {
            "date_to": ["This day is too early; expected 10 March 2026 or a later day."]
        }
    assert 'id="error_1_id_date_to"' in client.get("/audit/", asked).content.decode()
    assert client.get("/audit/", {**asked, "date_to": "2026-03-10"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "asked", "is_found"),
    [
        ("Zürich AG", "zurich", True),
        ("Zürich AG", "ZÜRICH a", True),
        ("Łódź Telefonia", "lodz", True),
        ("東京電話", "dongjing", True),
        ("Zürich AG", "basel", False),
        ("10% Club", "10%", True),
        ("Acme", "%", False),
        ("Acme", "!!", False),
    ],
)
def test_an_organisation_is_found_as_the_search_finds_it(client_of, name, asked, is_found):
    owner = factories.OrganisationFactory.create(name=name)
    # It had another name then, by which it is found too.
    entry(organisation_uuid=owner.uuid, organisation_name="Former Ltd")
    client = client_of("auditor")
    for organisation, expected in ((asked, is_found), ("former", True), ("nobody", False)):
        assert bool(descriptions(client, organisation=organisation)) is expected, organisation


def test_a_name_of_too_many_organisations_is_refused(client_of, monkeypatch):
    monkeypatch.setattr(filters, "MOST_MEANT", 1)
    for number in range(2):
        owner = factories.OrganisationFactory.create(name=f"Acme {number}")
        entry(organisation_uuid=owner.uuid, organisation_name=owner.name)
    client = client_of("auditor")
    assert "More than 1 customers match “acme”" in client.get("/audit/?organisation=acme").content.decode()
    assert descriptions(client, organisation="acme 1") == ["It ended."]


def test_an_empty_list_says_why(client_of):
    client = client_of("auditor")
    assert "Nothing was done yet" in client.get("/audit/").content.decode()
    assert "No entry matches" in client.get("/audit/?actor=nobody").content.decode()


def test_the_csv_is_the_filtered_list_and_runs_no_formula(client_of, django_assert_num_queries):
    for start in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", 'plain, with a "quote"'):
        entry(description=start, actor="=cmd")
    entry(description="other", app="Invoices")
    client = client_of("auditor")
    # Where it was before.
    address = client.get("/audit/export.csv?app=Subscriptions&actor=")["Location"]
    response = client.get(address)
    assert response.streaming
    assert response["Content-Disposition"] == 'attachment; filename="audit.csv"'
    with django_assert_num_queries(1):
        rows = file_of(response)
    assert [row["Description"] for row in rows] == [
        'plain, with a "quote"',
        "'\tx",
        "'@SUM(A1)",
        "'-1",
        "'+1",
        "'=1+1",
    ]
    assert rows[0] == {
        "App": "Subscriptions",
        "Event": "Subscription terminated",
        "Description": 'plain, with a "quote"',
        "Actor": "'=cmd",
        "Affected Organization": "",
        "Organization UUID": "",
        "Datetime": "2026-03-10T09:00:05+00:00",
    }


def test_the_csv_is_read_in_batches():
    AuditEntry.objects.bulk_create(
        AuditEntry(at=datetime(2026, 3, 1, tzinfo=UTC), app="a", event="e", description=str(n), actor="x")
        for n in range(25)
    )
    batches = list(paging.everything(selectors.entries(), sort=lists.NEWEST, batch=10))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert [row.description for batch in batches for row in batch] == [str(n) for n in range(24, -1, -1)]


def test_apps_are_found_through_the_index(django_assert_num_queries):
    entry()
    with django_assert_num_queries(1):
        selectors.apps()
