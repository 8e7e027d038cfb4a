"""The forms of a termination: the request, the explanation alone, and the day of an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from crispy_forms.layout import Column, Row

from portal import frame
from portal.lib import forms as fields
from settings_app.selectors import Reason
from subscriptions.models import Termination
from subscriptions.policies import standing
from subscriptions.termination import refusals
from subscriptions.termination.requested import LONGEST_EXPLANATION, CustomerRequest


class ReasonForm(fields.Form):
    """The request of the customer: why, who, when and how. All fields but the ticket are required."""

    reason = fields.ChoiceField(label="Reason")
    explanation = fields.TextField(label="Explanation", max_length=LONGEST_EXPLANATION)
    requested_by = fields.LineField(
        label="Requested by",
        max_length=200,
        help_text="Name of the person at the customer.",
    )
    requested_on = fields.DayField(label="Requested on")
    channel = fields.ChoiceField(label="Channel", choices=[fields.UNCHOSEN, *Termination.Channel.choices])
    ticket = fields.LineField(label="Ticket reference", max_length=100, required=False)

    def __init__(
        self, data: Any = None, *, today: date, began: date, reasons: Sequence[Reason], **kwargs: Any
    ) -> None:
        super().__init__(data, initial={"requested_on": today, **kwargs.pop("initial", {})}, **kwargs)
        self._today = today
        self._reasons = {reason.code: reason for reason in reasons}
        self.field(fields.ChoiceField, "reason").offer((r.code, r.label) for r in reasons)
        first = standing.first_day_to_ask(began=began, today=today)
        why_early = standing.why_too_early(first) if first else ""
        self.field(fields.DayField, "requested_on").between(first=first, today=today, why_early=why_early)
        needing = [reason.label for reason in reasons if reason.needs_ticket]
        if needing:
            self.fields["ticket"].help_text = f"Needed for: {', '.join(needing)}."
        self.lay_out(
            "reason",
            "explanation",
            Row(Column("requested_by"), Column("requested_on")),
            Row(Column("channel"), Column("ticket")),
        )

    def asked(self) -> CustomerRequest:
        """Give the request, with the fields that are valid."""
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
        """Suggest names for "Requested by". *Shape*: `members` is the id of a datalist."""
        attrs = self.fields["requested_by"].widget.attrs
        attrs["list"] = members
        # Some browsers show no datalist on a field without autocompletion.
        attrs.pop("autocomplete", None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        reason = self._reasons.get(cleaned.get("reason", ""))
        if reason and reason.needs_ticket and not cleaned.get("ticket") and "ticket" not in self.errors:
            frame.put_into(self, refusals.TicketMissing(reason.label))
        return cleaned


class ExpiredForm(fields.Form):
    """The form for a subscription that expired long ago: an explanation."""

    explanation = fields.TextField(label="Explanation", max_length=LONGEST_EXPLANATION)


class EstimateForm(fields.Form):
    """The day of "What would come back?": today at the customer, or later."""

    on = fields.DayField(label="If it ended on")

    def __init__(self, data: Any = None, *, today: date, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.field(fields.DayField, "on").between(first=today)
