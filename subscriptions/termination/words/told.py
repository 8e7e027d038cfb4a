"""What the portal says after a termination, in the words of domain.md 3: from what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from portal.lib import money
from subscriptions.models import Termination
from subscriptions.termination.quote import figures, notes
from subscriptions.termination.selectors import settled


class NoteUse(Protocol):
    """What became of a note that was used: what it paid (line, invoice number, amount), and what it put in."""

    @property
    def applied(self) -> tuple[tuple[int, str, Decimal], ...]: ...

    @property
    def put_in(self) -> Decimal: ...


def sentences(*, document: Mapping[str, Any], done: figures.Done, why_nothing: str) -> tuple[str, ...]:
    """Say where the money went: credited, a note, or nothing and why; what was waived where, and what stays owed.

    *Shape*: `document` is the stored quote.
    """
    found = figures.figures(document, done=done)

    def amount(value: Decimal) -> str:
        return money.display(value, currency=found.currency)

    if done.credited:
        said = [f"{amount(done.credited)} added to Available Credits."]
    elif done.note:
        said = [f"Credit note {done.note} is the refund."]
        said += [
            f"{amount(item.amount)} of it was applied to {item.invoice}."
            for item in figures.by_invoice(done.applied)
        ]
        said += [f"{amount(done.put_in)} of it was added to Available Credits."] if done.put_in else []
        # What became of it since is told by the figures.
        waits = "waited to be used then" if done.since else "waits to be used"
        said += [f"{amount(done.waits)} of it {waits}."] if done.waits else []
    else:
        said = [f"Nothing was refunded: {why_nothing}."]
    said += [f"{amount(item.amount)} was waived on {item.invoice}." for item in figures.by_invoice(done.waived)]
    said += [f"{amount(item.amount)} stays owed on {item.invoice}." for item in found.owed]
    return tuple(said)


def of_note(number: str, *, unused: Decimal, use: NoteUse | None) -> figures.Done:
    """Say what a note as the refund does. *Units*: `unused` is what of it was unused before its use."""
    applied = tuple(figures.Part(*part) for part in use.applied) if use else ()
    put_in = use.put_in if use else Decimal(0)
    waits = unused - put_in - sum((part.amount for part in applied), Decimal(0))
    return figures.Done(note=number, waits=waits, applied=applied, put_in=put_in)


def told(
    *,
    document: Mapping[str, Any],
    credited: Decimal | None,
    note: notes.Note | None,
    why_nothing: str,
    is_waiving: bool,
    used: NoteUse | None = None,
) -> str:
    """Say the same for history, audit and notification. *Shape*: `note` is the refund, as it was before its use."""
    if note:
        done = of_note(note.number, unused=note.unused, use=used)
    else:
        waived = figures.automatic(document).waived if is_waiving else ()
        done = figures.Done(credited=credited or Decimal(0), waived=waived)
    return " ".join(sentences(document=document, done=done, why_nothing=why_nothing))


@dataclass(frozen=True)
class Result:
    """What a termination did, in sentences and in figures; no figures of what ended elsewhere."""

    sentences: tuple[str, ...]
    figures: tuple[figures.Shown, ...]


def result_of(termination: Termination) -> Result:
    """Say what a termination did: first that the subscription ended, then where the money went.

    No query where nothing was waived and no note is linked; else those of `settled.done_of`.
    """
    head = f"Subscription {termination.subscription.uuid} terminated."
    if termination.case == "ended_before_move":
        return Result((head, "It ended before the move to this portal."), ())
    why_nothing = termination.nothing_reason
    if termination.quote is None:
        return Result((head, f"Nothing was refunded: {why_nothing}."), ())
    done = settled.done_of(termination)
    return Result(
        (head, *sentences(document=termination.quote, done=done, why_nothing=why_nothing)),
        figures.shown(figures.figures(termination.quote, done=done), why_nothing=why_nothing, is_done=True),
    )
