"""The lists of the clean-up: its runs, and what became of the subscriptions that a run met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet

from customers import naming
from portal.lib import lists
from portal.lib.lists import cells, filters
from subscriptions.clean_up import selectors
from subscriptions.clean_up.selectors import RunRow, SubscriptionRow

# What the index of a run's failures and holds is sorted by.
_SUBSCRIPTION = lists.Sort(
    "subscription",
    ("subscription_id",),
    ascending="oldest subscription first",
    descending="newest subscription first",
)


class RunFilters(filters.Filters):
    """What runs can be filtered by; there is one a night."""

    started_from = filters.From("Started from", "started_at", is_instant=True, leads_in=("newest",))
    started_to = filters.To("Started to", "started_at", is_instant=True, leads_in=("newest",))


RUNS: lists.List[RunRow] = lists.List(
    name="clean-up-runs",
    title="Clean-up runs",
    about="Each run terminates what has been expired for longer than the reactivation days, without a refund.",
    permission="subscriptions.view_cleanuprun",
    rows=selectors.runs,
    read=selectors.run_rows,
    columns=(
        lists.Column(
            "Started",
            lambda row: cells.Link(row.started_at, cells.address("subscriptions:clean_up_run", row.uuid)),
            is_heading=True,
        ),
        lists.Column("By", lambda row: row.actor),
        lists.Column("As of", lambda row: row.as_of, kind=cells.Day),
        lists.Column("Terminated", lambda row: row.terminated, kind=int),
        lists.Column("Held", lambda row: row.held, kind=int),
        lists.Column("Failed", lambda row: row.failed, kind=int),
        lists.Column("Finished", lambda row: row.finished_at or cells.Code("", "Not finished", "warning")),
        lists.Column("Run UUID", lambda row: row.uuid, on="file"),
    ),
    sorts=(lists.NEWEST,),
    filters=RunFilters,
    empty=lists.Empty(
        "No clean-up has run yet",
        "Whoever runs the server starts one with “./run terminate_expired”, every night and after new cycles have "
        "come in. Operations (docs/operations.md) says how.",
        "clock",
    ),
    no_match=lists.Empty("No run matches", "The newest ones are on the first page; clear the filters.", "clock"),
)


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
    sort: lists.Sort = _SUBSCRIPTION,
    empty: lists.Empty = _NO_MORE,
) -> lists.List[SubscriptionRow]:
    """Give a list of subscriptions that a run met, with what it has to say of them."""
    return lists.List(
        name=name,
        title=title,
        about="",
        permission=RUNS.permission,
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
    selectors.failures,
    selectors.failure_rows,
    lists.Column("Reason", lambda row: row.reason, css="text-break sentence"),
)
HELD = _of_a_run(
    "held",
    "Subscriptions that were held back",
    selectors.held,
    selectors.held_rows,
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
