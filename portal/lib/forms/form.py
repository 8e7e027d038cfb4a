"""The form of the portal, and how a form takes the focus."""

from __future__ import annotations

from typing import Any, TypeVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms

Kind = TypeVar("Kind", bound=forms.Field)


class _BoundField(forms.BoundField):
    form: Focused  # type: ignore[assignment]  # no other form has such fields

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        built = super().build_widget_attrs(attrs, widget)
        return {**built, "autofocus": True} if self.name == self.form.focused_field() else built


class Focused:
    """Let a form take the focus: its first field, where nothing was sent yet.

    What came back wrong has an error summary, which takes the focus itself. A page that has something else to say
    first sets `takes_focus` to False.
    """

    bound_field_class: Any = _BoundField
    takes_focus = True
    fields: dict[str, forms.Field]
    is_bound: bool

    def focused_field(self) -> str:
        """Name the field that has the focus when the page opens, "" for none."""
        if self.is_bound or not self.takes_focus:
            return ""
        return next((name for name, field in self.fields.items() if not field.widget.is_hidden), "")


class Form(Focused, forms.Form):
    """A form of the portal; crispy lays its fields out, and the page around them is the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def field(self, kind: type[Kind], name: str) -> Kind:
        """Give a field of this form, which is of that kind."""
        field = self.fields[name]
        if not isinstance(field, kind):
            raise TypeError(f"{name} is no {kind.__name__}.")
        return field

    def lay_out(self, *layout: Any) -> None:
        """Say in which order and rows the fields stand."""
        self.helper.layout = Layout(*layout)
