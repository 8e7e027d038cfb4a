"""Which operations are set against each other: all with TEST_FULL=1, else those that fight over the same rows."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.interleaving.operation import Operation

# Of all that are left so many are drawn, others by another seed.
IN_A_SAMPLE = 8
AGAIN = "the same again"
ITSELF = "itself"

# With whom an operation shares rows that both write, or that one decides by and the other writes.
MEETING = {
    # The cycle that is due, and the account that pays for it.
    "renew_due": (
        *(ITSELF, "recover", "terminate what renews", "unsubscribe what renews", "ask for the end of what renews"),
        *("top up", "record a payment above what is open", "carry_out_due", "terminate_expired"),
        *("exempt from taxes", "add a tax rate"),
    ),
    "recover": (
        *(ITSELF, AGAIN, "terminate what renews", "unsubscribe what renews", "ask for the end of what renews"),
        *("take back a put-in", "exempt from taxes"),
    ),
    # The request: whoever closes it is alone.
    "carry_out_due": (ITSELF, "carry out by hand", "withdraw", "terminate, chosen note", "switch refunds off"),
    "carry out by hand": (ITSELF, AGAIN, "withdraw", "post a correction"),
    "withdraw": (AGAIN, "write_due"),
    "ask for a later end": (ITSELF, AGAIN, "terminate, automatic", "unsubscribe", "record a payment"),
    "ask for the end of what renews": ("unsubscribe what renews", "terminate what renews"),
    # What is told is written once, and of what is still so.
    "write_due": (ITSELF, "unsubscribe what renews", "carry_out_due"),
    "exempt from taxes": (ITSELF, AGAIN),
    "add a tax rate": (AGAIN,),
    # Money, and the notes.
    "terminate, note used now": (ITSELF, "terminate, automatic", "record a payment"),
    "record a payment above what is open": (ITSELF, AGAIN, "terminate, automatic"),
    "top up": (ITSELF, AGAIN, "terminate, automatic"),
    "correct a termination": (ITSELF, AGAIN),
    "take back a payment": (ITSELF, AGAIN, "terminate, automatic", "record a payment"),
    "take back an application": (ITSELF, "terminate, automatic"),
    "take back a put-in": (ITSELF, AGAIN, "terminate, automatic"),
    "put a note into Available Credits": (ITSELF, AGAIN, "terminate, automatic"),
    "change the contacts": (ITSELF, "terminate, automatic"),
    "number events": (ITSELF, "terminate, automatic"),
    "seal": (ITSELF, "terminate, automatic"),
}


@dataclass(frozen=True)
class Pair:
    """Two operations, by two people with a form each, or by one person with one form (`is_again`)."""

    first: Operation
    second: Operation
    is_again: bool = False

    def __str__(self) -> str:
        return f"{self.first.name} | {AGAIN if self.is_again else self.second.name}"


def every(operations: Sequence[Operation]) -> list[Pair]:
    """Set each against each, itself too, and against its own form sent again."""
    pairs = [Pair(one, other) for one, other in itertools.combinations_with_replacement(operations, 2)]
    return pairs + [Pair(one, one, is_again=True) for one in operations]


def sample(pairs: Sequence[Pair], *, seed: int) -> list[Pair]:
    """Choose those that always meet, and some of the others by lot."""
    meeting = [pair for pair in pairs if is_meeting(pair)]
    wanted = sum(map(len, MEETING.values()))
    assert len(meeting) == wanted, f"{wanted} pairs are to meet, {len(meeting)} do: is one listed twice?"
    others = [pair for pair in pairs if pair not in meeting]
    return meeting + random.Random(seed).sample(others, IN_A_SAMPLE)


def is_meeting(pair: Pair) -> bool:
    """Tell whether two share rows, as the list above says."""
    first, second = pair.first.name, pair.second.name
    if pair.is_again:
        return AGAIN in MEETING.get(first, ())
    if first == second:
        return ITSELF in MEETING.get(first, ())
    return second in MEETING.get(first, ()) or first in MEETING.get(second, ())
