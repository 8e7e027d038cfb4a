"""Read what a superuser typed on the settings pages."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.html import format_html

from portal.lib import forms as fields
from settings_app import operations, policies, products

MOST_DAYS = 3650
EMPTY_ROWS = 3


def _explained(choices: Mapping[str, str], help_lines: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (value, format_html('{}<span class="hint">{}</span>', label, help_lines[value]))
        for value, label in choices.items()
    ]


TERMINATION_METHOD_HELP = {
    "by_credit_note": "The agent sees the total refund, then says whether a credit note is the refund or the "
    "refund goes into Available Credits.",
    "simplified": "The agent sees the total refund and terminates; the refund goes into Available Credits.",
}
REFUND_METHOD_HELP = {
    "remaining_months": "The months that have not begun come back; the month that has begun is used.",
    "remaining_days": "The days after the termination come back.",
    "full": "The whole cycle comes back unless it is over.",
    "none": "Nothing comes back.",
}
HERE, ELSEWHERE = "here", "elsewhere"
RENEWALS_HELP = {
    ELSEWHERE: "Another system renews and charges; its cycles come by import. Nothing is charged here.",
    HERE: "The night renews and charges what renews by itself. No other system may renew it.",
}


class ConfigForm(fields.Form):
    """Portal Config without its fees, which are a table of their own."""

    # One reads these settings before one changes any.
    takes_focus = False

    # The reactivation days for which somebody has read how many would end.
    confirmed_days = fields.CountField(required=False, widget=forms.HiddenInput)
    seen_version = fields.CountField(min_value=1, widget=forms.HiddenInput)
    termination_method = fields.ChoiceField(
        label=policies.LABELS["termination_method"],
        choices=_explained(policies.TERMINATION_METHODS, TERMINATION_METHOD_HELP),
        widget=fields.Radios,
    )
    allow_refund = forms.BooleanField(
        label=policies.LABELS["allow_refund"],
        required=False,
        help_text="Switched off, a termination refunds nothing by itself. A credit note can still be chosen.",
    )
    refund_method = fields.ChoiceField(
        label=policies.LABELS["refund_method"],
        choices=_explained(policies.REFUND_METHODS, REFUND_METHOD_HELP),
        widget=fields.Radios,
    )
    full_refund_days = fields.CountField(
        label=policies.LABELS["full_refund_days"],
        required=False,
        min_value=0,
        max_value=MOST_DAYS,
        help_text="Counted from the first day of a running cycle; up to and including this day all of it comes "
        "back. 0 means the first day only. Leave it empty to switch the window off.",
    )
    reactivation_days = fields.CountField(
        label=policies.LABELS["reactivation_days"],
        min_value=0,
        max_value=MOST_DAYS,
        help_text="An expired subscription is kept for this many days; after them it is terminated, "
        "without a refund.",
    )
    number_reservation_days = fields.CountField(
        label="Numbers",
        min_value=0,
        max_value=MOST_DAYS,
        help_text="For this many days after the end nobody else gets the subscription's numbers. In the EU a "
        "customer may port a number for at least a month after the end of the contract.",
    )
    number_reservation_days_ported_in = fields.CountField(
        label="Ported-in numbers",
        min_value=0,
        max_value=MOST_DAYS,
        help_text="The same for numbers that the customer brought along from another provider.",
    )
    use_note_now = forms.BooleanField(
        label=policies.LABELS["use_note_now"],
        required=False,
        help_text="How this box stands when an agent chooses a credit note as the refund: ticked, the note is "
        "applied to what is open, and its rest goes into Available Credits. The agent can change it each time.",
    )
    notify_partner = forms.BooleanField(
        label="to the partner",
        required=False,
        help_text="Each termination and each refused renewal is told to the notification address.",
    )
    notify_customers = forms.BooleanField(
        label="to customers with the partner in copy",
        required=False,
        help_text="The same message goes to the customer's billing address, with the notification address in copy.",
    )
    provider_name = fields.LineField(
        label=policies.LABELS["provider_name"],
        max_length=120,
        help_text="Shown at the top of every page and in messages.",
    )
    notification_address = fields.AddressField(
        label=policies.LABELS["notification_address"],
        required=False,
        max_length=254,
        help_text="The partner's e-mail address. While it is empty, no message to the partner is written.",
    )
    charge_administrative_fee = forms.BooleanField(
        label="Charge an administrative fee",
        required=False,
        help_text="Taken off the total refund of a termination, never more than that total. A currency without "
        "a row has no fee.",
    )

    renewals_are_made_here = fields.ChoiceField(
        label=policies.LABELS["renewals_are_made_here"],
        choices=_explained({ELSEWHERE: "Made elsewhere", HERE: "Made here"}, RENEWALS_HELP),
        widget=fields.Radios,
    )

    def clean_renewals_are_made_here(self) -> bool:
        """Turn the choice into what is kept."""
        return bool(self.cleaned_data["renewals_are_made_here"] == HERE)

    def values(self, *, fees: Mapping[str, Decimal], renewals: Mapping[str, bool]) -> policies.Values:
        """Give what was typed, once the form is valid."""
        data = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in ("seen_version", "confirmed_days")
        }
        return policies.Values(**data, fees=dict(fees), renewals_by_product=dict(renewals))


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


class ReasonForm(fields.Form):
    """A termination reason; the code is asked for once, when the reason is added."""

    seen = fields.SeenField(of=operations.ReasonValues)
    label = fields.LineField(label="Label", max_length=120, help_text="What agents read in the list of reasons.")
    code = fields.CodeField(
        label="Code",
        max_length=40,
        help_text="Used in imports and reports: letters, digits, hyphen and underscore. It can't be changed later.",
    )
    needs_ticket = forms.BooleanField(
        label="Needs a ticket",
        required=False,
        help_text="An agent who chooses this reason must give the ticket reference.",
    )
    is_active = forms.BooleanField(
        label="Offered",
        required=False,
        initial=True,
        help_text="A reason that is not offered stays with the terminations that carry it.",
    )
    position = fields.CountField(
        label="Position", min_value=0, max_value=9999, initial=0, help_text="Low numbers come first in the list."
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["seen" if is_new else "code"]

    def values(self) -> operations.ReasonValues:
        """Give what was typed, once the form is valid."""
        data = self.cleaned_data
        return operations.ReasonValues(
            label=data["label"],
            needs_ticket=data["needs_ticket"],
            is_active=data["is_active"],
            position=data["position"],
        )
