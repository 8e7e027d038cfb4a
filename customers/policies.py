"""What a credit account allows. No Django."""

from decimal import Decimal

# The column holds 14 digits before the point; the last one is kept as room for sums over accounts.
_MOST = Decimal(10) ** 13


def available_credits(*, balance: Decimal, credit_limit: Decimal, reserved: Decimal) -> Decimal:
    """Give what can be spent now. *Source*: domain.md 1."""
    return balance + credit_limit - reserved


def balance_kind(balance: Decimal) -> str:
    """Say on which side a balance stands: CR (the customer has credit, or nothing is owed) or DR."""
    return "DR" if balance < 0 else "CR"


def is_balance_in_range(balance: Decimal) -> bool:
    """Tell whether an account can hold a balance."""
    return abs(balance) < _MOST
