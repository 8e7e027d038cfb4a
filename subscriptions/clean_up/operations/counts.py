"""Count what a run of the clean-up did, and tell it row by row."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from subscriptions.clean_up.operations import due

DONE, WOULD_BE, HELD = "terminated", "would be terminated", "held: renewal not seen"


@dataclass(frozen=True, slots=True)
class Result:
    """Hold what became of one selected subscription; `result` is one of the words above or why it failed."""

    subscription_uuid: uuid.UUID
    organisation_uuid: uuid.UUID
    expires_on: date
    days_expired: int
    result: str
    had_auto_renewal: bool = False

    @property
    def is_failure(self) -> bool:
        """Tell whether it could not be terminated."""
        return self.result not in (DONE, WOULD_BE, HELD)


@dataclass(frozen=True)
class Counts:
    """Hold what a run did (or would do).

    *Shape*: `renewing` says how many of the terminated had auto-renewal on; `refused` is what a run without a limit
    would say instead of doing what a dry run found.
    """

    as_of: date
    expired: int
    terminated: int
    held: int
    released_numbers: int
    failed: int
    dry_run: bool
    renewing: int = 0
    was_stopped: bool = False
    has_reached_limit: bool = False
    refused: TooManyDue | None = None


class TooManyDue(Exception):
    """Say that more is due than a run without a limit terminates; nothing was written."""

    def __init__(self, *, due: int, allowed: int) -> None:
        self.due = due
        self.allowed = allowed
        super().__init__(f"{due} subscriptions are due, and without a limit at most {allowed} are terminated.")


def result_of(item: due.Due, *, result: str) -> Result:
    """Say of a subscription what became of it."""
    return Result(
        subscription_uuid=item.subscription_uuid,
        organisation_uuid=item.organisation_uuid,
        expires_on=item.expires_on,
        days_expired=item.days_expired,
        result=result,
        had_auto_renewal=item.auto_renew,
    )


@dataclass
class Tally:
    """Count the results of batches and pass them on."""

    limit: int | None
    tell: Callable[[Result], None] | None
    progress: Callable[[int], None]
    terminated: int = 0
    renewing: int = 0
    held: int = 0
    failed: set[uuid.UUID] = field(default_factory=set)

    @property
    def has_reached_limit(self) -> bool:
        """Tell whether as many were terminated as may be."""
        return self.limit is not None and self.terminated >= self.limit

    def add(self, results: Sequence[Result]) -> None:
        """Take the results of one committed batch."""
        for result in results:
            if result.is_failure:
                # Another worker may have tried the same one before.
                if result.subscription_uuid in self.failed:
                    continue
                self.failed.add(result.subscription_uuid)
            else:
                self.terminated += 1
                self.renewing += result.had_auto_renewal
            if self.tell:
                self.tell(result)
        self.progress(self.terminated + len(self.failed))

    def hold(self, found: Sequence[due.Due]) -> None:
        """Take what was held back."""
        self.held += len(found)
        if self.tell:
            for item in found:
                self.tell(result_of(item, result=HELD))
        self.progress(self.held)
