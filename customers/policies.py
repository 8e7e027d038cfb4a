"""What a credit account allows, how its entries are chained, and how a question is read. No Django."""

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from portal.lib import text

# The column holds 14 digits before the point; the last one is kept as room for sums over accounts.
_MOST = Decimal(10) ** 13

LONGEST_QUERY = 200
MOST_WORDS = 8

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-f]{9,32}")
_NUMBER = re.compile(r"[0-9+ .\-]+")
_IN_BRACKETS = re.compile(r"\(\s*0\s*\)")

# Shorter beginnings of a UUID would be shared by customers that nobody means.
_UUID_BEGINNING = 4
# From here on a piece from the middle of a UUID says as much as its beginning.
_UUID_PART = 8
# Below this a word has too few letters to be recognised with a wrong one.
_SHORTEST_TYPO = 4


def available_credits(*, balance: Decimal, credit_limit: Decimal, reserved: Decimal) -> Decimal:
    """Give what can be spent now. *Source*: domain.md 1."""
    return balance + credit_limit - reserved


def balance_kind(balance: Decimal) -> str:
    """Say on which side a balance stands: CR (the customer has credit, or nothing is owed) or DR."""
    return "DR" if balance < 0 else "CR"


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


@dataclass(frozen=True)
class Reading:
    """One way to understand a question: all `words` must be found among the keys of an organisation.

    *Shape*: words as `portal.lib.text.fold` leaves them, so none of them holds a wildcard of SQL. `kind`
    limits the keys to one kind; `is_beginning`: the words must stand at the beginning of the key, `is_whole`:
    they must be the key.
    """

    words: tuple[str, ...]
    phrase: str
    kind: str = ""
    is_beginning: bool = False
    is_whole: bool = False


def readings(query: str) -> tuple[Reading, ...]:
    """Read what was typed in every way that makes sense; nothing when it holds neither letter nor digit."""
    typed = query[:LONGEST_QUERY]
    folded = text.fold(typed)
    words = tuple(dict.fromkeys(w for w in folded.split() if any(map(str.isalnum, w))))[:MOST_WORDS]
    if not words:
        return ()
    uuid = folded.removeprefix("urn uuid ")
    if _HEX.fullmatch(uuid) and (len(uuid) == 32 or any(map(str.isdigit, uuid))):
        uuid = _with_hyphens(uuid)
    if _UUID.fullmatch(uuid):
        return (Reading(words=(uuid,), phrase=uuid, kind="uuid", is_whole=True),)
    read = [Reading(words=words, phrase=folded)]
    if uuid != folded:
        read.append(Reading(words=(uuid,), phrase=uuid, kind="uuid", is_beginning=True))
    # A number is written in many ways: +65 6123-4567, (0)44 123 45 67, 0065...
    number = text.fold(_IN_BRACKETS.sub(" ", typed))
    digits = re.sub(r"\D", "", number).lstrip("0")
    if _NUMBER.fullmatch(number) and len(digits) >= 3 and digits != folded:
        read.append(Reading(words=(digits,), phrase=digits, kind="number"))
    return tuple(read)


def uuid_part(word: str) -> str:
    """Say which part of a UUID a word may be: "any", "beginning" or "" (too short to mean one)."""
    if len(word) >= _UUID_PART:
        return "any"
    return "beginning" if len(word) >= _UUID_BEGINNING else ""


def typing_errors(word: str) -> int:
    """Give how many letters of a word may be wrong: one in five at least, none in very short words."""
    return 0 if len(word) < _SHORTEST_TYPO else max(1, (len(word) + 1) // 4)


def least_similarity(word: str) -> float:
    """Give the trigram word similarity below which no word with that many wrong letters can fall.

    A word of n letters has n + 1 trigrams (two blanks before, one behind). Each wrong letter spoils up to
    three of them, and puts as many others in the place of those that should be there. Never above 0.4, where
    "telekomm" still finds "Telecom" (0.44).
    """
    trigrams, spoilt = len(word) + 1, 3 * max(1, len(word) // 5)
    return min(0.4, max(0.2, (trigrams - spoilt) / (trigrams + spoilt) - 0.01))


def _with_hyphens(digits: str) -> str:
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(part for part in parts if part)
