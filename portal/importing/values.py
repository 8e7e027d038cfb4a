"""Read single values. Each parser gives the text that is kept, or says what is wrong and what was expected."""

from __future__ import annotations

import re
from datetime import date
from functools import cache, lru_cache

from babel import Locale

from portal.importing.faults import shown
from portal.importing.shapes import Parser
from portal.lib import addresses, days, money, numerals, text

EARLIEST, LATEST = date(1900, 1, 1), date(9999, 12, 31)
# Days are counted on from a cycle's end, an expiry or a termination: these leave room for that.
LATEST_END = date(9998, 12, 31)
MOST_MONTHS = 1200

# Prices come again and again; so many readings of them are kept.
_KEPT = 16_384

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}")
_BREAKS = re.compile("[\t\r\n\u2028\u2029]+")

# What the Unicode list of territories holds beyond the 249 countries of ISO 3166-1.
_NO_COUNTRY = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"),
)


class Malformed(ValueError):
    """Say what is wrong with a value, and what was expected."""


def uuid(value: str) -> str:
    """Read a UUID; kept in lower case."""
    if not _UUID.fullmatch(value):
        raise Malformed(f"{shown(value)} is not a UUID, expected 8-4-4-4-12 hexadecimal digits")
    return value.lower()


@lru_cache(maxsize=65_536)
def day(value: str) -> str:
    """Read a date."""
    try:
        found = days.read(value)
    except days.NotADay:
        raise Malformed(f"{shown(value)} is not a date, expected YYYY-MM-DD") from None
    if not EARLIEST <= found <= LATEST:
        raise Malformed(f"{shown(value)} is out of range, expected {EARLIEST} or later")
    return value


def last_day(value: str) -> str:
    """Read a date from which days are counted on."""
    if (read := day(value)) > LATEST_END.isoformat():
        raise Malformed(f"{shown(value)} is out of range, expected {LATEST_END} or earlier")
    return read


@lru_cache(maxsize=1024)
def boolean(value: str) -> str:
    """Read a boolean."""
    if value not in ("true", "false"):
        raise Malformed(f"{shown(value)} is not a boolean, expected true, false or nothing")
    return value


@lru_cache(maxsize=_KEPT)
def amount(value: str) -> str:
    """Read an amount that is not negative, as it is written: its decimals count.

    How many the currency has is asked where the organisation is known; none has more than four.
    """
    return _amount(value, decimals=money.MOST_MINOR_DIGITS, most="no more than its currency has")


def limit(value: str) -> str:
    """Read an amount of up to six decimals that is not negative."""
    return _amount(value, decimals=money.BALANCE_DIGITS)


def balance(value: str) -> str:
    """Read an amount of up to six decimals that may be negative."""
    return _amount(value, decimals=money.BALANCE_DIGITS, is_signed=True)


@lru_cache(maxsize=_KEPT)
def months(value: str) -> str:
    """Read a number of months."""
    try:
        return str(numerals.whole(value, least=1, most=MOST_MONTHS))
    except numerals.Unreadable as unreadable:
        raise Malformed(
            f"{shown(value)} {unreadable.wrong}, expected a number of months from 1 to {MOST_MONTHS:,}"
        ) from None


def phone_number(value: str) -> str:
    """Read a telephone number."""
    if not _NUMBER.fullmatch(value):
        raise Malformed(f"{shown(value)} is not an E.164 number, expected + and 2 to 15 digits, as +6531234567")
    return value


def email(value: str) -> str:
    """Read an e-mail address."""
    read = line(addresses.LONGEST)(value)
    try:
        return addresses.check(read) if read else read
    except addresses.NotAnAddress as none:
        raise Malformed(f"{shown(value)} {none.wrong}, expected {none.right}") from None


@lru_cache(maxsize=1024)
def country(value: str) -> str:
    """Read a country."""
    if value not in _countries():
        raise Malformed(f"{shown(value)} is not a country, expected an ISO 3166-1 alpha-2 code such as SG")
    return value


@lru_cache(maxsize=1024)
def currency(value: str) -> str:
    """Read a currency."""
    if not money.is_currency(value):
        raise Malformed(f"{shown(value)} is not a currency, expected an ISO 4217 code such as SGD")
    return value


@lru_cache(maxsize=1024)
def timezone(value: str) -> str:
    """Read a time zone."""
    if not days.is_timezone(value):
        raise Malformed(f"{shown(value)} is not a time zone, expected an IANA name such as Asia/Singapore")
    return value


def one_of(*codes: str) -> Parser:
    """Make a parser of a fixed list of codes."""

    def read(value: str) -> str:
        if value not in codes:
            raise Malformed(f"{shown(value)} is unknown, expected {', '.join(codes[:-1])} or {codes[-1]}")
        return value

    return read


@cache
def line(longest: int) -> Parser:
    """Make a parser of text of one line; a line break within becomes a space."""

    def read(value: str) -> str:
        # Nearly every text is plain, and cleaning looks at each character.
        if value.isascii() and value.isprintable():
            return _fitting(value.strip(), longest=longest)
        return _fitting(_cleaned(_BREAKS.sub(" ", value), clean=text.clean_line), longest=longest)

    return read


@cache
def paragraph(longest: int) -> Parser:
    """Make a parser of text of several lines."""

    def read(value: str) -> str:
        return _fitting(_cleaned(value, clean=text.clean_text), longest=longest)

    return read


@lru_cache(maxsize=_KEPT)
def plain_amount(value: str) -> str:
    """Write an amount the one way it is hashed: 007.50 and 7.5 are the same, 0 and -0 too."""
    whole, _, decimals = value.lstrip("-").partition(".")
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
    bare = f"{whole}.{decimals}" if decimals else whole
    return f"-{bare}" if value.startswith("-") and bare != "0" else bare


def _amount(value: str, *, decimals: int, is_signed: bool = False, most: str = "") -> str:
    """Give an amount as it is written, once it can be read; `most` says how many decimals are expected."""
    try:
        numerals.amount(value, decimals=decimals, is_signed=is_signed)
    except numerals.TooManyDecimals as many:
        raise Malformed(f"{shown(value)} {many.wrong}, expected {most or many.right}") from None
    except numerals.Unreadable as unreadable:
        raise Malformed(f"{shown(value)} {unreadable.wrong}, expected {unreadable.right}") from None
    return value


def _cleaned(value: str, *, clean: Parser) -> str:
    try:
        return clean(value)
    except text.UnusableText:
        raise Malformed(f"{shown(value)} holds a control character, expected readable text") from None


def _fitting(value: str, *, longest: int) -> str:
    if len(value) > longest:
        raise Malformed(f"the text has {len(value):,} characters, expected at most {longest:,}")
    return value


@cache
def _countries() -> frozenset[str]:
    codes = {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()}
    return frozenset(codes - _NO_COUNTRY)
