"""What decisions read of Portal Config."""

from decimal import Decimal

import pytest
from django.db import transaction

from settings_app import selectors
from settings_app.models import TerminationReason


@pytest.mark.django_db
def test_a_new_portal_has_the_documented_config(django_assert_num_queries):
    with django_assert_num_queries(1):
        config = selectors.current_config()
    assert config.termination_method == "by_credit_note"
    assert (config.allow_refund, config.refund_method) == (True, "remaining_months")
    assert (config.full_refund_days, config.reactivation_days) == (14, 28)
    assert config.charge_administrative_fee is False
    assert config.fees == {
        "SGD": Decimal("21.40"),
        "MYR": Decimal(60),
        "HKD": Decimal(110),
        "AUD": Decimal(20),
        "USD": Decimal(17),
    }


@pytest.mark.django_db
def test_a_fee_that_is_switched_off_or_has_no_row_is_none():
    config = selectors.current_config()
    assert config.fee_for("SGD") is None
    switched_on = selectors.Config(**{**vars(config), "charge_administrative_fee": True})
    assert switched_on.fee_for("SGD") == Decimal("21.40")
    assert switched_on.fee_for("JPY") is None


@pytest.mark.django_db
def test_the_locked_config_is_the_current_one(django_assert_num_queries):
    with django_assert_num_queries(2):
        locked = selectors.locked_config()
    assert locked == selectors.current_config()


@pytest.mark.django_db(transaction=True)
def test_the_config_is_locked_inside_a_transaction_only():
    with pytest.raises(transaction.TransactionManagementError):
        selectors.locked_config()


@pytest.mark.django_db
def test_only_active_reasons_are_offered_in_their_order(django_assert_num_queries):
    TerminationReason.objects.filter(code="too_expensive").update(is_active=False)
    with django_assert_num_queries(1):
        reasons = selectors.active_reasons()
    assert [reason.code for reason in reasons][:2] == ["no_longer_needed", "moved_to_competitor"]
    assert {reason.code for reason in reasons if reason.needs_ticket} == {"quality_of_service"}
