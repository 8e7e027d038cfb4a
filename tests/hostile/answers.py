"""What a command said and how it ended, the moment it is run at, and a subscription that is known."""

from __future__ import annotations

from dataclasses import dataclass

NOW = "2026-03-10T09:00:00Z"
KNOWN = "11111111-1111-4111-8111-111111111111"


@dataclass(frozen=True)
class Answer:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str


def sentence_in(answer: Answer) -> str:
    """The one line on standard error of a command that refused, and did nothing else."""
    assert answer.out == "", answer
    (line,) = answer.err.removesuffix("\n").split("\n")
    assert line.strip(), answer
    assert line.isprintable(), answer
    return line
