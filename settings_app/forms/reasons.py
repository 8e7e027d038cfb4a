"""The form of a termination reason."""

from typing import Any

from django import forms

from portal.lib import forms as fields
from settings_app import operations


class ReasonForm(fields.Form):
    """A termination reason; the code is asked for once, when the reason is added."""

    seen = fields.SeenField(of=operations.ReasonValues)
    label = fields.LineField(label="Label", max_length=120, help_text="What agents read in the list of reasons.")
    code = fields.CodeField(
        label="Code",
        max_length=40,
        help_text="Used in imports and reports: letters, digits, hyphen and underscore. It can't be changed later.",
    )
    needs_ticket = forms.BooleanField(
        label="Needs a ticket",
        required=False,
        help_text="An agent who chooses this reason must give the ticket reference.",
    )
    is_active = forms.BooleanField(
        label="Offered",
        required=False,
        initial=True,
        help_text="A reason that is not offered stays with the terminations that carry it.",
    )
    position = fields.CountField(
        label="Position", min_value=0, max_value=9999, initial=0, help_text="Low numbers come first in the list."
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["seen" if is_new else "code"]

    def values(self) -> operations.ReasonValues:
        """Give what was typed, once the form is valid."""
        data = self.cleaned_data
        return operations.ReasonValues(
            label=data["label"],
            needs_ticket=data["needs_ticket"],
            is_active=data["is_active"],
            position=data["position"],
        )
