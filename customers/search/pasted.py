"""Read addresses and numbers as they are pasted: out of links, signatures and contact lists. No Django."""

from __future__ import annotations

import re
from urllib.parse import unquote

_LINK = re.compile(r"(?:^|.*?[<\s])\s*(tel|callto|sms|sips?|mailto):/{0,2}([^>;?,]*)", re.IGNORECASE | re.DOTALL)
_IN_ANGLES = re.compile(r"[^<>]*<\s*([^<>\s]+@[^<>\s]+)\s*>\s*[;,.]?\s*")
_LABEL = re.compile(
    r"(?:tel|telephone|telefon|phone|ph|mobile|mob|cell|fax|call|number|no|nr|t|m|p|f)\s*[.:#]*\s*(?=[+(\d])",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\+?[\d\s().\-/]+")
# The zero of a national number, which nobody dials behind a country code.
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)


def plain(typed: str) -> str:
    """Take an address or a number out of the link or the angle brackets around it; other texts stay as they are.

    "sip:+442079460000@host" is the number, "sip:sue@host" the address.
    """
    if link := _LINK.match(typed):
        scheme, address = link[1].lower(), unquote(link[2]).strip()
        if scheme in ("mailto", "sip", "sips"):
            address = address.partition(" ")[0]
        user = address.partition("@")[0]
        return user if scheme.startswith("sip") and _NUMBER.fullmatch(user) else address
    if named := _IN_ANGLES.fullmatch(typed):
        return named[1]
    return typed


def number(typed: str) -> str:
    """Give a telephone number without the word before it ("Tel. +44 ...") and without "(0)"."""
    rest = typed.strip()
    if (label := _LABEL.match(rest)) and _NUMBER.fullmatch(rest[label.end() :]):
        rest = rest[label.end() :]
    return _TRUNK_ZERO.sub(" ", rest)


def uuid_in(typed: str) -> str:
    """Give the UUID that stands in a text, out of a link or a sentence; "" for none or several."""
    found = {uuid.lower() for uuid in _UUID.findall(typed)}
    return found.pop() if len(found) == 1 else ""
