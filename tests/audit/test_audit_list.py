"""The audit list, its filters, its pages by key and its CSV."""

import csv
import io
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.audit import selectors
from portal.audit.models import AuditEntry
from tests.support import factories

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


def descriptions(**filters) -> list[str]:
    page = selectors.entries(filters=selectors.Filters(**filters))
    return [row.description for row in page.rows]


def test_only_who_may_read_the_audit_does(client_of):
    entry()
    for role, status in (("", 403), ("agent", 403), ("billing", 403), ("auditor", 200), ("superuser", 200)):
        client = client_of(role)
        assert client.get("/audit/").status_code == status, role
        assert client.get("/audit/export.csv").status_code == status, role
        assert client.post("/audit/").status_code == 405


def test_the_list_has_the_columns_of_the_product(client_of, django_assert_num_queries):
    for _ in range(3):
        entry(organisation_uuid=ORGANISATION, organisation_name="Ümlaut & Sons")
    client = client_of("auditor")
    client.get("/audit/")
    # Session, user, its permissions, group label; provider name; apps, events; the entries.
    with django_assert_num_queries(8):
        page = client.get("/audit/").content.decode()
    columns = ("App", "Event", "Description", "Actor", "Affected Organization", "Datetime")
    assert "".join(f'<th scope="col">{column}</th>' for column in columns) in page
    assert "10 March 2026, 09:00:05 UTC" in page
    assert "Ümlaut &amp; Sons" in page
    assert f"/customers/{ORGANISATION}/" in page


def test_each_column_is_a_filter():
    entry(description="first")
    entry(description="Second 50%", app="Invoices", event="Credit note sent", actor="Bob")
    entry(description="third", organisation_uuid=ORGANISATION, organisation_name="Acme Pte Ltd")
    entry(description="fourth", at=datetime(2026, 3, 11, 23, 59, 59, tzinfo=UTC))
    assert descriptions(app="Invoices") == ["Second 50%"]
    assert descriptions(app="invoices") == []
    assert descriptions(event="Credit note sent") == ["Second 50%"]
    assert descriptions(description="second 50%") == ["Second 50%"]
    assert descriptions(description="%") == ["Second 50%"]
    assert descriptions(actor="bo") == ["Second 50%"]
    assert descriptions(organisation="acme") == ["third"]
    assert descriptions(organisation=str(ORGANISATION)) == ["third"]
    assert descriptions(from_on=date(2026, 3, 11)) == ["fourth"]
    assert descriptions(to_on=date(2026, 3, 10)) == ["third", "Second 50%", "first"]
    assert descriptions(from_on=date(2026, 3, 11), to_on=date(2026, 3, 11)) == ["fourth"]
    assert descriptions(to_on=date(9999, 12, 31), app="Subscriptions", actor="x") == []


def test_the_filters_offer_what_there_is():
    for app in ("Subscriptions", "Invoices", "Subscriptions", "something"):
        entry(app=app, event=f"{app} event")
    assert selectors.apps() == ("Invoices", "Subscriptions", "something")
    assert selectors.events() == ("Invoices event", "Subscriptions event", "something event")
    assert len(selectors.entries(filters=selectors.Filters(app="Subscriptions")).rows) == 2


def test_pages_go_by_key_in_both_directions():
    made = [entry(description=str(number)) for number in range(120)]
    everything = selectors.Filters()
    first = selectors.entries(filters=everything)
    assert [row.description for row in first.rows] == [str(number) for number in range(119, 69, -1)]
    assert (first.newer, first.older) == (None, made[70].pk)
    second = selectors.entries(filters=everything, before=first.older)
    third = selectors.entries(filters=everything, before=second.older)
    assert [row.description for row in third.rows] == [str(number) for number in range(19, -1, -1)]
    assert third.older is None
    assert selectors.entries(filters=everything, after=third.newer).rows == second.rows
    back = selectors.entries(filters=everything, after=second.newer)
    assert back.rows == first.rows
    assert back.newer is None


def test_the_links_of_a_page_keep_the_filters(client_of):
    for number in range(60):
        entry(description=f"row {number}", actor="anna & co")
    client = client_of("auditor")
    page = client.get("/audit/", {"actor": "anna & co"}).content.decode()
    assert "actor=anna+%26+co&amp;before=" in page
    assert "/audit/export.csv?actor=anna+%26+co" in page


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
    "query",
    [
        "before=x",
        "after=-1",
        "before=99999999999999999999999",
        "organisation=nope",
        "description=%00",
        "app=unknown",
    ],
)
def test_whatever_is_asked_the_answer_is_a_page(client_of, query):
    assert client_of("auditor").get(f"/audit/?{query}").status_code in (200, 422)


def test_bad_filters_are_refused_in_words(client_of):
    client = client_of("auditor")
    for path in ("/audit/", "/audit/export.csv"):
        response = client.get(path, {"date_from": "31.12.2026 or so"})
        assert response.status_code == 422
        assert "Enter a valid date." in response.content.decode()


def test_a_reversed_period_is_said_beside_its_field(client_of):
    client = client_of("auditor")
    asked = {"date_from": "2026-03-10", "date_to": "2026-03-09"}
    for path in ("/audit/", "/audit/export.csv"):
        response = client.get(path, asked)
        assert response.status_code == 422
        said = response.context["form"].errors
        assert said == {"date_to": ["The period would end before it begins: choose 10 March 2026 or a later day."]}
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
        page = client.get("/audit/", {"organisation": organisation})
        assert ("It ended." in page.content.decode()) is expected, organisation


def test_an_empty_list_says_why(client_of):
    client = client_of("auditor")
    assert "Nothing was done yet" in client.get("/audit/").content.decode()
    assert "No entry matches" in client.get("/audit/?actor=nobody").content.decode()


def test_the_csv_is_the_filtered_list_and_runs_no_formula(client_of, monkeypatch):
    monkeypatch.setattr(selectors, "ENTRIES_PER_BATCH", 2)
    for start in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", 'plain, with a "quote"'):
        entry(description=start, actor="=cmd")
    entry(description="other", app="Invoices")
    response = client_of("auditor").get("/audit/export.csv?app=Subscriptions")
    assert response.streaming
    assert response["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode(), newline="")))
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


def test_the_csv_is_read_in_batches(django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(selectors, "ENTRIES_PER_BATCH", 10)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    AuditEntry.objects.bulk_create(
        AuditEntry(at=start + timedelta(hours=n), app="a", event="e", description=str(n), actor="x")
        for n in range(25)
    )
    with django_assert_num_queries(4):
        found = [e.description for e in selectors.all_entries(filters=selectors.Filters())]
    assert found == [str(n) for n in range(24, -1, -1)]


def test_apps_are_found_through_the_index(django_assert_num_queries):
    entry()
    with django_assert_num_queries(1):
        selectors.apps()
