"""Read numbers as they are written: amounts and counts, in forms, commands and files.

There is one way to write an amount in a file or a command: ASCII digits, optionally a point and decimals, and "-"
in front where it may be negative. `amount` and `whole` read that and nothing else: Python's own readers would also
take 1_000, 1e3, and the digits of other scripts.

People also copy what the portal shows them. `typed_amount` and `typed_whole` understand that in addition: separated
thousands, the currency in front, either minus, and blanks and marks that nobody sees around the number. What could
be meant in two ways is refused.
"""

from __future__ import annotations

import re
from decimal import Decimal

from portal.lib import text

WHOLE_DIGITS = 12
"""The most digits an amount has before its point."""

LARGEST_COUNT = 2**63 - 1
"""The largest count: it fits into eight bytes."""

MINUS = "\u2212"

_AMOUNT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_WHOLE = re.compile(r"-?[0-9]+")
# As the portal shows it. A group of thousands never follows a zero: 0,123 is no number here.
_SHOWN = re.compile(rf"([-{MINUS}]?)([0-9]+|[1-9][0-9]{{0,2}}(?:,[0-9]{{3}})+)(?:\.([0-9]+))?")
_CODE = re.compile(rf"([-{MINUS}]?)([A-Z]{{3}})(?![A-Za-z])")
# Where a currency has so many decimals, a comma before three digits may be somebody's decimal point.
_AMBIGUOUS_DECIMALS = 3


class Unreadable(ValueError):
    """Say why a text is not the number that was asked for.

    *Shape*: `wrong` goes on after the text itself ("is negative"), `right` after "expected" ("0 or more").
    """

    def __init__(self, given: str, *, wrong: str, right: str) -> None:
        self.given = given
        self.wrong = wrong
        self.right = right
        super().__init__(f"“{text.shown(given)}” {wrong}; expected {right}.")


class NotAnAmount(Unreadable):
    """Say that a text is no amount."""

    def __init__(self, given: str, *, right: str = "a plain decimal such as 1234.50") -> None:
        super().__init__(given, wrong="is not an amount", right=right)


class Ambiguous(Unreadable):
    """Say that a comma may separate thousands or decimals."""

    def __init__(self, given: str, *, decimals: int) -> None:
        thousands, decimal = given.replace(",", ""), given.replace(",", ".")
        super().__init__(given, wrong="can be read in two ways", right=f"{thousands}.{'0' * decimals} or {decimal}")


class AnotherCurrency(Unreadable):
    """Say that an amount is in another currency than the one it is asked in."""

    def __init__(self, given: str, *, currency: str) -> None:
        right = f"an amount in {currency}" if currency else "an amount without a currency"
        super().__init__(given, wrong="names another currency" if currency else "names a currency", right=right)


class TooLarge(Unreadable):
    """Say that an amount has too many digits before its point."""

    def __init__(self, given: str) -> None:
        super().__init__(given, wrong="is too large", right=f"at most {WHOLE_DIGITS} digits before the point")


class TooManyDecimals(Unreadable):
    """Say that an amount has more decimals than there is room for."""

    def __init__(self, given: str, *, count: int, most: int, currency: str = "") -> None:
        self.count = count
        self.most = most
        of = f", which is what {currency} has" if currency else ""
        super().__init__(
            given,
            wrong=f"has {text.counted(count, 'decimal')}",
            right=f"at most {most}{of}" if most else f"none{of}",
        )


class Negative(Unreadable):
    """Say that an amount is negative where none may be."""

    def __init__(self, given: str) -> None:
        super().__init__(given, wrong="is negative", right="0 or more")


class NotWhole(Unreadable):
    """Say that a text is no whole number."""

    def __init__(self, given: str) -> None:
        super().__init__(given, wrong="is not a whole number", right="digits only, such as 28")


class OutOfRange(Unreadable):
    """Say that a whole number is below the least or above the most."""

    def __init__(self, given: str, *, least: int, most: int) -> None:
        self.least = least
        self.most = most
        super().__init__(given, wrong="is out of range", right=between(least=least, most=most))


def between(*, least: int, most: int) -> str:
    """Name which whole numbers are possible, as it goes on after "expected"."""
    return f"a number from {least:,} to {most:,}" if most < LARGEST_COUNT else f"{least:,} or more"


def amount(written: str, *, decimals: int, is_signed: bool = False) -> Decimal:
    """Read an amount from a file or a command.

    *Units*: `decimals` is the most that it may have.
    *Raises* `NotAnAmount`, `TooLarge`, `Negative`, `TooManyDecimals`.
    """
    found = _AMOUNT.fullmatch(written)
    if not found:
        raise NotAnAmount(written)
    sign, whole_digits, fraction = found.groups()
    if len(whole_digits) > WHOLE_DIGITS:
        raise TooLarge(written)
    if sign and not is_signed:
        raise Negative(written)
    if fraction and len(fraction) > decimals:
        raise TooManyDecimals(written, count=len(fraction), most=decimals)
    return Decimal(written)


def whole(written: str, *, least: int = 0, most: int = LARGEST_COUNT) -> int:
    """Read a whole number from a file or a command.

    *Raises* `NotWhole`, `OutOfRange`.
    """
    if not _WHOLE.fullmatch(written):
        raise NotWhole(written)
    digits = written.lstrip("-").lstrip("0") or "0"
    # Longer ones would cost Python time, and are too large wherever they come in.
    if len(digits) > len(str(LARGEST_COUNT)):
        raise OutOfRange(written, least=least, most=most)
    count = -int(digits) if written.startswith("-") else int(digits)
    if not least <= count <= most:
        raise OutOfRange(written, least=least, most=most)
    return count


def typed_amount(typed: str, *, decimals: int, currency: str = "", shown_decimals: int = 0) -> Decimal:
    """Read an amount that somebody typed, or copied from the portal: 1234.5, 1,234.50, SGD 1,234.50, SGD -5.00.

    The sign is read, not judged: whether a negative amount makes sense is the field's to say.
    *Units*: `decimals` is the most it may have, `shown_decimals` how many the portal always shows.
    *Raises* `NotAnAmount`, `Ambiguous`, `AnotherCurrency`, `TooLarge`, `TooManyDecimals`.
    """
    bare = text.bare(typed)
    named = _CODE.match(bare)
    if named and named[2] != currency:
        raise AnotherCurrency(bare, currency=currency)
    # The portal writes the minus behind the currency.
    number = named[1] + text.bare(bare[named.end() :]) if named else bare
    found = _SHOWN.fullmatch(number)
    if not found:
        raise NotAnAmount(typed, right=_example(decimals))
    sign, whole_digits, fraction = found.groups()
    # Where the portal shows no decimals, it shows a thousand like this.
    if not fraction and whole_digits.count(",") == 1 and shown_decimals and decimals >= _AMBIGUOUS_DECIMALS:
        raise Ambiguous(number, decimals=shown_decimals)
    whole_digits = whole_digits.replace(",", "")
    if len(whole_digits) > WHOLE_DIGITS:
        raise TooLarge(typed)
    if fraction and len(fraction) > decimals:
        raise TooManyDecimals(typed, count=len(fraction), most=decimals, currency=currency)
    read = Decimal(f"{whole_digits}.{fraction}" if fraction else whole_digits)
    return -read if sign and read else read


def typed_whole(typed: str, *, least: int = 0, most: int = LARGEST_COUNT) -> int:
    """Read a whole number that somebody typed, or copied from the portal: 28, 3,650.

    *Raises* `NotWhole`, `OutOfRange`.
    """
    bare = text.bare(typed)
    found = _SHOWN.fullmatch(bare)
    if not found or found[3]:
        raise NotWhole(typed)
    sign = "-" if found[1] else ""
    return whole(f"{sign}{found[2].replace(',', '')}", least=least, most=most)


def _example(decimals: int) -> str:
    if not decimals:
        return "digits only, such as 1234 or 1,234"
    return "a point before the decimals and commas only between thousands, such as 1234.50 or 1,234.50"
