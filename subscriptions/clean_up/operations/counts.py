"""The counts of a clean-up run, and its results row by row."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from portal import frame
from subscriptions.clean_up.operations import due

DONE, WOULD_BE, HELD = "terminated", "would be terminated", "held: renewal not seen"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome for one subscription. *Shape*: `result` is one of the words above, or the reason of a failure."""

    subscription_uuid: uuid.UUID
    organisation_uuid: uuid.UUID
    expires_on: date
    days_expired: int
    result: str
    had_auto_renewal: bool = False

    @property
    def is_failure(self) -> bool:
        """Tell whether the termination failed."""
        return self.result not in (DONE, WOULD_BE, HELD)


@dataclass(frozen=True)
class Counts:
    """The counts of a run, or of a dry run.

    *Shape*: `renewing` counts the terminated subscriptions that had auto-renewal on. `refused` is the refusal of a
    run without a limit that would find as much as the dry run did.
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


@dataclass(eq=False, kw_only=True)
class TooManyDue(frame.Refused):
    """More is due than a run without a limit may terminate."""

    code = "too_many_due"

    due: int
    allowed: int


def result_of(item: due.Due, *, result: str) -> Result:
    """Build the result of a subscription."""
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
    """Counts the results of batches, and passes them on."""

    limit: int | None
    tell: Callable[[Result], None] | None
    progress: Callable[[int], None]
    terminated: int = 0
    renewing: int = 0
    held: int = 0
    failed: set[uuid.UUID] = field(default_factory=set)

    @property
    def has_reached_limit(self) -> bool:
        """Tell whether the limit is reached."""
        return self.limit is not None and self.terminated >= self.limit

    def add(self, results: Sequence[Result]) -> None:
        """Add the results of a committed batch."""
        for result in results:
            if result.is_failure:
                # Another worker may have failed on the same row before.
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
        """Add the subscriptions that were held back."""
        self.held += len(found)
        if self.tell:
            for item in found:
                self.tell(result_of(item, result=HELD))
        self.progress(self.held)
