"""The rows of the world that were asked for a later day: one that is carried out, and three that are not."""

import datetime as dt
from typing import Any

from subscriptions.models import Subscription, Termination, TerminationRequest
from tests.support import scheduled

NOW = dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC)


def nothing(subscription: Subscription) -> dict[str, Any]:
    """Ask a week ago for the end of today, and give what its termination says of it."""
    asked = scheduled.request(subscription, ends_on=NOW.date(), asked_at=NOW - dt.timedelta(days=7))
    return {"settlement": "nothing_due", "nothing_reason": "it is a trial", "request": asked}


def rows(running: Subscription, neighbour: Subscription, *, by_request: Termination) -> dict[str, Any]:
    """Build the requests, and close that of the termination."""
    TerminationRequest.objects.filter(terminations=by_request).update(
        state="carried_out", termination=by_request, closed_at=NOW, closed_by="test"
    )
    return {
        "by_request": by_request,
        "asked": scheduled.request(neighbour, asked_at=NOW),
        "waiting": scheduled.request(
            running,
            asked_at=NOW,
            needs_person_since=NOW,
            refusal_code="acknowledgement_missing",
            refusal_values={},
            refusal_sentence="Please confirm.",
        ),
        "withdrawn": scheduled.request(
            running,
            asked_at=NOW,
            state="withdrawn",
            closed_at=NOW,
            closed_by="test",
            closed_by_user=scheduled.asker(),
            withdrawal_reason="They stay.",
        ),
    }
