"""Read the filter of the notifications."""

from django import forms

from portal.outbox.models import Message

EVERY = "all"


class FilterForm(forms.Form):
    """Which messages to show; nothing chosen means the dead letters, which somebody has to look at."""

    status = forms.ChoiceField(label="Status", required=False, choices=[*Message.Status.choices, (EVERY, "All")])

    def asked(self) -> str:
        """Give what was chosen, once the form is valid."""
        chosen: str = self.cleaned_data["status"]
        return chosen or Message.Status.DEAD

    def wanted_status(self) -> str:
        """Give the status to look for, empty for all, once the form is valid."""
        asked = self.asked()
        return "" if asked == EVERY else asked
