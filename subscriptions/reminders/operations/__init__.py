"""Write the reminders of a day, some organisations at a time. It can be run again: a thing is told once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal import frame
from settings_app import selectors as settings_selectors
from subscriptions.reminders import selectors
from subscriptions.reminders.operations import writing
from subscriptions.selectors import zones

BATCH = 500
"""Organisations a transaction."""


@dataclass(frozen=True)
class Counts:
    """What a run did. *Shape*: `messages` were written; of a dry run `due` counts what they would tell of."""

    messages: int
    due: int
    was_stopped: bool


def write_due(
    *,
    by: frame.Actor,
    at: datetime,
    is_dry_run: bool = False,
    progress: Callable[[int], None] = lambda written: None,
    stop: Callable[[], bool] = lambda: False,
) -> Counts:
    """Write what is to be told at an instant; a kind that goes to nobody waits until it goes to somebody.

    *Shape*: `progress` is told how many messages are written. A dry run only reads. `stop` is asked between
    batches; what is left, the next time does.
    """
    todays = zones.todays(as_of=None, at=at)
    written = counted = 0
    config = settings_selectors.current_config()
    for kind in selectors.KINDS:
        if not config.addressee_of(kind.code):
            continue
        if is_dry_run:
            counted += selectors.count(kind, todays=todays, config=config)
            continue
        found = selectors.organisations(kind, todays=todays, config=config)
        for first in range(0, len(found), BATCH):
            if stop():
                return Counts(messages=written, due=counted, was_stopped=True)
            with frame.operation("write_reminders"):
                added = writing.write(kind, organisations=found[first : first + BATCH], todays=todays, by=by, at=at)
            written += added
            progress(written)
    return Counts(messages=written, due=counted, was_stopped=False)
