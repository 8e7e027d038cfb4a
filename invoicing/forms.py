"""The forms of payments, credit notes and allocations."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from invoicing import operations, policies, subjects
from invoicing.models import ChargeLine, CreditNote, Payment, TakeBack
from invoicing.selectors import LineRow, PayableInvoice, Takeable
from portal.lib import forms as fields
from portal.lib import money

PART = re.compile(r"(paid|applied|put_in)_[0-9]{1,18}|surplus")


class PaymentForm(fields.Form):
    """Record a payment."""

    request_id = fields.RequestField()
    method = fields.ChoiceField(label="Method", choices=[(m.value, m.label) for m in operations.METHODS_BY_HAND])
    received_on = fields.DayField(label="Received on")
    reference = fields.LineField(
        label="Reference",
        required=False,
        max_length=Payment._meta.get_field("reference").max_length,
        help_text="As it stands on the bank statement or the cheque.",
    )
    # The form may come back with two questions. Each has a hidden field for its subject, and a box for the answer.
    into_credits = forms.BooleanField(required=False)
    is_like_another = forms.BooleanField(required=False, widget=forms.HiddenInput)
    is_another = forms.BooleanField(label="Yes, this is a second payment", required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        currency: str,
        charges: Sequence[LineRow],
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.fields["amount"] = fields.AmountField(currency=currency, label=f"Amount in {currency}")
        self.fields["surplus"] = fields.AmountField(currency=currency, required=False, widget=forms.HiddenInput())
        self.order_fields(["amount"])
        self.field(fields.DayField, "received_on").between(today=today)
        # One charge leaves nothing to choose. A form that is sent again may name charges that are paid by now.
        self._currency = currency
        self._charges = [c for c in charges if c.open_amount > 0 or f"charge_{c.line_id}" in self.data]
        self._charges = self._charges if len(self._charges) > 1 else []
        for charge in self._charges:
            self.fields[f"charge_{charge.line_id}"] = fields.AmountField(
                currency=currency,
                min_value=0,
                required=False,
                label=charge.description,
                help_text=f"{charge.open} open" + (f" · {charge.subject.text}" if charge.subject else ""),
            )

    def by_charge(self) -> dict[int, Decimal]:
        """Give the amounts by charge that were typed, of a valid form."""
        parts = {c.line_id: self.cleaned_data.get(f"charge_{c.line_id}") for c in self._charges}
        return {line_id: part for line_id, part in parts.items() if part}

    def payment(self) -> dict[str, Any]:
        """Give the arguments of the operation, of a valid form."""
        own = ("request_id", "amount", "method", "received_on", "reference")
        agreed = self.cleaned_data["surplus"] if self.cleaned_data["into_credits"] else None
        return {
            **{name: self.cleaned_data[name] for name in own},
            "by_charge": self.by_charge(),
            "into_credits": agreed or Decimal(0),
            "is_another": self.cleaned_data["is_another"],
        }

    def own_fields(self) -> list[forms.BoundField]:
        """List the fields of the payment as a whole, for the template."""
        return [self[name] for name in ("amount", "method", "received_on", "reference")]

    def questions(self) -> list[forms.BoundField]:
        """List the boxes that answer the questions, for the template."""
        asked = [self["is_another"]] if self.data.get("is_like_another") else []
        if self.data.get("surplus"):
            field = self["into_credits"]
            field.label = f"Yes, put {self._currency} {self.data['surplus']} into Available Credits"
            asked.append(field)
        return asked

    def charge_fields(self) -> list[forms.BoundField]:
        """List the fields of the charges, for the template."""
        return [self[f"charge_{charge.line_id}"] for charge in self._charges]

    @property
    def says_charges(self) -> bool:
        """Tell whether an amount of a charge was typed."""
        return any(field.data for field in self.charge_fields())


class ReasonForm(fields.Form):
    """Ask for a reason before something that can't be undone."""

    request_id = fields.RequestField()
    reason = fields.LineField(
        label="Reason",
        max_length=CreditNote._meta.get_field("sending_reason").max_length,
        help_text="Kept with the note and in the audit.",
    )


class UseForm(fields.Form):
    """Confirm the use of a credit note. There is nothing to fill in."""

    request_id = fields.RequestField()


class SendForm(ReasonForm):
    """Ask why a credit note is marked as Sent, and for a confirmation if there are questions about it."""

    is_confirmed = forms.BooleanField(label="Yes, mark it as Sent all the same", required=False)


class TakeBackForm(fields.Form):
    """Ask what is taken back, and why. Each part is filled in with all that is left of it."""

    request_id = fields.RequestField()
    reason = fields.LineField(
        label="Reason",
        max_length=TakeBack._meta.get_field("reason").max_length,
        help_text="Kept, and told in the audit.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, takeable: Takeable, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        # A form that is sent twice names parts that are gone. They are read as well, so it gets its first answer.
        self._keys = [part.key for part in takeable.parts]
        self._gone = [key for key in self.data if PART.fullmatch(key) and key not in self._keys]
        for part in takeable.parts:
            self.fields[part.key] = fields.AmountField(
                currency=takeable.currency,
                min_value=0,
                required=False,
                label=f"{part.label} ({takeable.currency})",
                help_text=f"{part.left_text} is still there." + (f" {part.about}" if part.about else ""),
                initial=money.format_amount(part.left, currency=takeable.currency),
            )
        for key in self._gone:
            self.fields[key] = fields.AmountField(
                currency=takeable.currency, min_value=0, required=False, label="A part that is gone"
            )
        self.order_fields(self._keys)

    def amounts(self, kind: str) -> dict[int, Decimal]:
        """Give the amounts of one kind of part by the ids of its rows, of a valid form."""
        given = {name: self.cleaned_data.get(name) for name in self.fields if PART.fullmatch(name)}
        return {
            int(name.removeprefix(f"{kind}_")): amount
            for name, amount in given.items()
            if amount and name.startswith(f"{kind}_")
        }

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error; what is wrong with a part that is gone stands above the form, where it is shown."""
        super().add_error(None if field in self._gone else field, error)

    def part_fields(self) -> list[forms.BoundField]:
        """List the fields of the parts, for the template."""
        return [self[key] for key in self._keys]


class AllocationForm(fields.Form):
    """Choose an unpaid invoice, and how much of the credit note pays it."""

    request_id = fields.RequestField()
    invoice = fields.DocumentField(label="Invoice")

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        currency: str,
        invoices: tuple[PayableInvoice, ...],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.field(fields.DocumentField, "invoice").choices = [
            (str(i.uuid), f"{i.number}: {i.open_text} open" + (f", issued on {i.issued_on}" if i.issued_on else ""))
            for i in invoices
        ]
        self.fields["amount"] = fields.AmountField(currency=currency, label=f"Amount in {currency}")


class CreditNoteForm(fields.Form):
    """Draft a credit note: for each charge all that is left of it, or net and tax."""

    request_id = fields.RequestField()
    reason = fields.LineField(
        label="Reason", max_length=CreditNote._meta.get_field("reason").max_length, help_text="Printed on the note."
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        charges: Mapping[int, tuple[ChargeLine, policies.Creditable]],
        about: Mapping[int, subjects.Subject],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self._charges = charges
        self._about = about
        for line_id, (_, charge) in charges.items():
            if charge.left <= 0:
                continue
            left = money.display(charge.left, currency=charge.currency)
            self.fields[f"whole_{line_id}"] = forms.BooleanField(label=f"The whole line: {left}", required=False)
            for part in ("net", "tax"):
                self.fields[f"{part}_{line_id}"] = fields.AmountField(
                    currency=charge.currency,
                    min_value=0,
                    required=False,
                    label=f"{part.capitalize()} in {charge.currency}",
                )

    def clean(self) -> dict[str, Any]:
        """Refuse a whole line with amounts, and a form without any amount."""
        cleaned = super().clean() or self.cleaned_data
        for line_id in self._charges:
            given = cleaned.get(f"net_{line_id}") or cleaned.get(f"tax_{line_id}")
            if cleaned.get(f"whole_{line_id}") and given:
                self.add_error(f"whole_{line_id}", "Choose the whole line, or give amounts, not both.")
        if not self.errors and not self.amounts():
            raise forms.ValidationError("Choose a whole line, or give an amount for at least one charge.")
        return cleaned

    def amounts(self) -> list[operations.NoteAmount]:
        """Give the amounts of the credit note by charge."""
        amounts = []
        for line_id, (_, charge) in self._charges.items():
            net = self.cleaned_data.get(f"net_{line_id}") or Decimal(0)
            tax = self.cleaned_data.get(f"tax_{line_id}") or Decimal(0)
            if self.cleaned_data.get(f"whole_{line_id}"):
                net, tax = policies.whole_of(charge)
            if net or tax:
                amounts.append(operations.NoteAmount(line_id=line_id, net=net, tax=tax))
        return amounts

    def charges(self) -> list[dict[str, Any]]:
        """List the charges with their fields, for the template."""
        return [
            {
                "description": line.description,
                "subject": self._about.get(line_id),
                "charged": money.display(line.charged, currency=line.currency),
                "left": money.display(charge.left, currency=line.currency),
                "net_left": money.display(charge.net_left, currency=line.currency),
                "tax_left": money.display(charge.tax_left, currency=line.currency),
                "whole": self[f"whole_{line_id}"] if charge.left > 0 else None,
                "parts": [self[f"net_{line_id}"], self[f"tax_{line_id}"]] if charge.left > 0 else [],
            }
            for line_id, (line, charge) in self._charges.items()
        ]
