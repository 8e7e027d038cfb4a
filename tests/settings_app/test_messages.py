"""Whom each kind of message goes to: by the switches, or as is said of the kind; and what messages look like."""

from dataclasses import replace

import pytest
from django.utils.html import escape

from portal.audit.models import AuditEntry
from portal.outbox import kinds
from settings_app import policies, selectors
from settings_app.models import MessageSetting, PortalConfigVersion
from tests.support import pages

CONFIG = "/settings/portal-config/"
KIND = "subscription_terminated"
ADDRESS = "provider@example.com"
# What stands ticked in a new portal.
_TICKED = {"allow_refund": "on", "notify_partner": "on"}


def values(**changes):
    base = policies.Values(
        termination_method="simplified",
        allow_refund=True,
        refund_method="full",
        full_refund_days=14,
        reactivation_days=28,
        number_reservation_days=28,
        number_reservation_days_ported_in=56,
        use_note_now=False,
        charge_administrative_fee=False,
        notify_partner=False,
        notify_customers=False,
        provider_name="Portal",
        notification_address="",
    )
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("said", "addressee", "is_mute"),
    [
        ({}, "", False),
        ({"notify_partner": True}, "", True),
        ({"notify_partner": True, "notification_address": ADDRESS}, "provider", False),
        ({"notify_customers": True}, "customer", False),
        ({"notify_customers": True, "notify_partner": True}, "customer", False),
        ({"notify_customers": True, "messages_by_kind": {KIND: "nobody"}}, "", False),
        ({"notify_customers": True, "messages_by_kind": {KIND: "provider"}}, "", True),
        ({"messages_by_kind": {KIND: "provider"}, "notification_address": ADDRESS}, "provider", False),
        ({"messages_by_kind": {KIND: "customer"}}, "customer", False),
        # What is said of another kind makes no difference to this one, but may be mute itself.
        ({"messages_by_kind": {"another": "provider"}}, "", True),
    ],
)
def test_whom_a_message_goes_to(said, addressee, is_mute):
    assert values(**said).addressee_of(KIND) == addressee
    assert values(**said).is_mute is is_mute


def test_the_addressees_are_those_of_the_model():
    assert set(MessageSetting.Addressee.values) == set(policies.ADDRESSEES)


def test_what_changed_is_told():
    after = values(messages_by_kind={KIND: "customer"})
    (change,) = policies.changes(before=values(), after=after)
    assert str(change) == ("Message “Subscription terminated”: as the switches say → Customer, the partner in copy")
    assert ("Message “Subscription terminated”", "Customer, the partner in copy") in policies.in_words(after)


@pytest.mark.django_db(transaction=True)
def test_the_page_takes_it_for_each_kind(client_of, django_assert_num_queries):
    client = client_of("superuser")
    form = pages.form(client.get(CONFIG), action=CONFIG)
    assert client.post(CONFIG, form.data(**_TICKED, **{f"message_{KIND}": "nobody"})).status_code == 303
    with django_assert_num_queries(1):
        config = selectors.current_config()
    assert config.messages_by_kind == {KIND: "nobody"}
    assert selectors.config_of(PortalConfigVersion.objects.get(number=2)) == config
    assert AuditEntry.objects.get().description == (
        "Version 2. Message “Subscription terminated”: as the switches say → Nobody."
    )
    # What is saved as it is shown changes nothing; the first choice follows the switches again.
    shown = pages.form(client.get(CONFIG), action=CONFIG)
    assert client.post(CONFIG, shown.data(**_TICKED)).status_code == 303
    assert selectors.current_config() == config
    assert client.post(CONFIG, shown.data(**_TICKED, **{f"message_{KIND}": ""})).status_code == 303
    assert selectors.current_config().messages_by_kind == {}


@pytest.mark.django_db
def test_a_made_up_addressee_is_refused_beside_its_field(client_of):
    client = client_of("superuser")
    form = pages.form(client.get(CONFIG), action=CONFIG)
    response = client.post(CONFIG, form.data(**{f"message_{KIND}": "friend"}))
    assert response.status_code == 422
    assert f"message_{KIND}" in response.context["form"].errors


@pytest.mark.django_db
def test_every_kind_has_a_sample_in_which_the_name_of_the_provider_stands(client_of, configure):
    configure(provider_name="Acme Telecom")
    page = client_of("billing").get("/notifications/samples/")
    for kind in kinds.every():
        assert kind.when.endswith(".")
        assert kind.sample_of, kind.code
        for is_for_customer in (False,) if kind.is_for_staff else (True, False):
            text = kind.sample_of(is_for_customer=is_for_customer)
            assert text.body.endswith("Acme Telecom\n")
            assert text.subject in page.content.decode()
            # Its lines stay lines.
            assert f'<p class="pre-line mt-2">{escape(text.body)}</p>' in page.content.decode()
    assert client_of("agent").get("/notifications/samples/").status_code == 403
