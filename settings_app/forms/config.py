"""The form of Portal Config, but for what are tables of their own."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.html import format_html

from portal.lib import forms as fields
from portal.outbox import kinds
from settings_app import policies
from settings_app.forms.tables import ELSEWHERE, HERE

MOST_DAYS = 3650


def _explained(choices: Mapping[str, str], help_lines: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (value, format_html('{}<span class="hint">{}</span>', label, help_lines[value]))
        for value, label in choices.items()
    ]


TERMINATION_METHOD_HELP = {
    "by_credit_note": "The agent sees the total refund, then says whether a credit note is the refund or the "
    "refund goes into Available Credits.",
    "simplified": "The agent sees the total refund and terminates; the refund goes into Available Credits.",
}
REFUND_METHOD_HELP = {
    "remaining_months": "The months that have not begun come back; the month that has begun is used.",
    "remaining_days": "The days after the termination come back.",
    "full": "The whole cycle comes back unless it is over.",
    "none": "Nothing comes back.",
}
RENEWALS_HELP = {
    ELSEWHERE: "Another system renews and charges; its cycles come by import. Nothing is charged here.",
    HERE: "The night renews and charges what renews by itself. No other system may renew it.",
}


# How the field of a kind of message begins; its code follows.
MESSAGE = "message_"


class ConfigForm(fields.Form):
    """Portal Config without fees and products, which are tables of their own. Each kind of message has a field."""

    # One reads these settings before one changes any.
    takes_focus = False

    # The reactivation days for which somebody has read how many would end.
    confirmed_days = fields.CountField(required=False, widget=forms.HiddenInput)
    # What somebody has read of the renewals of the next night, sealed.
    confirmed_renewals = fields.LineField(required=False, widget=forms.HiddenInput)
    seen_version = fields.CountField(min_value=1, widget=forms.HiddenInput)
    termination_method = fields.ChoiceField(
        label=policies.LABELS["termination_method"],
        choices=_explained(policies.TERMINATION_METHODS, TERMINATION_METHOD_HELP),
        widget=fields.Radios,
    )
    allow_refund = forms.BooleanField(
        label=policies.LABELS["allow_refund"],
        required=False,
        help_text="Switched off, a termination refunds nothing by itself. A credit note can still be chosen.",
    )
    refund_method = fields.ChoiceField(
        label=policies.LABELS["refund_method"],
        choices=_explained(policies.REFUND_METHODS, REFUND_METHOD_HELP),
        widget=fields.Radios,
    )
    full_refund_days = fields.CountField(
        label=policies.LABELS["full_refund_days"],
        required=False,
        min_value=0,
        max_value=MOST_DAYS,
        help_text="Counted from the first day of a running cycle; up to and including this day all of it comes "
        "back. 0 means the first day only. Leave it empty to switch the window off.",
    )
    reactivation_days = fields.CountField(
        label=policies.LABELS["reactivation_days"],
        min_value=0,
        max_value=MOST_DAYS,
        help_text="An expired subscription is kept for this many days; after them it is terminated, "
        "without a refund.",
    )
    number_reservation_days = fields.CountField(
        label="Numbers",
        min_value=0,
        max_value=MOST_DAYS,
        help_text="For this many days after the end nobody else gets the subscription's numbers. In the EU a "
        "customer may port a number for at least a month after the end of the contract.",
    )
    number_reservation_days_ported_in = fields.CountField(
        label="Ported-in numbers",
        min_value=0,
        max_value=MOST_DAYS,
        help_text="The same for numbers that the customer brought along from another provider.",
    )
    use_note_now = forms.BooleanField(
        label=policies.LABELS["use_note_now"],
        required=False,
        help_text="How this box stands when an agent chooses a credit note as the refund: ticked, the note is "
        "applied to what is open, and its rest goes into Available Credits. The agent can change it each time.",
    )
    notify_partner = forms.BooleanField(
        label="to the partner",
        required=False,
        help_text="What happens to subscriptions is told to the notification address.",
    )
    notify_customers = forms.BooleanField(
        label="to customers with the partner in copy",
        required=False,
        help_text="The same message goes to the customer's billing address, with the notification address in copy.",
    )
    provider_name = fields.LineField(
        label=policies.LABELS["provider_name"],
        max_length=120,
        help_text="Shown at the top of every page and in messages.",
    )
    notification_address = fields.AddressField(
        label=policies.LABELS["notification_address"],
        required=False,
        max_length=254,
        help_text="The partner's e-mail address. While it is empty, no message to the partner is written.",
    )
    charge_administrative_fee = forms.BooleanField(
        label="Charge an administrative fee",
        required=False,
        help_text="Taken off the total refund of a termination, never more than that total. A currency without "
        "a row has no fee.",
    )

    renewals_are_made_here = fields.ChoiceField(
        label=policies.LABELS["renewals_are_made_here"],
        choices=_explained({ELSEWHERE: "Made elsewhere", HERE: "Made here"}, RENEWALS_HELP),
        widget=fields.Radios,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, label in kinds.labels():
            self.fields[f"{MESSAGE}{code}"] = fields.ChoiceField(
                label=label,
                required=False,
                choices=[("", "As said above"), *policies.ADDRESSEES.items()],
            )

    def message_fields(self) -> list[forms.BoundField]:
        """Give the fields of the kinds of messages."""
        return [self[name] for name in self.fields if name.startswith(MESSAGE)]

    def clean_renewals_are_made_here(self) -> bool:
        """Turn the choice into what is kept."""
        return bool(self.cleaned_data["renewals_are_made_here"] == HERE)

    def values(self, *, fees: Mapping[str, Decimal], renewals: Mapping[str, bool]) -> policies.Values:
        """Give what was typed, once the form is valid."""
        data = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in ("seen_version", "confirmed_days", "confirmed_renewals") and not name.startswith(MESSAGE)
        }
        messages = {
            name.removeprefix(MESSAGE): chosen
            for name, chosen in self.cleaned_data.items()
            if name.startswith(MESSAGE) and chosen
        }
        return policies.Values(
            **data, fees=dict(fees), renewals_by_product=dict(renewals), messages_by_kind=messages
        )
