"""Carry out one scheduled end, as the night does: through the operation that every termination takes."""

from __future__ import annotations

import dataclasses
import json
import uuid as uuids
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import DataError, IntegrityError

from portal import frame
from portal.lib import text
from portal.postgresql import diagnosis
from settings_app import selectors as settings_selectors
from subscriptions.requests import selectors
from subscriptions.requests.operations import asking
from subscriptions.selectors import reading
from subscriptions.termination import operations as termination
from subscriptions.termination import refusals, requested
from subscriptions.termination.quote import acknowledgements, quotes

# A payment or a note may come in between the computing and the locks; then it is computed again.
TRIES = 5
# What a refusal carries for screens: a quote is computed anew by whoever opens it.
_SHOWN = ("fresh", "seen")

Became = Literal["carried_out", "needs_person", "failed", "gone"]


@dataclass(frozen=True)
class Result:
    """What became of one request, or would. *Shape*: `sentence` says why not; what is `gone` is no longer open."""

    due: selectors.Due
    became: Became
    sentence: str = ""


def carry_out(due: selectors.Due, *, by: frame.Actor, at: datetime) -> Result:
    """End one subscription on the day asked for, or keep why a person has to."""
    if due.why_not:
        return Result(due, "failed", due.why_not)
    try:
        _terminate(due, by=by, at=at)
    except (refusals.AlreadyTerminated, refusals.NotScheduled, refusals.DayNotOver):
        # Somebody was quicker: it was ended, withdrawn or asked for anew.
        return Result(due, "gone")
    except frame.Refused as refusal:
        why = asking.Why(refusal.code, values=_values(refusal), sentence=str(refusal))
    except (IntegrityError, DataError) as error:
        # A guard of the database refused it: whoever looks at it sees which.
        constraint = diagnosis.constraint_of(error)
        why = asking.Why("refused_by_database", values={"constraint": constraint}, sentence=text.first_line(error))
    else:
        return Result(due, "carried_out")
    is_waiting = asking.wait_for_person(
        request_uuid=due.uuid, subscription_uuid=due.subscription_uuid, why=why, by=by, at=at
    )
    return Result(due, "needs_person", why.sentence) if is_waiting else Result(due, "gone")


def look(due: selectors.Due) -> Result:
    """Say what would become of a request. Reads only."""
    if due.why_not:
        return Result(due, "failed", due.why_not)
    try:
        quote = _quote(due)
    except (refusals.AlreadyTerminated, refusals.NotScheduled):
        return Result(due, "gone")
    except frame.Refused as refusal:
        return Result(due, "needs_person", str(refusal))
    missing = acknowledgements.of_automatic(quote)
    if missing:
        return Result(due, "needs_person", str(refusals.AcknowledgementMissing(missing)))
    return Result(due, "carried_out")


def _terminate(due: selectors.Due, *, by: frame.Actor, at: datetime) -> None:
    """Preview the end on its day and apply it."""
    for remaining in reversed(range(TRIES)):
        seen = termination.Seen(quote_id=uuids.uuid4(), document=quotes.document(_quote(due)))
        try:
            termination.terminate(
                subscription_uuid=due.subscription_uuid,
                request=requested.ScheduledEnd(due.uuid),
                choice=quotes.Automatic(),
                acknowledged=(),
                seen=seen,
                by=by,
                at=at,
            )
            return
        except refusals.QuoteChanged:
            if not remaining:
                raise


def _quote(due: selectors.Due) -> quotes.Quote:
    """Compute what the end would settle now, as of its day. *Raises*: NotScheduled; NotTerminable."""
    subscription = reading.find(due.subscription_uuid)
    stored = reading.open_request_of(subscription)
    is_open = stored is not None and stored.uuid == due.uuid
    if getattr(subscription, "termination", None) is None and not is_open:
        raise refusals.NotScheduled
    return termination.quote_termination(
        subscription,
        on=due.ends_on,
        config=settings_selectors.current_config(),
        asked_on=stored.requested_on if stored else None,
    )


def _values(refusal: frame.Refused) -> dict[str, Any]:
    """Write the fields of a refusal as plain JSON."""
    if not dataclasses.is_dataclass(refusal):
        return {}
    kept = {field.name: getattr(refusal, field.name) for field in dataclasses.fields(refusal)}
    plain: dict[str, Any] = json.loads(
        json.dumps({name: value for name, value in kept.items() if name not in _SHOWN}, default=_plain)
    )
    return plain


def _plain(value: Any) -> Any:
    return (
        dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else str(value)
    )
