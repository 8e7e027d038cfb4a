"""The lists of the clean-up: what became of the subscriptions that a run met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet

from customers import naming
from portal.jobs import selectors as jobs
from portal.jobs.lists import PERMISSION
from portal.lib import lists
from portal.lib.lists import cells
from subscriptions.clean_up import selectors
from subscriptions.clean_up.selectors import SubscriptionRow

# The order in which the run met them, which is that of their ids but where workers shared them.
_MET = lists.NEWEST.reversed_()


def _subscription(row: SubscriptionRow) -> cells.Link:
    return cells.Link(row.plan, cells.address("subscriptions:detail", row.subscription_uuid))


def _terminated(row: SubscriptionRow) -> cells.Link | None:
    if row.termination_uuid is None:
        return None
    return cells.Link(row.terminated_on, cells.address("subscriptions:termination", row.termination_uuid))


_WHO: tuple[lists.Column[SubscriptionRow], ...] = (
    lists.Column("Subscription", _subscription, is_heading=True),
    lists.Column("UUID", lambda row: row.subscription_uuid),
    *naming.columns(lambda row: row.organisation),
)
_NO_MORE = lists.Empty("No more on this page", "The first page has them.", "clock")


def _of_a_run(
    name: str,
    title: str,
    rows: Callable[[], QuerySet[Any, Any]],
    read: Callable[[Sequence[Any]], Sequence[SubscriptionRow]],
    *columns: lists.Column[SubscriptionRow],
    sort: lists.Sort = _MET,
    empty: lists.Empty = _NO_MORE,
) -> lists.List[SubscriptionRow]:
    """Give a list of subscriptions that a run met, with what it has to say of them."""
    return lists.List(
        name=name,
        title=title,
        about="",
        permission=PERMISSION,
        rows=rows,
        read=read,
        columns=(*_WHO, *columns),
        sorts=(sort,),
        empty=empty,
        no_match=_NO_MORE,
    )


_EXPIRED: lists.Column[SubscriptionRow] = lists.Column("Expired", lambda row: row.expired_on, kind=cells.Day)

FAILURES = _of_a_run(
    "failures",
    "Subscriptions that could not be terminated",
    jobs.all_items,
    selectors.item_rows,
    lists.Column("Reason", lambda row: row.reason, css="text-break sentence"),
)
HELD = _of_a_run(
    "held",
    "Subscriptions that were held back",
    jobs.all_items,
    selectors.item_rows,
    _EXPIRED,
    lists.Column("Days ago", lambda row: row.days_expired, kind=int),
)
ENDED = _of_a_run(
    "ended",
    "Subscriptions that were terminated",
    selectors.ended,
    selectors.ended_rows,
    _EXPIRED,
    lists.Column("Terminated", _terminated, css="nowrap"),
    sort=lists.NEWEST,
    empty=lists.Empty("This run terminated no subscription", "Those that it held or failed are above.", "clock"),
)
