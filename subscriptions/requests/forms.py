"""The forms of a scheduled end: what step 4 asks with a day, and why it is withdrawn."""

from __future__ import annotations

from datetime import date
from typing import Any

from crispy_forms.layout import Column, Row

from portal.lib import days
from portal.lib import forms as fields
from subscriptions.requests.operations import LONGEST_REASON
from subscriptions.termination.forms import ReasonForm

CYCLE, DAY = "cycle", "day"


class EndLaterForm(ReasonForm):
    """The request of the customer, and the day on which it is to end.

    *Units*: `cycle_ends` is the last day of the running cycle, None where none runs or it ends today.
    """

    when = fields.ChoiceField(label="Ends")
    ends_on = fields.DayField(label="Last day of use", required=False)

    def __init__(self, data: Any = None, *, cycle_ends: date | None, tomorrow: date, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        # The first field has the focus.
        self.order_fields(("when", "ends_on"))
        self._cycle_ends = cycle_ends
        cycle = ((CYCLE, f"At the end of the running cycle, {days.display(cycle_ends)}"),) if cycle_ends else ()
        self.field(fields.ChoiceField, "when").offer((*cycle, (DAY, "On a day")))
        self.field(fields.DayField, "ends_on").between(first=tomorrow)
        self.fields["ends_on"].help_text = "For an end on a day. The service can be used on that day."
        self.lay_out(
            Row(Column("when"), Column("ends_on")),
            "reason",
            "explanation",
            Row(Column("requested_by"), Column("requested_on")),
            Row(Column("channel"), Column("ticket")),
        )

    @property
    def last_day(self) -> date | None:
        """Give the day asked for, as far as the form says one."""
        if self.cleaned_data.get("when") == CYCLE:
            return self._cycle_ends
        found: date | None = self.cleaned_data.get("ends_on")
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("when") == DAY and not cleaned.get("ends_on") and "ends_on" not in self.errors:
            self.add_error("ends_on", self.field(fields.DayField, "ends_on").said_of_nothing())
        return cleaned


class WithdrawForm(fields.Form):
    """Why a scheduled end is withdrawn, and which: that which was shown."""

    request = fields.RequestField()
    reason = fields.TextField(label="Why is it withdrawn?", max_length=LONGEST_REASON)
