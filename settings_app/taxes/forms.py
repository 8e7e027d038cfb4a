"""The form of a new tax rate."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from portal.importing import values
from portal.lib import forms as fields
from portal.lib import text
from settings_app.models import TaxRate
from settings_app.operations import tax_rates

MOST = Decimal(100)
DECIMALS = 4


class CountryField(fields.LineField):
    """A country by its code, in upper case."""

    widget = fields.CurrencyField.widget

    def expected(self) -> str:
        """Name what a code looks like."""
        return "a country code such as SG"

    def to_python(self, value: Any) -> str:
        """Read what was typed."""
        code = super().to_python(value).upper()
        try:
            return values.country(code) if code else ""
        except values.Malformed as none:
            said = f"“{text.shown(code)}” is not a country; expected an ISO 3166-1 alpha-2 code such as SG."
            raise forms.ValidationError(said, code="invalid") from none


class PerCentField(fields.AmountField):
    """A share in per cent, from 0 to 100."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decimal_places=DECIMALS, min_value=0, **kwargs)

    def expected(self) -> str:
        """Name the least and the most."""
        return "a number from 0 to 100, such as 9 or 8.875"

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # as that of all amounts
        """Read what was typed."""
        share = super().to_python(value)
        if share is not None and share > MOST:
            raise forms.ValidationError(f"“{share:f}” is too much; expected 100 or less.", code="max_value")
        return share


class TaxRateForm(fields.Form):
    """A rate of a country, from a day on."""

    country = CountryField(label="Country", help_text="Its code of two letters, as customers have it: SG, MY, HK.")
    name = fields.LineField(
        label="Name",
        max_length=TaxRate._meta.get_field("name").max_length,
        help_text="What the tax is called on documents: GST, VAT.",
    )
    per_cent = PerCentField(
        label="Per cent", help_text="Of the net, with up to four decimals. 0 is a rate as well."
    )
    begins_on = fields.DayField(
        label="Begins on",
        help_text="The first day with this rate, in each customer's own time zone. On a day that is over it "
        "changes nothing that was charged. Once it has begun it stays.",
    )

    def values(self) -> tax_rates.RateValues:
        """Give what was typed, once the form is valid."""
        return tax_rates.RateValues(**self.cleaned_data)
