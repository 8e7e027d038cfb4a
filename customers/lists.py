"""The lists of the Customer app: credit entries, and the history of an organisation."""

from __future__ import annotations

import functools
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q, Value
from django.db.models.functions import Greatest, Least

from customers import naming
from customers.models import LedgerEntry, Organisation
from customers.search import finders
from customers.selectors import entries, listing
from customers.selectors.listing import OrganisationRow
from portal.audit import selectors as audit_selectors
from portal.lib import lists, signposts
from portal.lib.lists import cells, filters

_DAY = lists.Sort("day", ("on", "id"), ascending="by day, earliest first", descending="by day, latest first")
_PLACE = lists.Sort("place", ("seq",), ascending="oldest first", descending="newest first")
_STATUSES = dict(Organisation.Status.choices)
_PAYMENT_MODES = dict(Organisation.PaymentMode.choices)
_ZERO = Value(Decimal(0))


class OrganisationFilters(filters.Filters):
    """What the list of all customers can be filtered by; who is meant, the search finds."""

    status = filters.Choice("Status", "status", choices=Organisation.Status.choices)
    payment_mode = filters.Choice("Payment mode", "payment_mode", choices=Organisation.PaymentMode.choices)
    currency = filters.Currency()


def _name(row: OrganisationRow) -> cells.Under:
    link = cells.Link(row.name, cells.address("customers:overview", row.uuid))
    return cells.Under(link, (row.known_by, *(f"{match.label}: {match.text}" for match in row.matches)))


ORGANISATIONS: lists.List[OrganisationRow] = lists.List(
    name="customers",
    title="Customers",
    about="",
    permission="customers.view_organisation",
    rows=listing.organisations,
    read=listing.organisation_rows,
    columns=(
        lists.Column("Name", _name, is_heading=True, sort="name"),
        lists.Column("UUID", lambda row: row.uuid, on="file"),
        lists.Column("Known by", lambda row: row.known_by, on="file"),
        lists.Column("Status", lambda row: cells.Code(row.status, _STATUSES[row.status]), kind=cells.Code),
        lists.Column("Payment mode", lambda row: cells.Word(row.payment_mode, _PAYMENT_MODES[row.payment_mode])),
        lists.Column("Currency", lambda row: str(row.balance.currency), on="file"),
        lists.Column("Current balance", lambda row: cells.Balance(row.balance), kind=cells.Balance),
        lists.Column("Credit limit", lambda row: cells.Exact(row.credit_limit), kind=cells.Exact),
    ),
    sorts=(lists.Sort("name", ("name", "id"), ascending="A to Z", descending="Z to A", is_descending=False),),
    filters=OrganisationFilters,
    empty=lists.Empty(
        "No customers yet",
        "Customers come with an import. Ask whoever runs the portal to import the data.",
        "people",
    ),
    no_match=lists.Empty("No customer matches", "Loosen a filter, or clear them all."),
    sums=(lists.Sum("Current balance", "credit_account__balance", cells.Balance),),
    groups=(
        lists.Group("status", "Status", "status", _STATUSES),
        lists.Group("payment_mode", "Payment mode", "payment_mode", _PAYMENT_MODES),
    ),
)

HITS: tuple[lists.Column[finders.Hit], ...] = (
    lists.Column("What", lambda hit: hit.kind),
    lists.Column("Found", lambda hit: cells.Link(hit.text, hit.url), is_heading=True, css="sentence"),
    lists.Column(
        "Customer",
        lambda hit: cells.Link(hit.organisation_name, cells.address("customers:overview", hit.organisation_uuid)),
    ),
)
"""What else a question names than customers."""


class EntryFilters(filters.Filters):
    """What credit entries can be filtered by. *Shape*: a bound of an amount counts in both directions."""

    more = ("currency", "amount_from", "amount_to", "actor", "cause")

    organisation = naming.OrganisationFilter("account__organisation_id")
    kind = filters.Choice("Kind", "kind", choices=LedgerEntry.Kind.choices, leads_in=("newest",))
    on_from = filters.From("From", "on", leads_in=("day",), needs="day")
    on_to = filters.To("To", "on", leads_in=("day",), needs="day")
    currency = filters.Currency()
    amount_from = filters.Amount(
        "Moved at least", "amount", "gte", ask=lambda least: Q(amount__gte=least) | Q(amount__lte=-least)
    )
    amount_to = filters.Amount(
        "Moved at most", "amount", "lte", ask=lambda most: Q(amount__gte=-most, amount__lte=most)
    )
    actor = filters.Line("By", "actor", "icontains")
    cause = filters.Uuid("UUID of the cause", "cause_id", leads_in=(filters.ANY_SORT,))


def _kind(row: entries.EntryRow) -> cells.Under:
    unbilled = (cells.Code("unbilled", "Unbilled", "info"),) if row.is_unbilled else ()
    return cells.Under(cells.Word(row.kind, LedgerEntry.Kind(row.kind).label), unbilled)


def _description(row: entries.EntryRow) -> cells.Under:
    lines: tuple[str | cells.Link, ...] = (f"By {row.actor}",)
    if row.termination_uuid:
        lines += (cells.Link("Termination", cells.address(signposts.name("cause"), row.termination_uuid)),)
    return cells.Under(cells.Sentence(row.description), lines)


ENTRIES: lists.List[entries.EntryRow] = lists.List(
    name="credit-entries",
    title="Credit entries",
    about="What was added to Available Credits and taken from them, why, and by whom.",
    permission="customers.view_organisation",
    rows=entries.entries,
    read=entries.entry_rows,
    columns=(
        lists.Column("Date", lambda row: row.on, kind=cells.Day, sort="day"),
        *naming.columns(lambda row: row.organisation),
        lists.Column("Place", lambda row: row.seq, kind=int, on="file"),
        lists.Column("Kind", _kind, css="nowrap"),
        lists.Column("Description", _description, kind=cells.Sentence),
        lists.Column("By", lambda row: row.actor, on="file"),
        lists.Column("Recorded at", lambda row: row.at, kind=cells.Instant, on="file"),
        lists.Column("Cause UUID", lambda row: row.cause_uuid, on="file"),
        lists.Column("Unbilled", lambda row: row.is_unbilled, kind=bool, on="file"),
        lists.Column("Currency", lambda row: str(row.amount.currency), on="file"),
        lists.Column("Amount", lambda row: cells.Signed(row.amount), kind=cells.Signed),
        lists.Column("Balance after", lambda row: cells.Balance(row.after), kind=cells.Balance),
    ),
    sorts=(lists.NEWEST, _DAY),
    filters=EntryFilters,
    empty=lists.Empty("No entries yet", "Top-ups, charges, refunds and corrections will be listed here.", "wallet"),
    no_match=lists.Empty("No entry matches", "Loosen a filter, or clear them all."),
    sums=(
        lists.Sum("Added", Greatest("amount", _ZERO), kind=cells.Signed),
        lists.Sum("Taken", Least("amount", _ZERO), kind=cells.Signed),
        lists.Sum("Together", "amount", kind=cells.Signed),
    ),
    groups=(lists.Group("kind", "Kind", "kind", dict(LedgerEntry.Kind.choices)),),
)

OF_AN_ACCOUNT = replace(
    ENTRIES,
    # The entries of an account have its own index.
    sorts=(_PLACE,),
    empty=lists.Empty(
        "No entries yet",
        "Top-ups, charges, refunds and corrections of this organisation will be listed here. Billing staff can "
        "post a correction; a refund comes from terminating a subscription.",
        "wallet",
    ),
)
"""The entries of one account, for the page of its organisation."""


def history_in(timezone: str) -> lists.List[audit_selectors.Row]:
    """Give the list of what was done to an organisation, in its time zone."""
    return lists.List(
        name="history",
        title="History",
        about="",
        permission="customers.view_organisation",
        rows=audit_selectors.entries,
        read=functools.partial(audit_selectors.rows, zone=ZoneInfo(timezone)),
        columns=(
            lists.Column("Date and time", lambda row: row.at, kind=cells.Instant),
            lists.Column("Event", lambda row: row.event),
            lists.Column("Description", lambda row: cells.Sentence(row.description), kind=cells.Sentence),
            lists.Column("Actor", lambda row: row.actor),
        ),
        sorts=(lists.NEWEST,),
        empty=lists.Empty(
            "Nothing has happened yet",
            "Terminations, refunds and corrections of this organisation will be listed here. To end a "
            "subscription, open it on the Subscriptions tab.",
            "history",
        ),
    )
