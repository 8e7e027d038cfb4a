"""What people fill in: corrections and top-ups of a credit account."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms

from portal.lib import forms as fields
from portal.lib import money

REASON_LENGTH = 500
LARGEST_SEQ = 2**63 - 1


class MoveForm(fields.Form):
    """Move a balance by hand, with a reason: what a correction and a top-up have in common.

    `seen_seq` is the place of the last entry when the balance was shown that the entry leads to; it is not there
    before that. `is_confirmed` answers the question that the entry may raise.
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
        """Make the field of the amount."""
        raise NotImplementedError

    def signed_amount(self) -> Decimal:
        """Give the amount with its sign; only of a valid form."""
        amount: Decimal = self.cleaned_data["amount"]
        return amount

    def copied(self) -> list[str]:
        """Give what was typed as hidden fields, to go on with the next step."""
        return [self[name].as_hidden() for name in self.fields if name not in ("seen_seq", "is_confirmed")]

    @staticmethod
    def draw_request_id() -> uuid.UUID:
        """Draw the mark by which the same form sent twice is known."""
        return uuid.uuid4()


class CorrectionForm(MoveForm):
    """Add to or take from Available Credits, with a reason."""

    ADD, TAKE = "add", "take"

    direction = fields.ChoiceField(
        label="What should happen?",
        choices=[(ADD, "Add to Available Credits"), (TAKE, "Take from Available Credits")],
        widget=fields.Radios,
    )

    def amount_field(self, currency: str) -> fields.AmountField:
        """Make the field of the amount: a balance has six decimals."""
        return fields.AmountField(
            currency=currency,
            decimal_places=money.BALANCE_DIGITS,
            label=f"Amount ({currency})",
            help_text="Without a sign: whether it is added or taken is chosen above.",
        )

    def signed_amount(self) -> Decimal:
        """Give the amount with its sign; only of a valid form."""
        amount = super().signed_amount()
        return amount if self.cleaned_data["direction"] == self.ADD else -amount


class TopUpForm(MoveForm):
    """Raise Available Credits, with a reason."""

    def amount_field(self, currency: str) -> fields.AmountField:
        """Make the field of the amount: money that came in has the decimals of its currency."""
        return fields.AmountField(currency=currency, label=f"Amount ({currency})")
