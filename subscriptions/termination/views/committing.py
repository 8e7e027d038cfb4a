"""What a step says beside its button: what it does where it commits, else that nothing is written yet."""

from __future__ import annotations

from dataclasses import dataclass

from subscriptions.termination.quote import numbers, quotes
from subscriptions.termination.selectors import kept
from subscriptions.termination.steps import Step
from subscriptions.termination.words import consequences


@dataclass(frozen=True)
class Says:
    """Hold what is said beside a button.

    *Shape*: `money` and `more` are what "No credit note has been sent" does; `note` what a chosen note does and
    `used_now` what it does where it is used at once, empty where none can be chosen; `ends` closes either.
    """

    money: str = ""
    more: str = ""
    note: str = ""
    used_now: str = ""
    ends: str = ""


NOTHING_YET = Says(ends=consequences.NOTHING_YET)


def says(step: Step, quote: quotes.Quote, *, asks_choice: bool = False) -> Says:
    """Say what the step does that commits this quote. One query, for the numbers."""
    reservation = numbers.Reservation(
        days=step.config.number_reservation_days,
        days_ported_in=step.config.number_reservation_days_ported_in,
    )
    stays = consequences.of_numbers(kept.numbers_to_keep(step.subscription), on=step.today, reservation=reservation)
    if quote.case == "expired":
        return Says(ends=" ".join((consequences.ENDS_EXPIRED, *stays)))
    money, *more = consequences.of_money(quotes.document(quote), why_nothing=quote.why_nothing)
    return Says(
        money=money,
        more=" ".join(more),
        note=consequences.NOTE if asks_choice else "",
        used_now=consequences.USED_NOW if asks_choice else "",
        ends=" ".join((consequences.ENDS, *stays)),
    )
