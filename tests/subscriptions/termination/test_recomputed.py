"""Every line of the total refund can be computed again from its words alone: from what a person reads.

The page is rendered without database and HTTP, read cell by cell, and each amount that is not a fact (charged,
paid, already given back) is computed from those that are and from the words.
"""

import functools
import io
import os
import re
import uuid
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from html.parser import HTMLParser

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.demo import generate
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions import policies
from subscriptions.selectors import reading
from subscriptions.termination.quote import quotes
from subscriptions.termination.selectors import quoting
from subscriptions.termination.words import preview as words_preview
from tests.support.strategies import POLICIES, subscriptions

AMOUNT = re.compile(r"\b[A-Z]{3} (-?[\d,]+(?:\.\d+)?)")
ALL = (
    r"Not begun",
    r"Running",
    r"On the day of activation",
    r"Within [\d,]+ days? of activation",
)
NOTHING = (
    "Over: nothing comes back",
    "The last month has begun: nothing comes back",
    "No day is left: nothing comes back",
    "Trial: nothing comes back",
    "External invoice: the balance was never charged",
    "Milestone contract: nothing comes back",
    "As-incurred contract, after the full-refund days: nothing comes back",
    "The refund method is “None”: nothing comes back",
)


@dataclass
class Row:
    """One row of the page: its heading, its cells by label, and what stands below it: net and tax, and why."""

    kind: str
    heading: str = ""
    cells: dict[str, str] = field(default_factory=dict)
    parts: str = ""
    words: str = ""
    charges: list["Row"] = field(default_factory=list)


class Page(HTMLParser):
    """Read the rows of the table, the charges of a cycle with their cycle."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._row: Row | None = None
        self._label = self._below = ""
        self._in_head = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name = (given.get("class") or "").split(" ")[0]
        if tag == "tr" and name in ("cycle", "charge", "sum-row", "total-row"):
            self._row = Row(name)
            (self.rows[-1].charges if name == "charge" else self.rows).append(self._row)
        elif tag == "th":
            self._in_head = True
        elif tag == "td":
            self._label = given.get("data-label", "")
        elif tag == "span" and name in ("parts", "why"):
            self._below = name

    def handle_endtag(self, tag):
        if tag == "span":
            self._below = ""
        elif tag in ("th", "td"):
            self._label, self._in_head = "", False

    def handle_data(self, data):
        row = self._row
        if row is None:
            return
        if self._below == "parts":
            row.parts += data
        elif self._below == "why":
            row.words += data
        elif self._in_head:
            row.heading += data
        elif self._label:
            row.cells[self._label] = row.cells.get(self._label, "") + data


def amount_of(text):
    """Read the one amount of a text; columns leave the currency to their heading."""
    (found,) = AMOUNT.findall(text) or [text.strip()]
    return Decimal(found.replace(",", ""))


def said(pattern, text):
    """Read an amount out of a sentence; 0 where the sentence is not there."""
    return sum((amount_of(found) for found in re.findall(pattern.format("[A-Z]{3} [\\d,.]*\\d"), text)), Decimal(0))


def half_up(value, digits):
    scaled = value * 10**digits
    return Decimal(int(scaled + Fraction(1, 2))).scaleb(-digits).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def share_of(words):
    if counted := re.match(r"([\d,]+) of ([\d,]+) (?:months? not begun|days? left)", words):
        return Fraction(*(int(number.replace(",", "")) for number in counted.groups()))
    if re.match("|".join(ALL), words):
        return Fraction(1)
    assert words.startswith(NOTHING), words
    return Fraction(0)


@dataclass
class Computed:
    """What the words of a row come to."""

    waived: Decimal
    net: Decimal
    tax: Decimal
    refund: Decimal
    owed: Decimal


def recomputed(row, *, digits, is_waiving):
    """Compute a charge again from its words."""
    net, tax = (Decimal(part.replace(",", "")) for part in AMOUNT.findall(row.parts))
    charged, paid = amount_of(row.cells["Charged"]), amount_of(row.cells["Paid"])
    assert net + tax == charged
    share = share_of(row.words)
    value_net = half_up(Fraction(net) * share, digits)
    value = value_net + half_up(Fraction(tax) * share, digits)
    before = said("less ({}) already given back", row.words)
    left = value - before
    unpaid = charged - paid
    waived = min(left, unpaid)
    if before or waived:
        assert amount_of(re.findall(r": ([A-Z]{3} [\d,.]*\d)", row.words)[0]) == value
    assert said("less ({}) waived" if is_waiving else "less ({}) not paid", row.words) == waived
    back = left - waived
    back_net = half_up(Fraction(back) * Fraction(value_net) / Fraction(value), digits) if value else Decimal(0)
    return Computed(
        waived=waived,
        net=back_net,
        tax=back - back_net,
        refund=back,
        owed=unpaid - waived if is_waiving else unpaid,
    )


def check(row, wanted):
    for label, amount in (("Refund net", wanted.net), ("Tax", wanted.tax), ("Refund", wanted.refund)):
        assert amount_of(row.cells[label]) == amount, (label, row)
    assert said("still owed on [^:]+: ({})", row.words) == wanted.owed, row


def total(items):
    return sum(items, Decimal(0))


def all_is_found(document, *, why_nothing):
    """Render a quote, read it, and compute every amount of it again."""
    preview = words_preview.preview_of(document, why_nothing=why_nothing)
    text = render_to_string("subscriptions/termination/_preview.html", {"preview": preview, "links": {}})
    # As many digits as the page writes.
    digits = len(preview.total.partition(".")[2])
    terms = document["terms"]
    is_waiving = terms["allow_refund"]
    rows = Page(text).rows
    cycles, last = [row for row in rows if row.kind == "cycle"], rows[-1]
    found = []
    for row in cycles:
        if re.match(r"[\d,]+ earlier cycles", row.heading):
            assert row.words.startswith(NOTHING)
            wanted = Computed(
                *(Decimal(0),) * 4, owed=amount_of(row.cells["Charged"]) - amount_of(row.cells["Paid"])
            )
        elif row.charges:
            parts = [recomputed(charge, digits=digits, is_waiving=is_waiving) for charge in row.charges]
            for charge, part in zip(row.charges, parts, strict=True):
                check(charge, part)
            wanted = Computed(*(total(getattr(part, name) for part in parts) for name in Computed.__annotations__))
            for label in ("Charged", "Paid"):
                assert amount_of(row.cells[label]) == total(amount_of(one.cells[label]) for one in row.charges)
        elif row.words == "Nothing was charged for it":
            wanted = Computed(*(Decimal(0),) * 5)
        else:
            wanted = recomputed(row, digits=digits, is_waiving=is_waiving)
        check(row, wanted)
        found.append(wanted)
    refunds = total(one.refund for one in found)
    # The sum has a row of its own where a fee follows it; without any cycle there is nothing to sum.
    (sums,) = [row for row in rows if row.kind == "sum-row"] or [last]
    for label in ("Charged", "Paid", "Refund net", "Tax") if cycles else ():
        assert amount_of(sums.cells[label]) == total(amount_of(row.cells[label]) for row in cycles), label
    fee = Decimal(terms["fee"]) if terms["fee"] else Decimal(0)
    comes_back = max(Decimal(0), refunds - fee)
    assert amount_of(last.cells["Total refund"]) == comes_back
    to_credits, cancelled, owed, *_ = preview.figures
    assert amount_of(to_credits.amount) == (comes_back if is_waiving else 0)
    assert amount_of(cancelled.amount) == (total(one.waived for one in found) if is_waiving else 0)
    assert amount_of(owed.amount) == total(one.owed for one in found)


# Nothing is waived of a subscription before its end.
IS_FULL = os.environ.get("TEST_FULL") == "1"
DRAWN = subscriptions(most_cycles=4, with_waivers=False)


@settings(max_examples=1000 if IS_FULL else 200, deadline=None)
@given(drawn=DRAWN, policy=POLICIES, allow_refund=st.booleans())
def test_quotes_are_computed_again_from_their_words(drawn, policy, allow_refund):
    facts, on = drawn
    nobody = uuid.UUID(int=0)
    quote = quotes.Quote(
        subscription=nobody,
        organisation=nobody,
        on=on,
        case="customer_request",
        currency=facts.currency,
        anchor=facts.anchor,
        is_postpaid=False,
        terms=quotes.Terms(
            version=1,
            termination_method="credit_note",
            allow_refund=allow_refund,
            refund_method=policy.method,
            full_refund_days=policy.full_refund_days,
            reactivation_days=28,
            fee=policy.fee,
        ),
        refund=policies.refund(facts, on=on, policy=policy, is_expired_case=False),
        facts=facts,
    )
    all_is_found(quotes.document(quote), why_nothing=quote.why_nothing)


@pytest.mark.django_db
def test_the_show_cases_are_computed_again_from_their_words(monkeypatch):
    # The show cases and a few of those that are drawn by lot, which have quotes of their own above.
    few = functools.partial(generate.generate, organisations=60)
    monkeypatch.setattr(generate, "generate", few)
    call_command("demo", "--force", stdout=io.StringIO())
    config = settings_selectors.current_config()
    subscriptions_ = list(reading.subscriptions().exclude(status="terminated"))
    facts = quoting.facts_of_many(subscriptions_)
    read = 0
    for subscription in subscriptions_:
        on = days.today_in(subscription.organisation.timezone, at=timezone.now())
        quote = quoting.quote_of(subscription, on=on, config=config, facts=facts[subscription.pk])
        if isinstance(quote, quotes.Quote) and quote.case == "customer_request":
            all_is_found(quotes.document(quote), why_nothing=quote.why_nothing)
            read += 1
    assert read > 40
