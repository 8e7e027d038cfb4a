"""Say what an e-mail address is: what the mail library would send to, for import, forms, settings and the outbox.

Three parts of the library have a say. Django's validator knows the syntax; its `sanitize_address` (the parser of
`email.headerregistry`) writes what the mail server is told, with a domain in its ASCII form; `smtplib.quoteaddr`
reads that once more, and the mail is sent to what comes out. An address is what all three agree about.
"""

from __future__ import annotations

import re
from smtplib import quoteaddr

from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email

from portal.lib import text

EXPECTED = "name@domain, such as billing@company.example"
"""What an address looks like, as it goes on after "expected"."""

LONGEST = 254
"""The most characters a mail server takes (RFC 5321)."""

# Nearly every address, and a thousand times quicker to see. All of these are addresses; a test compares.
_ATOM = r"[-!#$%&'*+/=?^_`{}|~0-9A-Za-z]+"
_PLAIN = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z]{{2,63}}"
)
_IN_BRACKETS = re.compile(r"<([^<>]*)>")
_BETWEEN = re.compile(r"[\s;,]+")
_AROUND = "<>()[]\"'.:;,"


class NotAnAddress(ValueError):
    """Say that a text is no e-mail address.

    *Shape*: `wrong` goes on after the text itself, `right` after "expected".
    """

    def __init__(self, given: str) -> None:
        self.given = given
        self.wrong = "is not an e-mail address"
        found = _within(given)
        if len(found) == 1:
            self.right = found[0]
        else:
            self.right = "one address alone" if found else EXPECTED
        super().__init__(f"“{text.shown(given)}” {self.wrong}; expected {self.right}.")


def check(given: str) -> str:
    """Give an address as it is written. *Raises* `NotAnAddress`."""
    if not is_address(given):
        raise NotAnAddress(given)
    return given


def is_address(given: str) -> bool:
    """Tell whether a mail could be sent to this text."""
    if len(given) > LONGEST:
        return False
    return _PLAIN.fullmatch(given) is not None or _is_sent_to(given)


def envelope(address: str) -> str:
    """Write an address as the mail server is told it: its domain in ASCII.

    *Raises* `ValueError` where it cannot be written.
    """
    written: str = sanitize_address(address, "utf-8")
    return written


def _is_sent_to(given: str) -> bool:
    try:
        validate_email(given)
        written = envelope(given)
        validate_email(written)
    except (ValidationError, ValueError):
        return False
    is_the_same = given.isascii() or _read_back(written) == given.lower()
    return is_the_same and len(written) <= LONGEST and quoteaddr(written) == f"<{written}>"


def _read_back(written: str) -> str:
    """Write a domain in its own script again: what the ASCII form drops or turns into other letters is seen so."""
    local, _, domain = written.rpartition("@")
    try:
        return f"{local}@{domain.encode().decode('idna')}".lower()
    except UnicodeError:
        return ""


def _within(given: str) -> list[str]:
    """Find the addresses that somebody may have meant."""
    bare = text.bare(given)
    pieces = _IN_BRACKETS.findall(bare) or _BETWEEN.split(bare)
    found = []
    for piece in pieces[:50]:
        # mailto:a@x.example?subject=...
        candidate = piece.partition("?")[0].strip(_AROUND)
        head, colon, rest = candidate.rpartition(":")
        candidate = (rest if colon and head.isalpha() else candidate).strip(_AROUND)
        if is_address(candidate):
            found.append(candidate)
    return list(dict.fromkeys(found))
