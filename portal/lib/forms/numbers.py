"""Amounts of money and whole numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from portal.lib import mistakes, money, numerals, text
from portal.lib.forms.kit import KitField


class AmountField(KitField, forms.DecimalField):
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


class CountField(KitField, forms.IntegerField):
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
