"""The list of messages."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from portal.audit import naming
from portal.lib import days, lists, signposts
from portal.lib.lists import cells, filters
from portal.outbox import kinds, selectors
from portal.outbox.models import Delivery


class MessageFilters(filters.Filters):
    """What messages can be filtered by; without a status, the dead letters, which somebody has to look at."""

    more = ("kind", "created_from", "created_to")

    status = filters.Choice(
        "Status", "status", choices=Delivery.Status.choices, default=Delivery.Status.DEAD, leads_in=("newest",)
    )
    organisation = naming.OrganisationFilter("Organisation")
    to = filters.Line("To or cc", ask=lambda part: Q(to__icontains=part) | Q(cc__icontains=part))
    kind = filters.Choice("Kind", "kind", choices=kinds.labels)
    created_from = filters.From("Created from", "created_at", is_instant=True)
    created_to = filters.To("Created to", "created_at", is_instant=True)


def _status(row: selectors.Row) -> cells.Code:
    return cells.Code(row.status, Delivery.Status(row.status).label, "danger" if row.is_dead else "")


def _to(row: selectors.Row) -> cells.Under:
    return cells.Under(row.to, (f"Cc {row.cc}",) if row.cc else ())


def _subject(row: selectors.Row) -> cells.Under:
    subject = cells.Link(row.subject, cells.address("outbox:message", row.message_id))
    return cells.Under(subject, (cells.Word(row.kind, kinds.label_of(row.kind)),))


def _next(row: selectors.Row) -> datetime | str | None:
    return f"Sent {days.moment(row.sent_at)}" if row.sent_at else row.next_attempt_at


def _correct(row: selectors.Row) -> cells.Link | None:
    if not (row.is_dead and row.is_for_customer):
        return None
    return cells.Link("Correct the address", cells.address(signposts.name("contacts"), row.organisation_uuid))


def _send_again(row: selectors.Row) -> cells.Action | None:
    if not row.is_dead:
        return None
    return cells.Action("Send again", cells.address("outbox:send_again", row.message_id), "Putting back")


DELIVERIES: lists.List[selectors.Row] = lists.List(
    name="notifications",
    title="Notifications",
    about="E-mails about terminations, to the provider or to customers. A dead letter could not be sent and waits "
    "for you. Dates and times are UTC.",
    permission="outbox.view_delivery",
    rows=selectors.deliveries,
    read=selectors.rows,
    columns=(
        lists.Column("Created", lambda row: row.created_at, css="text-break"),
        lists.Column("Status", _status, kind=cells.Code),
        lists.Column("To", _to, css="text-break sentence"),
        lists.Column("Cc", lambda row: row.cc, on="file"),
        lists.Column("Kind", lambda row: row.kind, on="file"),
        lists.Column("Subject", _subject, css="text-break sentence"),
        lists.Column("Attempts", lambda row: row.attempts, kind=int),
        lists.Column("Last error", lambda row: row.last_error, css="text-break"),
        lists.Column("Next attempt", _next, on="page", css="text-break"),
        lists.Column("Next attempt at", lambda row: row.next_attempt_at, kind=cells.Instant, on="file"),
        lists.Column("Sent at", lambda row: row.sent_at, kind=cells.Instant, on="file"),
        lists.Column("Organisation UUID", lambda row: row.organisation_uuid, on="file"),
        lists.Column("Message-ID", lambda row: row.message_id, on="file"),
        lists.Column("Its address", _correct, is_heading_hidden=True, on="page", may="customers.change_contacts"),
        lists.Column(
            "What to do", _send_again, kind=cells.Action, is_heading_hidden=True, on="page", may="outbox.send_again"
        ),
    ),
    sorts=(lists.NEWEST,),
    filters=MessageFilters,
    empty=lists.Empty("No dead letters", "Every message was sent or is still waiting for its turn.", "mail"),
    no_match=lists.Empty(
        "No message matches",
        "A message is written with each termination, when Portal Config asks for one and knows where to send it. "
        "Loosen a filter, or clear them all.",
        "mail",
    ),
)
