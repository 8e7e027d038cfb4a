"""Fields that all forms share: numbers and e-mail addresses, each read in one way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from portal.lib import addresses, money, numerals, text


class AmountField(forms.DecimalField):
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
        places = money.minor_digits(currency) if decimal_places is None else decimal_places
        self._shown_decimals = money.minor_digits(currency) if currency else places
        kwargs["max_digits"] = numerals.WHOLE_DIGITS + places
        least = Decimal((0, (1,), -places)) if min_value is None else Decimal(min_value)
        too_little = "The amount must be above zero." if least else "The amount can't be negative."
        kwargs["error_messages"] = {"min_value": too_little, **(kwargs.get("error_messages") or {})}
        super().__init__(min_value=least, decimal_places=places, **kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # Django's is a kind of its integer field
        """Read what was typed."""
        typed = "" if value in self.empty_values else text.bare(str(value))
        if not typed:
            return None
        try:
            return numerals.typed_amount(
                typed,
                decimals=self.decimal_places or 0,
                currency=self._currency,
                shown_decimals=self._shown_decimals,
            )
        except numerals.Unreadable as unreadable:
            raise forms.ValidationError(str(unreadable), code="invalid") from unreadable


class CountField(forms.IntegerField):
    """A whole number that is not negative, of days for example."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"})

    def __init__(self, *, min_value: int = 0, max_value: int = numerals.LARGEST_COUNT, **kwargs: Any) -> None:
        self._least = min_value
        self._most = max_value
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def to_python(self, value: Any) -> int | None:
        """Read what was typed."""
        typed = "" if value in self.empty_values else text.bare(str(value))
        if not typed:
            return None
        try:
            return numerals.typed_whole(typed, least=self._least, most=self._most)
        except numerals.Unreadable as unreadable:
            raise forms.ValidationError(str(unreadable), code="invalid") from unreadable


class LineField(forms.CharField):
    """A text of one line, cleaned; what nobody sees is left out before it counts as given."""

    def to_python(self, value: Any) -> str:
        """Read what was typed."""
        try:
            return text.clean_line(super().to_python(value) or "")
        except text.UnusableText as error:
            raise forms.ValidationError(str(error), code="invalid") from error


class AddressField(forms.CharField):
    """An e-mail address: what a mail could be sent to. Marks that nobody sees are left out."""

    widget = forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def to_python(self, value: Any) -> str:
        """Read what was typed."""
        try:
            typed = text.clean_line(super().to_python(value) or "")
            return addresses.check(typed) if typed else ""
        except (text.UnusableText, addresses.NotAnAddress) as error:
            raise forms.ValidationError(str(error), code="invalid") from error
