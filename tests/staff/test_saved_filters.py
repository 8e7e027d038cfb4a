"""Filters of a list are saved by name, for oneself or for all, and removed by whoever saved them."""

import pytest
from django.contrib.auth.models import User

from portal.audit.models import AuditEntry
from portal.staff.models import SavedFilter
from portal.staff.operations import saved_filters
from tests.support import pages, shown

pytestmark = pytest.mark.django_db
LIST = "/invoices/"


def saved_of(client, address=LIST):
    return {link.words: link.address for link in shown.read(client.get(address)).links if "status=" in link.address}


def save(client, **fields):
    given = {"address": LIST, "query": "status=paid", "name": "Paid ones", **fields}
    return client.post("/saved-filters/", given)


def test_a_filter_is_offered_for_saving_once_something_is_asked(client_of):
    client = client_of("billing")
    assert "Save" not in shown.read(client.get(LIST)).buttons
    page = client.get(LIST, {"status": "paid", "sort": "-issued", "after": "2026-01-01~5", "sums": "total"})
    form = pages.form(page, action="/saved-filters/")
    assert form.fields["query"] == ["status=paid&sort=-issued"]


def test_ones_own_filter_stands_above_the_list_and_can_be_removed(client_of):
    client = client_of("billing")
    answer = save(client)
    assert (answer.status_code, answer["Location"]) == (303, f"{LIST}?status=paid")
    page = client.get(answer["Location"])
    assert "The filter “Paid ones” was saved." in pages.words(page)
    assert saved_of(client) == {"Paid ones": f"{LIST}?status=paid"}
    assert saved_of(client, "/payments/") == {}
    kept = SavedFilter.objects.get()
    # The same name again is a change of it.
    save(client, query="status=void")
    assert saved_of(client) == {"Paid ones": f"{LIST}?status=void"}
    answer = client.post(f"/saved-filters/{kept.pk}/remove/")
    assert (answer.status_code, answer["Location"]) == (303, LIST)
    assert saved_of(client) == {}
    assert list(AuditEntry.objects.filter(event__startswith="Filter").values_list("description", flat=True)) == [
        "The filter “Paid ones” of /invoices/ was removed.",
        "The filter “Paid ones” of /invoices/ was saved.",
        "The filter “Paid ones” of /invoices/ was saved.",
    ]


def test_others_see_what_is_shared_and_cannot_remove_it(client_of):
    billing, auditor = client_of("billing"), client_of("auditor")
    save(billing)
    save(billing, name="For all", is_shared="on", query="status=void")
    assert saved_of(auditor) == {"For all": f"{LIST}?status=void"}
    page = auditor.get(LIST)
    assert "For all by billing" in pages.words(page)
    assert not any(button.startswith("Remove the filter") for button in shown.read(page).buttons)
    for kept in SavedFilter.objects.all():
        assert auditor.post(f"/saved-filters/{kept.pk}/remove/").status_code == 404
    assert SavedFilter.objects.count() == 2
    User.objects.filter(pk=billing.user.pk).update(is_active=False)
    assert saved_of(auditor) == {}, "whose it is may no longer log in"


@pytest.mark.parametrize(
    ("fields", "says"),
    [({"name": ""}, "The filter was not saved. Name:"), ({"name": "x" * 61}, "The filter was not saved. Name:")],
)
def test_a_name_that_cannot_be_used_is_said(client_of, fields, says):
    client = client_of("billing")
    answer = save(client, **fields)
    assert answer["Location"] == f"{LIST}?status=paid"
    assert says in pages.words(client.get(answer["Location"]))
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example/", "//elsewhere.example/", "/nowhere/", "/help/", ""]
)
def test_only_a_list_has_filters(client_of, address):
    assert save(client_of("billing"), address=address).status_code == 404
    assert not SavedFilter.objects.exists()


def test_there_is_an_end_to_them(client_of, monkeypatch):
    monkeypatch.setattr(saved_filters, "MOST", 1)
    client = client_of("billing")
    save(client)
    answer = save(client, name="Another")
    assert "remove one first" in pages.words(client.get(answer["Location"]))
    assert SavedFilter.objects.get().name == "Paid ones"
