"""What the settings show to whom: each value by its term, each cell by its heading, tabs by permission."""

import pytest
from django.contrib.auth.models import Permission

from settings_app.models import TerminationReason
from tests.support import shown

pytestmark = pytest.mark.django_db

CONFIG, REASONS = "/settings/portal-config/", "/settings/reasons/"


def test_who_only_reads_sees_every_setting_in_words(client_of, configure):
    configure(
        termination_method="simplified",
        allow_refund=False,
        refund_method="remaining_days",
        full_refund_days=None,
        reactivation_days=1234,
        number_reservation_days=30,
        number_reservation_days_ported_in=60,
        use_note_now=True,
        charge_administrative_fee=False,
        notify_partner=True,
        notify_customers=False,
        provider_name="Tele & Co",
        notification_address="",
        fees={"SGD": "21.40", "JPY": "500"},
    )
    read = shown.read(client_of("auditor").get(CONFIG))
    assert read.terms() == {
        "Termination Method": "Simplified termination",
        "Allow Refund": "off",
        "Refund method": "Remaining days",
        "Full refund within (days)": "off",
        "Reactivation days": "1,234",
        "Number reservation (days)": "30",
        "Number reservation of ported-in numbers (days)": "60",
        "Use the note now": "on",
        "Administrative fee": "off",
        "Subscription notification to the partner": "on",
        "Subscription notification to customers with the partner in copy": "off",
        "Provider name": "Tele & Co",
        "Notification address": "empty",
        "Renewals": "made elsewhere",
        "Administrative fee in JPY": "500",
        "Administrative fee in SGD": "21.40",
    }
    assert not read.can("Save")


def test_a_reason_shows_whether_it_needs_a_ticket_and_is_offered(client_of):
    TerminationReason.objects.all().delete()
    for label, needs_ticket, is_active, position in (("Zeal", True, True, 1), ("Age", False, False, 20)):
        TerminationReason.objects.create(
            code=label.lower(), label=label, needs_ticket=needs_ticket, is_active=is_active, position=position
        )
    rows = [
        {"Label": "Zeal", "Code": "zeal", "Ticket": "Needed", "Offered": "Offered", "Position": "1"},
        {"Label": "Age", "Code": "age", "Ticket": "Optional", "Offered": "Not offered", "Position": "20"},
    ]
    for role in ("auditor", "superuser"):
        read = shown.read(client_of(role).get(REASONS))
        assert read.table("Termination reasons").rows == rows
        # To the reason itself leads who may change it.
        assert (read.can("Zeal"), read.can("Add a reason")) == (role == "superuser", role == "superuser")


TABS = {
    "view_portalconfigversion": (CONFIG, ["Portal Config", "Versions"]),
    "view_terminationreason": (REASONS, ["Reasons"]),
}


@pytest.mark.parametrize("permission", TABS)
def test_a_tab_is_there_for_who_may_see_it(client_of, permission):
    address, wanted = TABS[permission]
    client = client_of("")
    client.user.user_permissions.add(Permission.objects.get(codename=permission))
    tabs = shown.read(client.get(address)).navigations["Portal Settings"]
    assert [tab.words for tab in tabs] == wanted
    assert [tab.words for tab in tabs if tab.is_current] == wanted[:1]
