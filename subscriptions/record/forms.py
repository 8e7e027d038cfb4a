"""What the tab of subscriptions can be filtered by."""

from __future__ import annotations

from django import forms


class SubscriptionFilterForm(forms.Form):
    """Filter the Subscriptions tab by status and expiry."""

    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "All"), ("active", "Active"), ("expired", "Expired"), ("terminated", "Terminated")],
    )
    expiry = forms.ChoiceField(
        label="Expiry",
        required=False,
        choices=[
            ("", "Any time"),
            ("week", "In the next 7 days"),
            ("month", "In the next 30 days"),
            ("past", "In the past"),
            ("cleanup", "Past the reactivation days"),
        ],
    )
