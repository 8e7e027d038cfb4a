"""What a browser sends to Portal Config."""

from settings_app import selectors

CONFIG = "/settings/portal-config/"


def form_data(**changes):
    """What a browser sends when the page is saved as it was shown."""
    fees = selectors.current_config().fees
    data = {
        "seen_version": "1",
        "termination_method": "by_credit_note",
        "allow_refund": "on",
        "refund_method": "remaining_months",
        "full_refund_days": "14",
        "reactivation_days": "28",
        "number_reservation_days": "28",
        "number_reservation_days_ported_in": "56",
        "notify_partner": "on",
        "provider_name": "Portal",
        "notification_address": "",
        "renewals_are_made_here": "elsewhere",
        "renewals-TOTAL_FORMS": "0",
        "renewals-INITIAL_FORMS": "0",
        "fees-TOTAL_FORMS": str(len(fees) + 3),
        "fees-INITIAL_FORMS": str(len(fees)),
    }
    for index, (currency, amount) in enumerate(sorted(fees.items())):
        data[f"fees-{index}-currency"] = currency
        data[f"fees-{index}-amount"] = f"{amount:.2f}"
    data.update(changes)
    return {name: value for name, value in data.items() if value is not None}
