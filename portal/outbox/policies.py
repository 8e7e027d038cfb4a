"""When a message is tried again, and what a mail server's answer means."""

from __future__ import annotations

import hashlib
import unicodedata
import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

# The last pause is over about a day after the first attempt: longer than a mail server's bad night.
MOST_ATTEMPTS = 12
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=12)
# A mail server that can't be reached says nothing about the message, which then waits as it was.
PAUSE_WHEN_UNREACHABLE = timedelta(minutes=1)
# How long a sender keeps a message for itself: far longer than every step of sending it may take.
LEASE = timedelta(minutes=5)
LONGEST_ERROR = 500

# Control characters, line and paragraph separators, halves of a character: none belongs into a line.
_BREAKS = {"Cc", "Zl", "Zp", "Cs"}


@dataclass(frozen=True)
class Refusal:
    """Hold what a mail server said about one address. *Units*: `code` is SMTP's (RFC 5321)."""

    address: str
    code: int
    words: str

    @property
    def is_permanent(self) -> bool:
        """Say whether trying again is useless for this address."""
        return is_permanent(self.code)

    def __str__(self) -> str:
        return one_line(f"{self.address}: {self.code} {self.words}")


@dataclass(frozen=True)
class Attempt:
    """Hold what came of one attempt: who has the message now, who refused it, or what failed for all.

    *Shape*: `failure` is a sentence and empty when the server took the message for somebody.
    """

    delivered_to: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    failure: str = ""
    is_permanent: bool = False

    @property
    def is_final(self) -> bool:
        """Say whether trying again is useless for somebody it was meant for."""
        return self.is_permanent or any(refusal.is_permanent for refusal in self.refusals)

    @property
    def error(self) -> str:
        """Say in one line what went wrong; empty when nothing did."""
        said = [str(refusal) for refusal in self.refusals]
        return "; ".join([*said, one_line(self.failure)] if self.failure else said)[:LONGEST_ERROR]


@dataclass(frozen=True)
class Addresses:
    """Hold where messages about an organisation go today; an address that is not known is empty."""

    organisation_name: str
    customer: str
    provider: str


@dataclass(frozen=True)
class Text:
    """Hold what a message says."""

    subject: str
    body: str


def is_permanent(code: int) -> bool:
    """Say whether an answer stands however often one asks: a 5xx."""
    return 500 <= code < 600


def pause_after(*, attempts: int, message_id: uuids.UUID) -> timedelta:
    """Say how long to wait after that many attempts: doubled each time up to a cap, a quarter more or less.

    The quarter is drawn from a hash, so that messages that failed together do not come back together, and the
    same message always waits the same.
    """
    doubled = min(attempts - 1, 20)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * (1 << doubled))
    digest = hashlib.sha256(f"{message_id}/{attempts}".encode()).digest()
    spread = int.from_bytes(digest[:4], "big") - 2**31
    return pause + pause // 4 * spread // 2**31


def recipients(*, to: str, cc: str, delivered_to: Sequence[str]) -> tuple[str, ...]:
    """List the addresses that do not have the message yet, each once."""
    return tuple(dict.fromkeys(address for address in (to, cc) if address and address not in delivered_to))


def refusals(answers: Mapping[str, tuple[int, bytes]]) -> tuple[Refusal, ...]:
    """Read the answers that smtplib collects by address."""
    return tuple(
        Refusal(address=address, code=code, words=words.decode("utf-8", "replace"))
        for address, (code, words) in answers.items()
    )


def one_line(text: str) -> str:
    """Make one line of any text: a header must not get a second one."""
    flat = "".join(" " if unicodedata.category(character) in _BREAKS else character for character in text)
    return " ".join(flat.split())
