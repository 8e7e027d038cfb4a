"""Corruptions of scheduled ends: their state, their termination, what they say, and what was told."""

import datetime as dt

from customers.models import Organisation
from portal.frame import SYSTEM, Actor
from subscriptions.requests import operations
from tests.support import factories, scheduled
from tests.verification.corruptions.planted import Planted

_REQUEST = "UPDATE subscriptions_terminationrequest SET"
_DONE = "WHERE id = %(carried_out)s"
_OPEN = "WHERE id = %(asked)s"

CORRUPTIONS = (
    Planted(
        "a request opened again after its end",
        f"UPDATE subscriptions_termination SET request_id = NULL WHERE request_id = %(carried_out)s;"
        f"{_REQUEST} state = 'open', termination_id = NULL, closed_at = NULL, closed_by = '' {_DONE}",
        "request_left_open",
    ),
    Planted("a request closed otherwise", f"{_REQUEST} state = 'closed' {_DONE}", "request_termination"),
    Planted(
        "a request closed by another's end",
        f"{_REQUEST} state = 'closed', termination_id = %(refunded)s, closed_at = asked_at, closed_by = 'x'"
        f" {_OPEN}",
        "request_termination",
    ),
    Planted(
        "a request carried out by nothing",
        f"{_REQUEST} state = 'carried_out', termination_id = -1, closed_at = asked_at, closed_by = 'x' {_OPEN}",
        "request_termination",
    ),
    Planted("the channel of a request", f"{_REQUEST} channel = 'letter' {_DONE}", "request_said"),
    Planted("the explanation of a request", f"{_REQUEST} explanation = 'Another' {_DONE}", "request_said"),
    Planted("the day of an open request", f"{_REQUEST} ends_on = ends_on + 1 {_OPEN}", "request_estimate"),
    Planted("the day of one that was carried out", f"{_REQUEST} ends_on = ends_on - 1 {_DONE}", "termination_day"),
    Planted("the asker of a request", f"{_REQUEST} actor = 'another' {_OPEN}", "request_told"),
)


def build(organisation: Organisation, *, by: Actor, at: dt.datetime) -> dict[str, int]:
    """Leave an end that is asked for, and one that was carried out a day late."""
    then = at - dt.timedelta(days=2)
    done, asked = (factories.subscription(organisation=organisation) for _ in range(2))
    day = then.date()
    carried_out = scheduled.ask(done, ends_on=day + dt.timedelta(days=1), by=by, at=then, requested_on=day)
    kept = scheduled.ask(asked, ends_on=dt.date(2026, 3, 31), by=by, at=at)
    assert operations.carry_out_due(by=SYSTEM, at=at).carried_out == 1
    return {"carried_out": carried_out.pk, "asked": kept.pk}
