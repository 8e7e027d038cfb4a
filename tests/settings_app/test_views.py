"""The pages of the Portal Config and its versions."""

import datetime as dt

import pytest
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.lib.days import moment
from settings_app import selectors
from settings_app.models import AdministrativeFee, ConfigHead, PortalConfigVersion
from tests.settings_app.sending import CONFIG, form_data
from tests.support import factories, pages, shown


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "readers", "writers"),
    [
        (CONFIG, {"auditor", "superuser"}, {"superuser"}),
        ("/settings/versions/", {"auditor", "superuser"}, set()),
        ("/settings/reasons/", {"auditor", "superuser"}, set()),
        ("/settings/reasons/add/", {"superuser"}, {"superuser"}),
    ],
)
def test_who_may_read_and_who_may_write(client_of, path, readers, writers):
    for role in ("", "agent", "billing", "auditor", "superuser"):
        client = client_of(role)
        assert client.get(path).status_code == (200 if role in readers else 403), role
        expected = 422 if role in writers else 405 if not writers else 403
        assert client.post(path, {}).status_code == expected, role


@pytest.mark.django_db
def test_nobody_is_sent_to_the_log_in(client):
    response = client.get(CONFIG)
    assert (response.status_code, response["Location"]) == (302, f"/log-in/?next={CONFIG}")


@pytest.mark.django_db
def test_the_page_says_the_words_of_the_product(client_of, django_assert_num_queries):
    client = client_of("superuser")
    client.get(CONFIG)
    # Session, user; version with fees, and the name of the provider in it; products; who saved it. What is due
    # tonight is counted where the days are changed, not at every look.
    with django_assert_num_queries(5):
        page = client.get(CONFIG).content.decode()
    for words in (
        "Termination Method",
        "Termination by Credit Note",
        "Simplified termination",
        "Subscription Policy",
        "Allow Refund",
        "Refund method",
        "Full refund within (days)",
        "Reactivation days",
        "Number reservation (days)",
        "In the EU a customer may port a number for at least a month after the end of the contract.",
        "Use the note now",
        "to the partner",
        "to customers with the partner in copy",
        "Provider name",
        "Notification address",
        "Administrative fees",
    ):
        assert words in page, words
    assert 'value="21.40"' in page


@pytest.mark.django_db
def test_an_auditor_reads_without_a_form(client_of):
    page = client_of("auditor").get(CONFIG).content.decode()
    assert "Administrative fee in SGD" in page
    assert "21.40" in page
    assert 'name="allow_refund"' not in page


@pytest.mark.django_db(transaction=True)
def test_saving_leads_back_to_the_page_and_says_so(client_of):
    client = client_of("superuser")
    response = client.post(CONFIG, form_data(full_refund_days="", allow_refund=None))
    assert (response.status_code, response["Location"]) == (303, CONFIG)
    page = client.get(CONFIG).content.decode()
    assert "Portal Config saved as version 2." in page
    assert "Version 2 is in force" in page
    config = selectors.current_config()
    assert (config.allow_refund, config.full_refund_days) == (False, None)
    listed = client.get("/settings/versions/").content.decode()
    assert "Full refund within (days): 14 → off" in listed
    assert client.user.username in listed


@pytest.mark.django_db(transaction=True)
def test_how_many_would_end_tonight_is_said_before_reactivation_days_are_saved(client_of):
    client = client_of("superuser")
    today = timezone.now().date()
    for days, auto_renew in ((40, False), (20, False), (20, False), (20, True), (5, False)):
        factories.subscription(
            cycles=(factories.C("2025-01-01"),), expires_on=today - dt.timedelta(days=days), auto_renew=auto_renew
        )
    told = "you are told how many subscriptions would be due in the clean-up of tonight"
    assert told in pages.words(client.get(CONFIG))
    asked = client.post(CONFIG, form_data(reactivation_days="10"))
    assert asked.status_code == 422
    said = pages.words(asked)
    assert "Nothing was saved yet: more would be terminated" in said
    # What is held is not among them.
    assert "With 10 reactivation days 3 subscriptions would be due in the clean-up of tonight; with 28, " in said
    assert "with 28, as now, 1." in said
    assert selectors.current_config().number == 1
    # Another number is another question; the same one, sent again, is the answer.
    again = form_data(reactivation_days="2", confirmed_days="10")
    assert "With 2 reactivation days 4 subscriptions" in pages.words(client.post(CONFIG, again))
    assert 'name="confirmed_days" value="10"' in asked.content.decode()
    assert client.post(CONFIG, form_data(reactivation_days="10", confirmed_days="10")).status_code == 303
    assert selectors.current_config().reactivation_days == 10
    # Fewer than now: nothing to ask.
    assert client.post(CONFIG, form_data(reactivation_days="60", seen_version="2")).status_code == 303


@pytest.mark.django_db(transaction=True)
def test_numbers_are_reserved_and_notes_used_as_was_saved(client_of):
    client = client_of("superuser")
    data = form_data(number_reservation_days="35", number_reservation_days_ported_in="0", use_note_now="on")
    assert client.post(CONFIG, data).status_code == 303
    config = selectors.current_config()
    assert config.number_reservation_days == 35
    assert config.number_reservation_days_ported_in == 0
    assert config.use_note_now is True
    listed = client.get("/settings/versions/").content.decode()
    assert "Number reservation (days): 28 → 35" in listed
    assert "Use the note now: off → on" in listed


@pytest.mark.django_db(transaction=True)
def test_saving_what_is_in_force_adds_no_version(client_of):
    client = client_of("superuser")
    assert client.post(CONFIG, form_data()).status_code == 303
    assert "Nothing was changed; version 1 stays in force." in client.get(CONFIG).content.decode()
    assert PortalConfigVersion.objects.count() == 1
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_fees_are_added_changed_and_removed(client_of):
    # AUD, HKD, MYR, SGD, USD
    data = form_data(
        **{
            "charge_administrative_fee": "on",
            "fees-0-DELETE": "on",
            "fees-1-currency": "",
            "fees-1-amount": "",
            "fees-3-amount": "25.5",
            "fees-6-currency": "kwd",
            "fees-6-amount": "1.125",
        }
    )
    assert client_of("superuser").post(CONFIG, data).status_code == 303
    config = selectors.current_config()
    assert {currency: f"{amount:f}" for currency, amount in config.fees.items()} == {
        "KWD": "1.1250",
        "MYR": "60.0000",
        "SGD": "25.5000",
        "USD": "17.0000",
    }
    assert str(config.fee_for("SGD")) == "25.5000"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"termination_method": "otherwise"}, "What was chosen is not in the list"),
        ({"refund_method": "guess"}, "What was chosen is not in the list"),
        ({"full_refund_days": "-1"}, "expected a number from 0 to 3,650"),
        ({"full_refund_days": "9999"}, "expected a number from 0 to 3,650"),
        ({"full_refund_days": "1_4"}, "“1_4” is not a whole number"),
        ({"reactivation_days": "2_8"}, "“2_8” is not a whole number"),
        ({"reactivation_days": "٢٨"}, "“٢٨” is not a whole number"),
        ({"reactivation_days": ""}, "This is empty; expected a number from 0 to 3,650."),
        ({"number_reservation_days": ""}, "This is empty; expected a number from 0 to 3,650."),
        ({"number_reservation_days": "-1"}, "expected a number from"),
        ({"number_reservation_days_ported_in": "3651"}, "expected a number from"),
        ({"provider_name": "   "}, "This is empty; expected a text of at most 120 characters."),
        ({"provider_name": "A\u0001B"}, "can't be kept"),
        ({"provider_name": "A\x00B"}, "can't be kept (U+0000)"),
        ({"notification_address": "nobody"}, "“nobody” is not an e-mail address"),
        ({"notification_address": "mailto:a@x.example"}, "is not an e-mail address; expected a@x.example."),
        ({"seen_version": "first"}, "The page was not complete; open it again."),
        (
            {"fees-5-currency": "XYZ", "fees-5-amount": "1"},
            "“XYZ” is not a currency",
        ),
        ({"fees-5-currency": "SGD", "fees-5-amount": "1"}, "SGD has a row already"),
        ({"fees-5-currency": "JPY", "fees-5-amount": "1.50"}, "expected none, which is what JPY has"),
        ({"fees-5-currency": "EUR", "fees-5-amount": "1.505"}, "expected at most 2, which is what EUR has"),
        (
            {"fees-5-currency": "KWD", "fees-5-amount": "1,234"},
            "can be read in two ways; expected 1234.000 or 1.234",
        ),
        ({"fees-5-currency": "EUR"}, "Give the fee of this currency"),
        ({"fees-5-amount": "5"}, "Say which currency"),
        ({"fees-5-currency": "EUR", "fees-5-amount": "-1"}, "“-1” is too little; expected 0 or more."),
        ({"fees-5-currency": "EUR", "fees-5-amount": "NaN"}, "is not an amount"),
        ({"fees-TOTAL_FORMS": "none"}, "ManagementForm data is missing"),
        ({"fees-TOTAL_FORMS": "100000"}, "Please submit at most"),
    ],
)
def test_bad_input_is_refused_in_words(client_of, changes, sentence):
    response = client_of("superuser").post(CONFIG, form_data(**changes))
    assert response.status_code == 422
    assert sentence in response.content.decode().replace("&#x27;", "'")
    assert PortalConfigVersion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_conflict_shows_both_and_a_second_save_decides(client_of):
    one, other = client_of("superuser"), client_of("superuser")
    assert one.post(CONFIG, form_data(reactivation_days="60")).status_code == 303

    typed = {"reactivation_days": "90", "provider_name": "Ours", "fees-0-DELETE": "on"}
    response = other.post(CONFIG, form_data(**typed))

    assert response.status_code == 409
    page = response.content.decode()
    assert "Nothing was saved" in page
    assert '<td data-label="In force now">60</td><td data-label="Yours">90</td>' in page
    assert 'name="seen_version" value="2"' in page
    assert 'value="Ours"' in page
    assert selectors.current_config().number == 2
    assert 'name="fees-0-DELETE" class="form-check-input" id="id_fees-0-DELETE" checked' in page
    assert other.post(CONFIG, form_data(**typed, seen_version="2")).status_code == 303
    assert "AUD" not in selectors.current_config().fees
    assert (selectors.current_config().number, selectors.current_config().reactivation_days) == (3, 90)


@pytest.mark.django_db(transaction=True)
def test_the_same_form_twice_gets_the_same_answer(client_of):
    client = client_of("superuser")
    for _ in range(2):
        assert client.post(CONFIG, form_data(reactivation_days="60")).status_code == 303
        assert "Portal Config saved as version 2." in client.get(CONFIG).content.decode()
    assert PortalConfigVersion.objects.count() == 2


@pytest.mark.django_db
def test_versions_are_listed_with_what_each_changed(client_of, make_user, now, django_assert_num_queries):
    first = PortalConfigVersion.objects.get()
    anna = make_user("superuser", "anna")
    made = PortalConfigVersion.objects.bulk_create(
        PortalConfigVersion(
            number=number,
            created_at=dt.datetime(2026, 4, number, 9, tzinfo=dt.UTC),
            created_by=anna if number == 3 else None,
            reactivation_days=28 + number // 2,
        )
        for number in range(2, 5)
    )
    fees = {fee.currency: fee.amount for fee in first.fees.all()}
    AdministrativeFee.objects.bulk_create(
        AdministrativeFee(version=version, currency=currency, amount=amount)
        for version in made
        for currency, amount in (fees | ({"SGD": 5} if version.number == 4 else {})).items()
    )
    ConfigHead.objects.update(version=made[1])
    client = client_of("auditor")
    client.get("/settings/versions/")
    # Session, user, its permissions, group label; provider name; saved filters; versions, one before, fees,
    # products, messages, head.
    with django_assert_num_queries(12):
        page = client.get("/settings/versions/")
    assert shown.read(page).table("Versions of Portal Config, newest first").rows == [
        {
            "Version": "Version 4",
            "Saved": "4 April 2026, 09:00 UTC",
            "By": "system",
            "What changed": "Reactivation days: 29 → 30 Administrative fee in SGD: 21.40 → 5.00",
        },
        {"Version": "Version 3 In force", "Saved": "3 April 2026, 09:00 UTC", "By": "anna", "What changed": "–"},
        {
            "Version": "Version 2",
            "Saved": "2 April 2026, 09:00 UTC",
            "By": "system",
            "What changed": "Reactivation days: 28 → 29",
        },
        {
            "Version": "Version 1",
            "Saved": moment(first.created_at),
            "By": "system",
            "What changed": "The first version",
        },
    ]
    # Each is compared with the one before it, wherever that stands.
    for asked, numbers, change in (
        ({"sort": "newest"}, "1234", "The first version"),
        ({"saved_by": "ANN"}, "3", "–"),
        ({"saved_from": "2026-04-02", "saved_to": "2026-04-02"}, "2", "Reactivation days: 28 → 29"),
        ({"saved_from": "2026-04-03", "saved_to": "2026-04-03"}, "3", "–"),
    ):
        page = client.get("/settings/versions/", asked)
        assert shown.listed(page, "Version")[0].split()[1] == numbers[0], asked
        assert len(shown.listed(page, "Version")) == len(numbers), asked
        assert shown.listed(page, "What changed")[0] == change, asked


@pytest.mark.django_db
def test_versions_are_listed_in_pages(client_of, now):
    PortalConfigVersion.objects.bulk_create(
        PortalConfigVersion(number=number, created_at=now, reactivation_days=number) for number in range(2, 62)
    )
    client = client_of("auditor")
    first = client.get("/settings/versions/")
    assert shown.listed(first, "What changed") == [f"Reactivation days: {n - 1} → {n}" for n in range(61, 11, -1)]
    second = client.get(shown.beside(first)["Next"])
    assert shown.listed(second, "What changed")[0] == "Reactivation days: 10 → 11"
    assert shown.listed(second, "What changed")[-1] == "The first version"
    back = client.get(shown.beside(second)["Previous"])
    assert shown.listed(back, "Version") == shown.listed(first, "Version")
    assert client.get("/settings/versions/?before=x").status_code == 404
