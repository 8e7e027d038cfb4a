"""What all fields of the kit have in common."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.lib import mistakes


class KitField(forms.Field):
    """A field that says of nothing, and of all that is wrong, what would be right.

    What is wrong with a hidden field is nobody's typing, so it says that the page was not complete.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages["required"] = self.said_of_nothing()

    def said_of_nothing(self) -> str:
        """Say that it is empty, and what is expected."""
        return mistakes.empty(right=self.expected())

    def expected(self) -> str:
        """Name what would be right, as it goes on after "expected"."""
        raise NotImplementedError

    def clean(self, value: Any) -> Any:
        """Read what was given; of a hidden field, say only that it is not what the page held."""
        try:
            return super().clean(value)
        except forms.ValidationError as mistake:
            if self.widget.is_hidden:
                raise forms.ValidationError(mistakes.INCOMPLETE, code="incomplete") from mistake
            raise
