"""The lists of the clean-up: its runs, and what became of the subscriptions that a run met."""

from __future__ import annotations

from customers import naming
from portal.lib import lists
from portal.lib.lists import cells, filters
from subscriptions.clean_up import selectors
from subscriptions.clean_up.selectors import RunRow, SubscriptionRow

_NEWEST = lists.Sort("newest", ("id",), ascending="oldest first", descending="newest first")
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
    sorts=(_NEWEST,),
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

FAILURES: lists.List[SubscriptionRow] = lists.List(
    name="failures",
    title="Subscriptions that could not be terminated",
    about="",
    permission="subscriptions.view_cleanuprun",
    rows=selectors.failures,
    read=selectors.failure_rows,
    columns=(*_WHO, lists.Column("Reason", lambda row: row.reason, css="text-break sentence")),
    sorts=(_SUBSCRIPTION,),
    empty=_NO_MORE,
    no_match=_NO_MORE,
)

HELD: lists.List[SubscriptionRow] = lists.List(
    name="held",
    title="Subscriptions that were held back",
    about="",
    permission="subscriptions.view_cleanuprun",
    rows=selectors.held,
    read=selectors.held_rows,
    columns=(
        *_WHO,
        lists.Column("Expired", lambda row: row.expired_on, kind=cells.Day),
        lists.Column("Days ago", lambda row: row.days_expired, kind=int),
    ),
    sorts=(_SUBSCRIPTION,),
    empty=_NO_MORE,
    no_match=_NO_MORE,
)

ENDED: lists.List[SubscriptionRow] = lists.List(
    name="ended",
    title="Subscriptions that were terminated",
    about="",
    permission="subscriptions.view_cleanuprun",
    rows=selectors.ended,
    read=selectors.ended_rows,
    columns=(
        *_WHO,
        lists.Column("Expired", lambda row: row.expired_on, kind=cells.Day),
        lists.Column("Terminated", _terminated, css="nowrap"),
    ),
    sorts=(_NEWEST,),
    empty=lists.Empty("This run terminated no subscription", "Those that it held or failed are above.", "clock"),
    no_match=_NO_MORE,
)
