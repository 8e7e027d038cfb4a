"""The tables of Portal Config: administrative fees, and the products that are renewed elsewhere than the others."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms

from portal.lib import forms as fields
from settings_app import products

EMPTY_ROWS = 3
HERE, ELSEWHERE = "here", "elsewhere"


class FeeForm(fields.Form):
    """One row of the fee table; a row with nothing in it does not count."""

    takes_focus = False

    currency = fields.CurrencyField(label="Currency", required=False)
    # Read together with the currency, which says how many decimals there may be.
    amount = fields.LineField(label="Fee", required=False, widget=fields.AmountField.widget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A table of their own, without crispy.
        self.fields["currency"].widget.attrs["class"] = "form-control"
        self.fields["amount"].widget.attrs["class"] = "form-control num"

    def clean(self) -> dict[str, Any]:
        """Refuse half a row, and amounts that the currency cannot express."""
        data = self.cleaned_data
        if self.errors or data.get("DELETE"):
            return data
        currency, typed = data["currency"], data["amount"]
        data["amount"] = None
        if currency and not typed:
            self.add_error("amount", "Give the fee of this currency, or tick “Remove”.")
        elif typed and not currency:
            self.add_error("currency", "Say which currency this fee is in.")
        elif typed:
            self._read(typed, currency=currency)
        return data

    def _read(self, typed: str, *, currency: str) -> None:
        try:
            self.cleaned_data["amount"] = fields.AmountField(currency=currency, min_value=0).clean(typed)
        except forms.ValidationError as mistake:
            self.add_error("amount", mistake)


class _Rows(forms.BaseFormSet):  # type: ignore[type-arg]  # only the stubs know a parameter
    """A table of rows, each with a key of its own; a row without it does not count."""

    deletion_widget = forms.CheckboxInput
    key = ""

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Remove"
        form.fields["DELETE"].widget.attrs["class"] = "form-check-input"

    def clean(self) -> None:
        """Refuse the same key twice."""
        seen: set[str] = set()
        for form in self.forms:
            data = getattr(form, "cleaned_data", {})
            key = data.get(self.key)
            if data.get("DELETE") or not key:
                continue
            if key in seen:
                form.add_error(self.key, f"{key} has a row already.")
            seen.add(key)

    def filled_in(self) -> list[dict[str, Any]]:
        """Give the rows that count, once the table is valid."""
        return [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data.get(self.key) and not form.cleaned_data.get("DELETE")
        ]


class _FeeFormSet(_Rows):
    key = "currency"

    def fees(self) -> dict[str, Decimal]:
        """Give the rows that count, once the table is valid."""
        return {data["currency"]: data["amount"] for data in self.filled_in()}


FeeFormSet = forms.formset_factory(
    FeeForm, formset=_FeeFormSet, extra=EMPTY_ROWS, max_num=300, absolute_max=400, can_delete=True
)


class RenewalForm(fields.Form):
    """One product that is renewed elsewhere than the others; a row with nothing in it does not count."""

    takes_focus = False

    product = fields.ChoiceField(label="Product", required=False)
    where = fields.ChoiceField(
        label="Renewals",
        required=False,
        choices=[fields.UNCHOSEN, (HERE, "Made here"), (ELSEWHERE, "Made elsewhere")],
    )

    def __init__(self, *args: Any, products: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.field(fields.ChoiceField, "product").offer((name, name) for name in products)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select"

    def clean(self) -> dict[str, Any]:
        """Refuse half a row."""
        data = self.cleaned_data
        if self.errors or data.get("DELETE"):
            return data
        if data["product"] and not data["where"]:
            self.add_error("where", "Say where this product is renewed, or tick “Remove”.")
        elif data["where"] and not data["product"]:
            self.add_error("product", "Say which product this is about, or tick “Remove”.")
        return data


class _RenewalFormSet(_Rows):
    key = "product"

    def renewals(self) -> dict[str, bool]:
        """Give the rows that count, once the table is valid."""
        return {data["product"]: data["where"] == HERE for data in self.filled_in()}


def renewals_of(in_force: Mapping[str, bool], *, sent: Mapping[str, Any] | None = None) -> Any:
    """Build the table of the products that differ. A product that is gone stays while its row does. One query."""
    names = sorted({*products.names(), *in_force})
    kind = forms.formset_factory(
        RenewalForm,
        formset=_RenewalFormSet,
        extra=min(EMPTY_ROWS, max(0, len(names) - len(in_force))),
        max_num=1000,
        absolute_max=1100,
        can_delete=True,
    )
    rows = [
        {"product": product, "where": HERE if is_here else ELSEWHERE}
        for product, is_here in sorted(in_force.items())
    ]
    return kind(data=sent, initial=rows, prefix="renewals", form_kwargs={"products": names})
