"""What a credit account allows, and how its entries are chained. No Django."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

# The column holds 14 digits before the point; the last one is kept as room for sums over accounts.
_MOST = Decimal(10) ** 13

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def available_credits(*, balance: Decimal, credit_limit: Decimal, reserved: Decimal) -> Decimal:
    """Give what can be spent now. *Source*: domain.md 1."""
    return balance + credit_limit - reserved


def balance_kind(balance: Decimal) -> str:
    """Say on which side a balance stands: CR (the customer has credit, or nothing is owed) or DR."""
    return "DR" if balance < 0 else "CR"


def known_by(*, reference: str, emails: tuple[str, ...], uuid: uuid.UUID) -> str:
    """Give what tells a customer from another of its name: its reference, else an e-mail address, else its UUID."""
    return next((text for text in (reference, *emails) if text), str(uuid))


def with_uuid(known_by: str, *, uuid: uuid.UUID) -> str:
    """Add the first signs of the UUID to what customers of one name are known by alike."""
    return " · ".join(part for part in (known_by, str(uuid)[:8]) if part)


def is_balance_in_range(balance: Decimal) -> bool:
    """Tell whether an account can hold a balance."""
    return abs(balance) < _MOST


def microseconds(at: datetime) -> int:
    """Count the microseconds from 1970 in UTC, the form in which an instant is hashed."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def entry_sha256(
    *,
    account_id: int,
    seq: int,
    amount: Decimal,
    currency: str,
    kind: str,
    cause_id: uuid.UUID | None,
    at_microseconds: Decimal | int,
    previous: bytes | None,
) -> bytes:
    """Hash a ledger entry as the database does. *Source*: docs/ledger.md.

    *Units*: `amount` with six decimals at most; `previous` is the hash of the entry before, None for the first.
    """
    written = "|".join(
        (
            str(account_id),
            str(seq),
            f"{amount:.6f}",
            currency,
            kind,
            str(cause_id) if cause_id else "",
            f"{at_microseconds:.0f}",
            previous.hex() if previous else "",
        )
    )
    return hashlib.sha256(written.encode()).digest()
