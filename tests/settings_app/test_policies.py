"""The words of Portal Config, and what a change of it is."""

from dataclasses import replace
from decimal import Decimal

from settings_app import policies
from settings_app.models import PortalConfigVersion
from subscriptions import policies as subscription_policies

VALUES = policies.Values(
    termination_method="by_credit_note",
    allow_refund=True,
    refund_method="remaining_months",
    full_refund_days=14,
    reactivation_days=28,
    number_reservation_days=28,
    number_reservation_days_ported_in=56,
    use_note_now=False,
    charge_administrative_fee=False,
    notify_partner=True,
    notify_customers=False,
    provider_name="Portal",
    notification_address="",
    fees={"SGD": Decimal("21.40"), "JPY": Decimal(1000)},
)


def test_the_refund_methods_are_those_of_the_refund_policy():
    assert list(policies.REFUND_METHODS) == list(subscription_policies.METHODS)


def test_the_termination_methods_are_those_of_the_model():
    assert dict(PortalConfigVersion.TerminationMethod.choices) == policies.TERMINATION_METHODS


def test_equal_values_change_nothing():
    assert (
        policies.changes(
            before=VALUES, after=replace(VALUES, fees={"JPY": Decimal("1000.0000"), "SGD": Decimal("21.4")})
        )
        == ()
    )


def test_changes_are_told_in_words():
    after = replace(
        VALUES,
        termination_method="simplified",
        allow_refund=False,
        full_refund_days=None,
        number_reservation_days_ported_in=90,
        use_note_now=True,
        notification_address="billing@example.com",
        fees={"SGD": Decimal(25), "KWD": Decimal("1.5")},
    )
    assert [str(change) for change in policies.changes(before=VALUES, after=after)] == [
        "Termination Method: Termination by Credit Note → Simplified termination",
        "Allow Refund: on → off",
        "Full refund within (days): 14 → off",
        "Number reservation of ported-in numbers (days): 56 → 90",
        "Use the note now: off → on",
        "Notification address: empty → billing@example.com",
        "Administrative fee in JPY: 1,000 → none",
        "Administrative fee in KWD: none → 1.500",
        "Administrative fee in SGD: 21.40 → 25.00",
    ]


def test_a_window_of_no_days_is_not_a_window_switched_off():
    (change,) = policies.changes(
        before=replace(VALUES, full_refund_days=0), after=replace(VALUES, full_refund_days=None)
    )
    assert (change.before, change.after) == ("0", "off")


def test_every_setting_has_a_label():
    assert {*policies.LABELS, "fees", "renewals_by_product", "messages_by_kind"} == set(
        policies.Values.__dataclass_fields__
    )
