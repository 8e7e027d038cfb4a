"""What a person has to confirm before a choice is applied. Pure. Source: domain.md 3, "Never twice"."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portal.lib import money
from subscriptions.termination.quote import notes, quotes


@dataclass(frozen=True)
class Acknowledgement:
    """Hold what has to be confirmed. *Shape*: `key` names it in forms; `note` is empty where it is about many."""

    key: str
    note: str
    text: str


def of_automatic(quote: quotes.Quote) -> tuple[Acknowledgement, ...]:
    """List what has to be confirmed for "No credit note has been sent": that none of these is this refund."""
    if quote.case != "customer_request" or not (quote.to_credits or quote.is_waiving):
        return ()
    found = [_candidate(quote, note=note) for note in quote.candidates]
    if quote.further_candidates:
        many = quote.further_candidates
        which = "1 more credit note has" if many == 1 else f"{many:,} more credit notes have"
        text = f"I know that {which} the sum of this refund, and that none of them is the refund made here."
        found.append(Acknowledgement(key="further", note="", text=text))
    return tuple(found)


def of_note(quote: quotes.Quote, *, note: notes.Note) -> tuple[Acknowledgement, ...]:
    """List what has to be confirmed for a note that is chosen as the refund."""
    if note.gives_nothing_today:
        return (_nothing_today(quote, note=note),)
    if note.difference:
        return (_difference(quote, note=note),)
    return ()


def _named(quote: quotes.Quote, note: notes.Note) -> str:
    return f"credit note {note.number} ({money.display(note.total, currency=quote.currency)})"


def _candidate(quote: quotes.Quote, *, note: notes.Note) -> Acknowledgement:
    head = f"I know that {_named(quote, note)}"
    match note.candidate:
        case "same_sum":
            text = f"{head} has the sum of this refund and is not the refund made here."
        case "twin":
            text = f"{head} names {note.about}, not this subscription, and was not meant for it."
        case "above":
            text = f"{head} is above what was needed for {note.about}, and the rest is not the refund made here."
        case _:
            text = f"{head} names this subscription and is not the refund made here."
    return Acknowledgement(key=f"double:{note.number}", note=note.number, text=text)


def _nothing_today(quote: quotes.Quote, *, note: notes.Note) -> Acknowledgement:
    currency = quote.currency
    lost = []
    if quote.refund.refunds:
        lost.append(f"the refund of {money.display(quote.refund.refunds, currency=currency)}")
    if quote.refund.waived:
        lost.append(f"the waiver of {money.display(quote.refund.waived, currency=currency)}")
    what = f": {' and '.join(lost)} will not be made" if lost else ""
    return Acknowledgement(
        key=f"nothing_today:{note.number}",
        note=note.number,
        text=f"I know that {_named(quote, note)} gave back what comes to nothing today{what}.",
    )


def _difference(quote: quotes.Quote, *, note: notes.Note) -> Acknowledgement:
    def shown(amount: Decimal) -> str:
        return money.display(amount, currency=quote.currency)

    given = note.counting + note.unnamed
    of_it = "" if given == note.total else f" gives back {shown(given)} here, which"
    word = "more" if note.difference > 0 else "less"
    return Acknowledgement(
        key=f"difference:{note.number}",
        note=note.number,
        text=f"I know that {_named(quote, note)}{of_it} is {shown(abs(note.difference))} {word} than what was not "
        f"used and not given back yet ({shown(note.expected)}).",
    )
