"""Answer what ending subscriptions would give back, without writing anything."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import uuid
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from portal.lib import days, money, numerals
from portal.lib import text as text_lib
from settings_app import selectors as settings_selectors
from subscriptions import policies
from subscriptions.models import Subscription
from subscriptions.policies import standing
from subscriptions.selectors import reading
from subscriptions.termination.quote import lines, quotes
from subscriptions.termination.selectors import quoting

# Some 2,700 years.
MOST_DAYS = 999_999
# A contract with whoever reads the JSON: docs/refunds.md says what each means.
AMOUNTS = ("charged", "paid", "credited", "waived", "net", "tax", "refund")
LINE = ("starts_on", "ends_on", *AMOUNTS, "reason")
CHARGE = (
    *("invoice", "kind", "description", "months", "months_left", "days", "days_left"),
    *("charged_net", "charged_tax", "charged", "paid", "credited", "value", "left"),
    *("waived", "net", "tax", "refund", "owed"),
)


class _BadOption(Exception):
    """Say what is wrong with an option."""


class Command(BaseCommand):
    help = "Quote the refund of subscriptions: one document per UUID, in input order. Nothing is written."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Answer also an option that is not there with one sentence, without the usage before it."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.error = self._refuse  # type: ignore[method-assign]  # of this parser alone, which Django makes
        return parser

    def _refuse(self, message: str) -> NoReturn:
        self.stderr.write(f"{message[:1].upper()}{message[1:]}" + ("" if message.endswith(".") else "."))
        raise SystemExit(2)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "uuid", nargs="+", metavar="UUID", help='or "-": lines "uuid" or "uuid,date" from standard input'
        )
        parser.add_argument(
            "--on",
            metavar="DATE",
            help="the termination date, YYYY-MM-DD; default: today in the organisation's zone",
        )
        parser.add_argument("--method", metavar="NAME", help=f"refund method: {', '.join(policies.METHODS)}")
        parser.add_argument("--full-refund-days", metavar="N|none", help="days of the full-refund window, or none")
        parser.add_argument("--json", action="store_true", help="one JSON document a line")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        try:
            on = _day(options["on"]) if options["on"] is not None else None
            config = _config(method=options["method"], window=options["full_refund_days"])
        except _BadOption as bad:
            self._refuse(str(bad))
        if "-" in options["uuid"] and len(options["uuid"]) > 1:
            self._refuse('Give UUIDs, or "-" alone to read them from standard input.')
        is_faulty = False
        for asked in _asked(options["uuid"], on=on):
            answer = _answer(asked, config=config, at=at)
            is_faulty = is_faulty or "error" in answer
            if options["json"]:
                self.stdout.write(json.dumps(answer, ensure_ascii=False))
            else:
                self._tell(answer)
        if is_faulty:
            raise SystemExit(1)

    def _tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(f"Subscription {answer['subscription']}")
        if "error" in answer:
            self.stdout.write(f"  {answer['error']}\n")
            return
        if not answer["terminable"]:
            self.stdout.write(f"  {answer['why_not']}\n")
            return
        self.stdout.write(f"  on {answer['on']}, method {answer['method']}, {answer['currency']}")
        head = ("cycle", *AMOUNTS, "reason")
        rows = [
            (f"{line['starts_on']} - {line['ends_on']}", *(line[name] for name in AMOUNTS), line["reason"])
            for line in answer["lines"]
        ]
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        for row in [head, *rows]:
            self.stdout.write("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
        self.stdout.write(
            f"  fee {answer['fee']}, total {answer['total']}, into Available Credits {answer['to_credits']}\n"
        )


@dataclasses.dataclass(frozen=True)
class _Asked:
    """Hold one input: the text of the UUID, the day (None: today), and what is wrong with it."""

    text: str
    on: date | None
    error: str = ""


def _asked(arguments: list[str], *, on: date | None) -> Iterator[_Asked]:
    if arguments != ["-"]:
        yield from (_Asked(_readable(os.fsencode(text)), on) for text in arguments)
        return
    # Read as bytes: a line that is no UTF-8 is a fault of that line alone.
    source = getattr(sys.stdin, "buffer", None)
    lines = (_readable(raw) for raw in source) if source else iter(sys.stdin)
    for line in lines:
        line = line.removeprefix("\ufeff").strip()
        if not line:
            continue
        text, comma, day = line.partition(",")
        text = text.strip()
        if not comma:
            yield _Asked(text, on)
            continue
        try:
            yield _Asked(text, _day(day.strip()))
        except _BadOption as bad:
            yield _Asked(text, None, error=str(bad))


def _readable(given: bytes) -> str:
    # The answer repeats what was asked, and is UTF-8 whatever that was.
    return given.decode("utf-8", "replace")


def _day(text: str) -> date:
    try:
        return days.read(text)
    except days.NotADay as error:
        raise _BadOption(str(error)) from None


def _config(*, method: str | None, window: str | None) -> settings_selectors.Config:
    config = settings_selectors.current_config()
    if method is not None:
        if method not in policies.METHODS:
            raise _BadOption(str(policies.UnknownMethod(method)))
        config = dataclasses.replace(config, refund_method=method)
    if window is not None:
        config = dataclasses.replace(config, full_refund_days=_window(window))
    return config


def _window(text: str) -> int | None:
    if text == "none":
        return None
    try:
        return numerals.whole(text, most=MOST_DAYS)
    except numerals.Unreadable:
        raise _BadOption(
            f"“{text_lib.shown(text)}” is not a number of days; give 0 to {MOST_DAYS:,}, or none."
        ) from None


def _answer(asked: _Asked, *, config: settings_selectors.Config, at: Any) -> dict[str, Any]:
    if asked.error:
        return {"subscription": asked.text, "error": asked.error}
    try:
        # Only the written form counts: uuid.UUID would also take braces and urn: prefixes.
        wanted = uuid.UUID(asked.text) if len(asked.text) == 36 else None
    except ValueError:
        wanted = None
    if wanted is None or str(wanted) != asked.text.lower():
        return {"subscription": asked.text, "error": f"“{text_lib.shown(asked.text)}” is not a UUID."}
    try:
        subscription = reading.find(wanted)
    except Subscription.DoesNotExist:
        return {"subscription": str(wanted), "error": "There is no subscription with this UUID."}
    on = asked.on or days.today_in(subscription.organisation.timezone, at=at)
    currency = subscription.currency
    zero = money.format_amount(Decimal(0), currency=currency)
    answer: dict[str, Any] = {
        "subscription": str(wanted),
        "on": on.isoformat(),
        "method": config.refund_method,
        "terminable": False,
        "why_not": None,
        "currency": currency,
        "lines": [],
        "fee": zero,
        "total": zero,
        "to_credits": zero,
    }
    try:
        quote = quoting.quote_of(subscription, on=on, config=config)
    except days.DayOutOfRange as out:
        return {"subscription": str(wanted), "error": str(out)}
    if not isinstance(quote, quotes.Quote):
        return {**answer, "why_not": standing.why_not_terminable(quote)}

    def amount(value: Decimal) -> str:
        return money.format_amount(value, currency=currency)

    return {
        **answer,
        "terminable": True,
        "lines": [_line(line) for line in lines.written(quote.refund, currency=currency)],
        "fee": amount(quote.refund.fee),
        "total": amount(quote.total),
        "to_credits": amount(quote.to_credits),
    }


def _line(line: dict[str, Any]) -> dict[str, Any]:
    """Take of a line what the format names; what a quote keeps beside it is its own affair."""
    return {
        **{name: line[name] for name in LINE},
        "charges": [{name: charge[name] for name in CHARGE} for charge in line["charges"]],
    }
