"""What is picked: a day, one of a list, a document."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

from portal.lib import days, mistakes, text
from portal.lib.forms.kit import KitField

UNCHOSEN = ("", "Choose …")
"""The first entry of a list in which nothing is chosen yet."""


class DayField(KitField, forms.DateField):
    """A day, picked or written as YYYY-MM-DD; `between` says which days are possible."""

    widget = forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d")
    first: date | None = None
    today: date | None = None
    why_early = ""

    def between(self, *, first: date | None = None, today: date | None = None, why_early: str = "") -> None:
        """Refuse days before the first, and those after today; either may be None.

        *Shape*: `why_early` says more about an early day than that it is one.
        """
        self.first, self.today, self.why_early = first, today, why_early
        for bound, day in (("min", first), ("max", today)):
            if day:
                self.widget.attrs[bound] = day.isoformat()

    def expected(self) -> str:
        """Name how a day is written."""
        return days.EXPECTED

    def to_python(self, value: Any) -> date | None:
        """Read a day; Django's reader also takes one-digit months and digits of other scripts."""
        if value in self.empty_values or isinstance(value, date):
            return super().to_python(value)
        typed = text.bare(str(value))
        if not typed:
            return None
        try:
            return days.read(typed)
        except days.NotADay as error:
            raise forms.ValidationError(str(error), code="invalid") from error

    def validate(self, value: Any) -> None:
        """Refuse days that are not possible."""
        super().validate(value)
        if value and self.first and value < self.first:
            raise forms.ValidationError(self.why_early or mistakes.too_early(first=self.first), code="too_early")
        if value and self.today and value > self.today:
            raise forms.ValidationError(mistakes.in_the_future(today=self.today), code="in_the_future")


class Radios(forms.RadioSelect):
    """Radio buttons; of a group that has the focus, the first button has it."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Make one button."""
        option = super().create_option(*args, **kwargs)
        if option["index"] != "0":
            option["attrs"].pop("autofocus", None)
        return option


class ChoiceField(KitField, forms.ChoiceField):
    """One of a list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages["invalid_choice"] = mistakes.NOT_IN_LIST

    def offer(self, choices: Iterable[tuple[str, str]]) -> None:
        """Fill the list, with nothing chosen."""
        self.choices = [UNCHOSEN, *choices]

    def said_of_nothing(self) -> str:
        """Say that nothing is chosen."""
        return mistakes.NOT_CHOSEN


class DocumentField(ChoiceField):
    """A document chosen from a list by its UUID; whether it can be used is the operation's to say.

    The list may be shorter by the time the form comes in, and a form sent twice gets its first answer.
    """

    def to_python(self, value: Any) -> uuid.UUID | str:
        """Read the UUID."""
        try:
            return uuid.UUID(value) if value else ""
        except ValueError as error:
            raise forms.ValidationError(mistakes.NOT_IN_LIST, code="invalid_choice") from error

    def valid_value(self, value: Any) -> bool:
        """Leave to the operation what the list held."""
        return isinstance(value, uuid.UUID)
