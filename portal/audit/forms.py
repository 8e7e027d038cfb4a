"""Read the filters of the audit list."""

from typing import Any, cast

from django import forms

from portal.audit import selectors
from portal.lib import days


class FilterForm(forms.Form):
    """One filter for each column; all of them may be empty."""

    description = forms.CharField(label="Description", required=False, max_length=200)
    app = forms.ChoiceField(label="App", required=False)
    event = forms.ChoiceField(label="Event", required=False)
    actor = forms.CharField(label="Actor", required=False, max_length=150)
    organisation = forms.CharField(
        label="Affected Organization",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "Name or UUID"}),
    )
    date_from = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    date_to = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for name, values in (("app", selectors.apps()), ("event", selectors.events())):
            cast(forms.ChoiceField, self.fields[name]).choices = [
                ("", "All"),
                *((value, value) for value in values),
            ]

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = data.get("date_from"), data.get("date_to")
        if begins and ends and ends < begins:
            self.add_error(
                "date_to",
                f"The period would end before it begins: choose {days.display(begins)} or a later day.",
            )
        return data

    def filters(self) -> selectors.Filters:
        """Give what was asked, once the form is valid."""
        data = self.cleaned_data
        return selectors.Filters(
            app=data["app"],
            event=data["event"],
            description=data["description"],
            actor=data["actor"],
            organisation=data["organisation"],
            from_on=data["date_from"],
            to_on=data["date_to"],
        )
