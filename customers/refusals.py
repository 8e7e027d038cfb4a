"""Why nothing is posted on a credit account: a class for each outcome."""

from dataclasses import dataclass
from decimal import Decimal

from portal import frame
from portal.lib import money


@dataclass(eq=False)
class BalanceOutOfRange(frame.Refused):
    """An entry would lift or lower the balance beyond what an account can hold."""

    code = "balance_out_of_range"
    status = 422
    field = "amount"

    balance: Decimal
    amount: Decimal


@dataclass(eq=False)
class BalanceMoved(frame.Refused):
    """The account has moved on since the balance was shown that an entry leads to."""

    code = "balance_moved"

    seen_seq: int
    last_seq: int


@dataclass(eq=False)
class AmountNotUsable(frame.Refused):
    """The amount is not positive, or has more decimals than its currency."""

    code = "amount_not_usable"
    status = 422
    field = "amount"

    amount: Decimal
    currency: str


class CorrectionAsks(frame.Refused):
    """A correction asks first. The app that knows what it would do raises a class of its own."""


def check_amount(amount: Decimal, *, currency: str) -> None:
    """Refuse an amount that is not positive, or has too many decimals.

    *Raises*: AmountNotUsable.
    """
    if not amount.is_finite() or amount <= 0 or not money.is_whole(amount, currency=currency):
        raise AmountNotUsable(amount=amount, currency=currency)
