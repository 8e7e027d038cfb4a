"""The rules of credit accounts: available credits, the range of balances, the hash chain of entries. No Django."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

# The column holds 14 digits before the point. A balance may use 13, which leaves room for sums over accounts.
_MOST = Decimal(10) ** 13

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def available_credits(*, balance: Decimal, credit_limit: Decimal, reserved: Decimal) -> Decimal:
    """Compute the Available Credits: what can be spent now. *Source*: domain.md 1."""
    return balance + credit_limit - reserved


def balance_kind(balance: Decimal) -> str:
    """Give the side of a balance: DR below 0, else CR."""
    return "DR" if balance < 0 else "CR"


def known_by(*, reference: str, emails: tuple[str, ...], uuid: uuid.UUID) -> str:
    """Give what tells a customer from its namesakes: the reference, else an e-mail address, else the UUID."""
    return next((text for text in (reference, *emails) if text), str(uuid))


def with_uuid(known_by: str, *, uuid: uuid.UUID) -> str:
    """Append the first eight characters of the UUID, for namesakes that share even what they are known by."""
    return " · ".join(part for part in (known_by, str(uuid)[:8]) if part)


def is_balance_in_range(balance: Decimal) -> bool:
    """Tell whether a balance fits an account."""
    return abs(balance) < _MOST


def microseconds(at: datetime) -> int:
    """Count the microseconds since 1970 in UTC. Hashes take an instant in this form."""
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
    """Compute the SHA-256 of a ledger entry, as the database does. *Source*: docs/ledger.md.

    *Units*: `amount` has at most six decimals. `previous` is the hash of the previous entry, None for the first.
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
