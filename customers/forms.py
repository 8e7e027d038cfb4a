"""The forms of corrections and top-ups of a credit account."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms

from portal.lib import forms as fields
from portal.lib import money

REASON_LENGTH = 500
LARGEST_SEQ = 2**63 - 1


class MoveForm(fields.Form):
    """The common part of both: an amount and a reason.

    *Shape*: `seen_seq` is the number of the last entry when the preview was shown; the first step has none.
    `is_confirmed` answers the question that the preview may ask.
    """

    reason = fields.TextField(
        label="Reason",
        max_length=REASON_LENGTH,
        help_text=f"Shown in the ledger and in the audit log, at most {REASON_LENGTH} characters.",
    )
    request_id = fields.RequestField()
    seen_seq = fields.CountField(required=False, max_value=LARGEST_SEQ, widget=forms.HiddenInput)
    is_confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = self.amount_field(currency)
        self.order_fields(["direction", "amount"])

    def amount_field(self, currency: str) -> fields.AmountField:
        """Build the field of the amount."""
        raise NotImplementedError

    def signed_amount(self) -> Decimal:
        """Give the amount with its sign, of a valid form."""
        amount: Decimal = self.cleaned_data["amount"]
        return amount

    def copied(self) -> list[str]:
        """Render the values as hidden fields of the next step."""
        return [self[name].as_hidden() for name in self.fields if name not in ("seen_seq", "is_confirmed")]

    @staticmethod
    def draw_request_id() -> uuid.UUID:
        """Draw the UUID that identifies a form which is sent twice."""
        return uuid.uuid4()


class CorrectionForm(MoveForm):
    """The form of a correction: adds to Available Credits, or takes from them."""

    ADD, TAKE = "add", "take"

    direction = fields.ChoiceField(
        label="What should happen?",
        choices=[(ADD, "Add to Available Credits"), (TAKE, "Take from Available Credits")],
        widget=fields.Radios,
    )

    def amount_field(self, currency: str) -> fields.AmountField:
        """Build the field of the amount, with the six decimals of a balance."""
        return fields.AmountField(
            currency=currency,
            decimal_places=money.BALANCE_DIGITS,
            label=f"Amount ({currency})",
            help_text="Without a sign: whether it is added or taken is chosen above.",
        )

    def signed_amount(self) -> Decimal:
        """Give the amount with its sign, of a valid form."""
        amount = super().signed_amount()
        return amount if self.cleaned_data["direction"] == self.ADD else -amount


class TopUpForm(MoveForm):
    """The form of a top-up, which adds to Available Credits."""

    def amount_field(self, currency: str) -> fields.AmountField:
        """Build the field of the amount, with the decimals of its currency."""
        return fields.AmountField(currency=currency, label=f"Amount ({currency})")
