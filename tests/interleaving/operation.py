"""One operation as a player plays it, and what it answers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.frame import Actor
from tests.interleaving.scheduler import Answer

Call = Callable[[Actor, uuid.UUID], Any]


@dataclass(frozen=True)
class Operation:
    """Hold one operation of the repertoire.

    *Shape*: `refusals` are the outcomes it names itself; `is_whole` looks whether all that it says it did is
    there, for the actor and the form it was done with.
    """

    name: str
    call: Call
    refusals: tuple[type[Exception], ...]
    is_whole: Callable[[Actor, uuid.UUID], bool]

    def job(self, *, by: Actor, form: uuid.UUID) -> Callable[[], Answer]:
        """Make the call of one player; a refusal is an answer, everything else is a failure."""

        def play() -> Answer:
            try:
                return ("done", str(self.call(by, form)))
            except self.refusals as refusal:
                return ("refused", type(refusal).__name__, str(refusal))

        return play
