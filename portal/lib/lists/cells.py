"""Write the values of a list: as HTML for its page, as plain text for a file. The type of a value decides how.

No template is asked: an include or a filter for each cell doubles the time of a page of fifty rows.
"""

from __future__ import annotations

import datetime
import uuid as uuids
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeData
from moneyed import Money

from portal.lib import badges, days, markup, mentions, money

NOTHING = markup.put('<span class="text-faint">%s</span>', "–")
# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_ANY = uuids.UUID(int=0)

Day = datetime.date
Instant = datetime.datetime
"""An instant carries the zone that it is shown in."""


@dataclass(frozen=True)
class Code:
    """A code of the domain, with its word for people. *Shape*: `tone` overrides the badge's own."""

    code: str
    label: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Word:
    """A code that its word stands for without a badge."""

    code: str
    label: str


@dataclass(frozen=True)
class Balance:
    """What is on an account: credit or debit, in as many decimals as it has."""

    amount: Money


@dataclass(frozen=True)
class Exact:
    """An amount with as many decimals as it has."""

    amount: Money


@dataclass(frozen=True)
class Signed:
    """A movement on an account, with its sign."""

    amount: Money


@dataclass(frozen=True)
class Link:
    """A value that leads to its page. *Shape*: `into` names where htmx puts the answer."""

    text: Any
    address: str
    into: str = ""
    id: str = ""


@dataclass(frozen=True)
class On:
    """The day on which what stands above it happened."""

    day: datetime.date


@dataclass(frozen=True)
class Sentence:
    """A sentence as it was told; its words lead to what they name."""

    text: str


@dataclass(frozen=True)
class Under:
    """A value with smaller lines under it; a file has the value alone."""

    value: Any
    lines: tuple[Any, ...]


@dataclass(frozen=True)
class Lines:
    """Several values, one under the other."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Action:
    """A button that does something with its row: the address that its POST goes to."""

    label: str
    address: str
    busy: str


def address(name: str, uuid: uuids.UUID) -> str:
    """Give the address of a thing; `reverse` alone takes a millisecond for a page of fifty rows."""
    before, after = _around(name)
    return f"{before}{uuid}{after}"


@lru_cache(maxsize=256)
def _around(name: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=[_ANY]).partition(str(_ANY))
    return before, after


def html(value: Any, links: Mapping[str, str] | None = None) -> str:
    """Write a value for a page, escaped. *Shape*: `links` lead from words of sentences (`mentions.found_in`)."""
    if value is None or value == "":
        return NOTHING
    if type(value) is Sentence:
        return mentions.linked(value.text, links or {})
    if type(value) is Under:
        return _under(value, links)
    written = _HTML[type(value)](value)
    return written if isinstance(written, SafeData) else markup.escape(written)


def sentence_in(value: Any) -> str:
    """Give the sentence of a value, whose words may lead somewhere; empty where it has none."""
    if type(value) is Under:
        value = value.value
    return value.text if type(value) is Sentence else ""


def plain(value: Any) -> str:
    """Write a value for a file: ISO days and instants, amounts without their currency, codes as they are kept."""
    if value is None:
        return ""
    return _PLAIN[type(value)](value)


def harmless(value: Any) -> str:
    """Write a value for a CSV file, so that no spreadsheet takes a text for a formula."""
    text = plain(value)
    is_text = not isinstance(value, Money | Signed | Exact | Balance | int | Decimal)
    return f"'{text}" if is_text and text.startswith(_FORMULA_STARTS) else text


def style(value_type: type) -> str:
    """Name the class of a column whose values have a type."""
    if value_type in (Money, Balance, Exact, Signed, int, Decimal):
        return "num"
    if value_type is Sentence:
        return "text-break sentence"
    return "nowrap" if value_type in (datetime.date, datetime.datetime) else ""


def amount_of(value: Money) -> str:
    """Write an amount for people: SGD 1,234.50."""
    return money.display(value.amount, currency=str(value.currency))


def _balance(value: Balance) -> str:
    shown = money.display_balance(abs(value.amount.amount), currency=str(value.amount.currency))
    side = "DR" if value.amount.amount < 0 else "CR"
    return markup.put(
        '<span class="money money-%s">%s <abbr title="%s">%s</abbr></span>',
        side.lower(),
        shown,
        "Credit" if side == "CR" else "Debit",
        side,
    )


def _exact(value: Exact) -> str:
    return money.display_balance(value.amount.amount, currency=str(value.amount.currency))


def _signed(value: Signed) -> str:
    amount, currency = value.amount.amount, str(value.amount.currency)
    code, _, number = money.display_balance(abs(amount), currency=currency).partition(" ")
    return f"{code} {'-' if amount < 0 else '+' if amount else ''}{number}"


def _link(value: Link) -> str:
    address, text = markup.escape(value.address), html(value.text)
    if not value.into:
        return markup.put('<a href="%s">%s</a>', address, text)
    return markup.put(
        '<a href="%s" hx-get="%s" hx-target="%s" hx-push-url="true"%s>%s</a>',
        address,
        address,
        value.into,
        markup.put(' id="%s"', value.id) if value.id else "",
        text,
    )


def _under(value: Under, links: Mapping[str, str] | None) -> str:
    shown = html(value.value, links)
    lines = [
        markup.put('<span class="row-sub">%s</span>', html(line)) for line in value.lines if line not in (None, "")
    ]
    return markup.joined((shown, *lines)) if lines else shown


def _lines(value: Lines) -> str:
    if not value.values:
        return NOTHING
    items = [markup.put("<li>%s</li>", html(item)) for item in value.values]
    return markup.put('<ul class="list-unstyled mb-0">%s</ul>', markup.joined(items))


def _moment(value: datetime.datetime) -> str:
    return markup.put('<time datetime="%s">%s</time>', value.isoformat(timespec="seconds"), days.moment(value))


def _action(value: Action) -> str:
    # The form stands once beside the table, with its token.
    return markup.put(
        '<button type="submit" class="btn btn-secondary btn-sm" form="list-action" formaction="%s"'
        ' data-busy-label="%s">%s</button>',
        value.address,
        value.busy,
        value.label,
    )


_HTML: dict[type, Callable[[Any], str]] = {
    str: markup.escape,
    int: lambda value: f"{value:,}",
    bool: lambda value: "Yes" if value else "No",
    Decimal: lambda value: f"{value:,f}",
    Money: amount_of,
    Balance: _balance,
    Exact: _exact,
    Signed: _signed,
    datetime.date: days.display,
    datetime.datetime: _moment,
    uuids.UUID: lambda value: markup.put('<code class="uuid">%s</code>', str(value)),
    Code: lambda value: badges.badge(value.code, value.label, value.tone),
    Word: lambda value: markup.escape(value.label),
    On: lambda value: f"on {days.display(value.day)}",
    Link: _link,
    Lines: _lines,
    Action: _action,
}

_PLAIN: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    bool: lambda value: "yes" if value else "no",
    Decimal: lambda value: f"{value:f}",
    Money: lambda value: money.format_amount(value.amount, currency=str(value.currency)),
    Balance: lambda value: _exactly(value.amount),
    Exact: lambda value: _exactly(value.amount),
    Signed: lambda value: _exactly(value.amount),
    datetime.date: datetime.date.isoformat,
    datetime.datetime: lambda value: value.isoformat(timespec="seconds"),
    uuids.UUID: str,
    Code: lambda value: value.code,
    Word: lambda value: value.code,
    On: lambda value: plain(value.day),
    Link: lambda value: plain(value.text),
    Sentence: lambda value: value.text,
    Under: lambda value: plain(value.value),
    Lines: lambda value: "; ".join(plain(item) for item in value.values),
    Action: lambda value: "",
}


def _exactly(value: Money) -> str:
    """Write an amount with all the decimals that it has, and no fewer than its currency has."""
    shown = money.display_balance(value.amount, currency=str(value.currency))
    return shown.partition(" ")[2].replace(",", "")
