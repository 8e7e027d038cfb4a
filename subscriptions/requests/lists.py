"""The list of scheduled ends."""

from __future__ import annotations

from django.db.models import Q
from moneyed import Money

from customers import naming
from portal.lib import lists
from portal.lib.lists import cells, filters
from subscriptions.models import TerminationRequest
from subscriptions.requests import selectors
from subscriptions.requests.selectors import RequestRow

_STATES = dict(TerminationRequest.State.choices)
_OPEN = TerminationRequest.State.OPEN
_WAITS, _TONE = "Needs a person", "warning"

_BY_DAY = lists.Sort(
    "day",
    ("ends_on", "id"),
    ascending="earliest day first",
    descending="latest day first",
    is_descending=False,
)


def _waiting(value: str) -> Q:
    return selectors.NEEDS_PERSON if value == "yes" else ~selectors.NEEDS_PERSON


class RequestFilters(filters.Filters):
    """What scheduled ends can be filtered by."""

    organisation = naming.OrganisationFilter()
    state = filters.Choice("State", "state", choices=TerminationRequest.State.choices, default=_OPEN)
    person = filters.Choice(_WAITS, choices=(("yes", "Needs a person"), ("no", "Goes by itself")), ask=_waiting)
    ends_from = filters.From("Ends from", "ends_on", leads_in=("day",), needs="day")
    ends_to = filters.To("Ends to", "ends_on", leads_in=("day",), needs="day")


def _day(row: RequestRow) -> cells.Link:
    return cells.Link(row.ends_on, cells.address("subscriptions:detail", row.subscription_uuid), into="#sidebar")


def _state(row: RequestRow) -> cells.Under:
    is_waiting = row.state == _OPEN and bool(row.why)
    code = (
        cells.Code("needs_person", _WAITS, tone=_TONE) if is_waiting else cells.Code(row.state, _STATES[row.state])
    )
    return cells.Under(code, (row.why,) if row.why else ())


def _ended(row: RequestRow) -> cells.Link | None:
    if row.termination_uuid is None:
        return None
    return cells.Link("Termination", cells.address("subscriptions:termination", row.termination_uuid))


SCHEDULED_ENDS: lists.List[RequestRow] = lists.List(
    name="scheduled_ends",
    title="Scheduled ends",
    about="Ends that customers asked for on a later day. The night after that day carries them out; what needs a "
    "person is carried out with “Terminate” of the subscription, with the same day.",
    permission="subscriptions.view_subscription",
    rows=selectors.requests,
    whole=selectors.whole_requests,
    read=selectors.request_rows,
    events=("subscription-terminated", "subscription-changed"),
    columns=(
        lists.Column("Ends on", _day, sort="day", is_heading=True, css="nowrap"),
        *naming.columns(lambda row: row.organisation),
        lists.Column("Product and plan", lambda row: row.identity.title),
        lists.Column("Numbers", lambda row: row.identity.numbers_text, on="file"),
        lists.Column("Subscription UUID", lambda row: row.subscription_uuid, on="file"),
        lists.Column("State", _state),
        lists.Column("Why", lambda row: row.why, on="file"),
        lists.Column("Estimate today", lambda row: row.estimate, kind=Money),
        lists.Column("Reason", lambda row: row.reason),
        lists.Column("Requested by", lambda row: row.requested_by),
        lists.Column("Scheduled by", lambda row: row.actor, on="file"),
        lists.Column("Scheduled on", lambda row: row.asked_on, kind=cells.Day),
        lists.Column("Ended by", _ended),
        lists.Column("Request UUID", lambda row: row.uuid, on="file"),
    ),
    sorts=(_BY_DAY,),
    filters=RequestFilters,
    empty=lists.Empty(
        "No end is scheduled", "“End later” of a subscription schedules one for a day ahead.", "clock"
    ),
    no_match=lists.Empty("No scheduled end matches", "Choose another state, loosen a filter, or clear them all."),
)
