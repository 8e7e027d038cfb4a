"""What a termination asks for: the reason, the explanation alone, or a day to estimate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms

from portal.lib import days, text
from portal.lib import forms as fields
from settings_app.selectors import Reason
from subscriptions.models import Termination
from subscriptions.policies import standing
from subscriptions.termination.requested import CustomerRequest


def _helper(*layout: Any) -> FormHelper:
    helper = FormHelper()
    # The dialog frame is the form: crispy lays out fields only.
    helper.form_tag = False
    helper.disable_csrf = True
    helper.layout = Layout(*layout)
    return helper


class ExplanationField(forms.CharField):
    """The explanation: 1 to 2,000 characters after trimming. A line end, CR LF from browsers, is one."""

    def to_python(self, value: Any) -> str:
        # Before anything is required or measured: a text counts as it is kept.
        try:
            return text.clean_text(super().to_python(value) or "")
        except text.UnusableText as error:
            raise forms.ValidationError(str(error), code="invalid") from error

    def __init__(self) -> None:
        super().__init__(
            label="Explanation",
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3}),
            error_messages={
                "required": "Explain the termination in 1 to 2,000 characters.",
                "max_length": "The explanation has %(show_value)d characters; at most %(limit_value)d are kept.",
            },
        )


class DayField(forms.DateField):
    """A day, picked or written as YYYY-MM-DD."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            **kwargs,
        )

    def to_python(self, value: Any) -> date | None:
        # Python's own reader also takes one-digit months and digits of other scripts.
        if value in self.empty_values or isinstance(value, date):
            return super().to_python(value)
        try:
            return days.read(str(value).strip())
        except days.NotADay:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class ReasonForm(forms.Form):
    """Why, who, when and how: what the customer asked. Every field but the ticket is required."""

    reason = forms.ChoiceField(label="Reason", error_messages={"required": "Choose a reason."})
    explanation = ExplanationField()
    requested_by = fields.LineField(
        label="Requested by",
        max_length=200,
        help_text="Name of the person at the customer.",
        error_messages={"required": "Say who asked for the termination."},
    )
    requested_on = DayField(
        label="Requested on",
        error_messages={
            "required": "Say on which day the customer asked.",
            "invalid": "Give the day as year-month-day, for example 2026-03-07.",
        },
    )
    channel = forms.ChoiceField(
        label="Channel",
        choices=[("", "Choose …"), *Termination.Channel.choices],
        error_messages={"required": "Choose how the customer asked."},
    )
    ticket = fields.LineField(label="Ticket reference", max_length=100, required=False)

    def __init__(
        self, data: Any = None, *, today: date, began: date, reasons: Sequence[Reason], **kwargs: Any
    ) -> None:
        super().__init__(data, initial={"requested_on": today, **kwargs.pop("initial", {})}, **kwargs)
        self._today = today
        self._first = standing.first_day_to_ask(began=began, today=today)
        self._reasons = {reason.code: reason for reason in reasons}
        cast(forms.ChoiceField, self.fields["reason"]).choices = [
            ("", "Choose …"),
            *((r.code, r.label) for r in reasons),
        ]
        self.fields["requested_on"].widget.attrs["max"] = today.isoformat()
        if self._first:
            self.fields["requested_on"].widget.attrs["min"] = self._first.isoformat()
        needing = [reason.label for reason in reasons if reason.needs_ticket]
        if needing:
            self.fields["ticket"].help_text = f"Needed for: {', '.join(needing)}."
        self.helper = _helper(
            "reason",
            "explanation",
            Row(Column("requested_by"), Column("requested_on")),
            Row(Column("channel"), Column("ticket")),
        )

    def clean_requested_on(self) -> date:
        day: date = self.cleaned_data["requested_on"]
        if day > self._today:
            raise forms.ValidationError("The day of the request cannot be in the future.")
        if self._first and day < self._first:
            raise forms.ValidationError(standing.why_too_early(self._first))
        return day

    def asked(self) -> CustomerRequest:
        """Give what the customer asked for, as far as the form is valid."""
        said = self.cleaned_data
        return CustomerRequest(
            reason_code=said.get("reason", ""),
            explanation=said.get("explanation", ""),
            requested_by=said.get("requested_by", ""),
            requested_on=said.get("requested_on", self._today),
            channel=said.get("channel", ""),
            ticket=said.get("ticket", ""),
        )

    def suggest(self, *, members: str) -> None:
        """Offer names for "Requested by". *Shape*: `members` is the id of the list that stands beside the form."""
        self.fields["requested_by"].widget.attrs["list"] = members

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        reason = self._reasons.get(cleaned.get("reason", ""))
        if reason and reason.needs_ticket and not cleaned.get("ticket") and "ticket" not in self.errors:
            self.add_error("ticket", f"The reason “{reason.label}” needs a ticket reference.")
        return cleaned


class ExpiredForm(forms.Form):
    """Ending a subscription that expired long ago: the explanation alone."""

    explanation = ExplanationField()

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.helper = _helper("explanation")


class EstimateForm(forms.Form):
    """The day of "What would come back?": today or later."""

    on = DayField(
        label="If it ended on",
        error_messages={
            "required": "Give a day, today or later.",
            "invalid": "Give the day as year-month-day, for example 2026-03-07.",
        },
    )

    def __init__(self, data: Any = None, *, today: date, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._today = today
        self.fields["on"].widget.attrs["min"] = today.isoformat()
        self.helper = _helper("on")

    def clean_on(self) -> date:
        day: date = self.cleaned_data["on"]
        if day < self._today:
            raise forms.ValidationError(
                f"Give {days.display(self._today)}, which is today at the customer, or a later day."
            )
        return day
