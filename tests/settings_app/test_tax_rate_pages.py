"""The pages of the tax rates: who may, what they say, and what is refused beside which field."""

import datetime as dt

import pytest

from portal.audit.models import AuditEntry
from settings_app.models import TaxRate
from tests.support import pages, shown

LIST, ADD = "/settings/tax-rates/", "/settings/tax-rates/add/"
RATE = {"country": "sg", "name": "GST", "per_cent": "8.875", "begins_on": "2024-01-01"}


@pytest.mark.django_db
def test_without_rates_the_page_says_what_to_do(client_of):
    page = client_of("superuser").get(LIST).content.decode()
    assert "No tax rates yet" in page
    assert f'href="{ADD}"' in page
    reading = client_of("auditor").get(LIST).content.decode()
    assert "A superuser adds them." in reading
    assert ADD not in reading


@pytest.mark.django_db(transaction=True)
def test_a_rate_is_added_once_listed_and_withdrawn(client_of, django_assert_num_queries):
    client = client_of("superuser")
    for _ in range(2):
        response = client.post(ADD, RATE)
        assert (response.status_code, response["Location"]) == (303, LIST)
    assert client.post(ADD, {**RATE, "per_cent": "9", "begins_on": "9998-01-01"}).status_code == 303
    TaxRate.objects.create(country="SG", name="GST", per_cent=8, begins_on=dt.date(2023, 1, 1))
    client.get(LIST)
    # Session, user, rates, the name of the provider.
    with django_assert_num_queries(4):
        page = client.get(LIST)
    cells = [{name: row[name] for name in ("Country", "Name", "Rate", "Begins on", "State")} for row in _rows(page)]
    assert cells == [
        {"Country": "SG", "Name": "GST", "Rate": rate, "Begins on": begins, "State": state}
        for rate, begins, state in (
            ("9 %", "1 January 9998", "To come"),
            ("8.875 %", "1 January 2024", "In force"),
            ("8 %", "1 January 2023", "Over"),
        )
    ]
    form = pages.form(page, action="/withdraw/")
    done = client.post(form.action, form.data(), follow=True)
    assert "SG: GST 9\xa0% from 1 January 9998 on was withdrawn." in done.content.decode()
    again = client.post(form.action, form.data())
    assert again.status_code == 404
    assert "It was withdrawn already." in again.content.decode()
    begun = TaxRate.objects.get(begins_on="2024-01-01")
    refused = client.post(f"{LIST}{begun.pk}/withdraw/")
    assert refused.status_code == 409
    assert "from 1 January 2024 on has begun" in refused.content.decode()
    assert [entry.event for entry in AuditEntry.objects.filter(app="Portal Settings").order_by("pk")] == [
        "Tax rate added",
        "Tax rate added",
        "Changed outside an operation",
        "Tax rate withdrawn",
    ]


def _rows(page):
    return shown.read(page).table("Tax rates by country, the youngest first").rows


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"country": ""}, "country", "This is empty; expected a country code such as SG."),
        ({"country": "ZZ"}, "country", "“ZZ” is not a country; expected an ISO 3166-1 alpha-2 code such as SG."),
        ({"country": "S1"}, "country", "“S1” is not a country; expected an ISO 3166-1 alpha-2 code such as SG."),
        ({"name": "\u200b"}, "name", "This is empty; expected a text of at most 40 characters."),
        ({"per_cent": ""}, "per_cent", "This is empty; expected a number from 0 to 100, such as 9 or 8.875."),
        ({"per_cent": "100.0001"}, "per_cent", "“100.0001” is too much; expected 100 or less."),
        ({"per_cent": "-1"}, "per_cent", "“-1” is too little; expected 0 or more."),
        ({"begins_on": "soon"}, "begins_on", "“soon” is not a date"),
        ({"begins_on": "2023-01-01"}, "begins_on", "SG has another rate from 1 January 2023 on"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(client_of, changes, field, sentence):
    TaxRate.objects.create(country="SG", name="GST", per_cent=8, begins_on=dt.date(2023, 1, 1))
    response = client_of("superuser").post(ADD, {**RATE, **changes})
    assert response.status_code == 422
    assert any(sentence in error for error in response.context["form"].errors[field])
    assert sentence in response.content.decode()
    assert TaxRate.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("per_cent", ["0", "100", "0.0001"])
def test_the_least_and_the_most_are_rates(client_of, per_cent, transactional_db):
    assert client_of("superuser").post(ADD, {**RATE, "per_cent": per_cent}).status_code == 303
    assert f"{TaxRate.objects.get().per_cent.normalize():f}" == per_cent
