"""The kit that all forms are made of: a field for each kind of answer, and the form that takes the focus.

A field has its widget, its way of reading and the text of each mistake here. What is wrong with a hidden field is
nobody's typing, so it says that the page was not complete.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms

from portal.lib import addresses, days, mistakes, money, numerals, text

UNCHOSEN = ("", "Choose …")
"""The first entry of a list in which nothing is chosen yet."""

Kind = TypeVar("Kind", bound=forms.Field)

_CODE = re.compile(r"[A-Za-z0-9_-]*")


# ---- Forms --------------------------------------------------------------------------------------------------


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


# ---- Fields -------------------------------------------------------------------------------------------------


class _OfTheKit(forms.Field):
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


class AmountField(_OfTheKit, forms.DecimalField):
    """An amount of money, above zero unless `min_value` says otherwise.

    *Units*: in `currency`, with as many decimals as it has unless `decimal_places` says otherwise.
    """

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "spellcheck": "false"})

    def __init__(
        self,
        *,
        currency: str = "",
        decimal_places: int | None = None,
        min_value: Decimal | int | None = None,
        **kwargs: Any,
    ) -> None:
        self._currency = currency
        self._places = money.minor_digits(currency) if decimal_places is None else decimal_places
        self._shown_decimals = money.minor_digits(currency) if currency else self._places
        self._least = Decimal((0, (1,), -self._places)) if min_value is None else Decimal(min_value)
        kwargs["max_digits"] = numerals.WHOLE_DIGITS + self._places
        super().__init__(decimal_places=self._places, **kwargs)

    def expected(self) -> str:
        """Name an amount with the decimals of its currency."""
        return f"an amount such as {Decimal('1234.5'):.{self._shown_decimals}f}"

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # Django's is a kind of its integer field
        """Read what was typed."""
        typed = "" if value in self.empty_values else text.bare(str(value))
        if not typed:
            return None
        try:
            amount = numerals.typed_amount(
                typed, decimals=self._places, currency=self._currency, shown_decimals=self._shown_decimals
            )
        except numerals.Unreadable as unreadable:
            raise forms.ValidationError(str(unreadable), code="invalid") from unreadable
        if amount < self._least:
            raise forms.ValidationError(mistakes.too_little(amount, least=self._least), code="min_value")
        return amount


class CountField(_OfTheKit, forms.IntegerField):
    """A whole number that is not negative, of days for example."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"})

    def __init__(self, *, min_value: int = 0, max_value: int = numerals.LARGEST_COUNT, **kwargs: Any) -> None:
        self._least = min_value
        self._most = max_value
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def expected(self) -> str:
        """Name the least and the most."""
        return numerals.between(least=self._least, most=self._most)

    def to_python(self, value: Any) -> int | None:
        """Read what was typed."""
        typed = "" if value in self.empty_values else text.bare(str(value))
        if not typed:
            return None
        try:
            return numerals.typed_whole(typed, least=self._least, most=self._most)
        except numerals.Unreadable as unreadable:
            raise forms.ValidationError(str(unreadable), code="invalid") from unreadable


class LineField(_OfTheKit, forms.CharField):
    """A text of one line, cleaned; what nobody sees is left out before it counts as given."""

    widget: forms.Widget = forms.TextInput(attrs={"autocomplete": "off"})

    def __init__(self, *, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if placeholder:
            self.widget.attrs["placeholder"] = placeholder

    def expected(self) -> str:
        """Name the most characters, where there is a most."""
        return f"a text of at most {self.max_length:,} characters" if self.max_length else "a text"

    def read(self, typed: str) -> str:
        """Clean what was typed, for a kind of text. *Raises* what `clean` turns into the field's mistake."""
        return text.clean_line(typed)

    def to_python(self, value: Any) -> str:
        """Read what was typed. A text is measured as it is kept."""
        try:
            cleaned = self.read(super().to_python(value) or "")
        except (text.UnusableText, addresses.NotAnAddress) as error:
            raise forms.ValidationError(str(error), code="invalid") from error
        if self.max_length and len(cleaned) > self.max_length:
            said = mistakes.too_long(count=len(cleaned), most=self.max_length)
            raise forms.ValidationError(said, code="max_length")
        return cleaned


class TextField(LineField):
    """A text of several lines, cleaned. A line end, CR LF from browsers, is one character."""

    widget = forms.Textarea(attrs={"rows": 3})

    def read(self, typed: str) -> str:
        """Clean what was typed; its lines stay."""
        return text.clean_text(typed)


class SearchField(LineField):
    """A question to a list: a text of one line that the browser lets one empty at once."""

    widget = forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"})


class AddressField(LineField):
    """An e-mail address: what a mail could be sent to. Marks that nobody sees are left out."""

    widget = forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def expected(self) -> str:
        """Name what an address looks like."""
        return addresses.EXPECTED

    def read(self, typed: str) -> str:
        """Take an address, or nothing."""
        line = text.clean_line(typed)
        return addresses.check(line) if line else ""


class CodeField(LineField):
    """A code of letters, digits, hyphens and underscores, in lower case, so that no two differ by case alone."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"})

    def to_python(self, value: Any) -> str:
        """Read what was typed."""
        code = super().to_python(value)
        if not _CODE.fullmatch(code):
            raise forms.ValidationError(mistakes.not_a_code(text.shown(code)), code="invalid")
        return code.lower()


class CurrencyField(LineField):
    """A currency by its code, in upper case."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=3, **kwargs)

    def expected(self) -> str:
        """Name what a code looks like."""
        return "a currency code such as SGD"

    def to_python(self, value: Any) -> str:
        """Read what was typed."""
        code = super().to_python(value).upper()
        if code and not money.is_currency(code):
            raise forms.ValidationError(str(money.UnknownCurrency(code)), code="invalid")
        return code


class DayField(_OfTheKit, forms.DateField):
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


class ChoiceField(_OfTheKit, forms.ChoiceField):
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


class RequestField(_OfTheKit, forms.UUIDField):
    """The hidden mark by which the same form sent twice is known."""

    widget = forms.HiddenInput

    def said_of_nothing(self) -> str:
        """Say that the page was not complete."""
        return mistakes.INCOMPLETE


class SeenField(_OfTheKit, forms.CharField):
    """What the page showed, hidden, to be compared with what is there now.

    *Shape*: `of` is a dataclass of values that JSON has.
    """

    widget = forms.HiddenInput

    def __init__(self, *, of: type[Any], **kwargs: Any) -> None:
        self._of = of
        super().__init__(**kwargs)

    def said_of_nothing(self) -> str:
        """Say that the page was not complete."""
        return mistakes.INCOMPLETE

    def prepare_value(self, value: Any) -> Any:
        """Write the values that are shown into the page."""
        return json.dumps(asdict(value)) if isinstance(value, self._of) else value

    def to_python(self, value: Any) -> Any:
        """Read what the portal wrote; nobody else writes it."""
        try:
            return self._of(**json.loads(value or ""))
        except (ValueError, TypeError, RecursionError) as error:  # the last: lists in lists in lists
            raise forms.ValidationError(mistakes.INCOMPLETE, code="incomplete") from error
