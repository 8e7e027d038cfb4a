"""The lists of subscriptions, of all customers and of one, and of terminations."""

from __future__ import annotations

import re
import uuid as uuids
from dataclasses import replace
from typing import Any

from django.db.models import Q, Value
from django.db.models.lookups import Contains
from moneyed import Money

from customers import naming
from customers.models import folded_number
from customers.search import pasted, policies
from portal.lib import days, lists
from portal.lib.lists import cells, filters, paging
from settings_app import in_force
from settings_app import selectors as settings_selectors
from subscriptions.models import Contract, ContractItem, Subscription, Termination
from subscriptions.record.selectors import listing
from subscriptions.record.selectors.listing import SubscriptionRow, TerminationRow

SHORTEST_PART = 3
_LIVE = "live"
_WINDOW = 2_000
"""Terminations that a page looks through: they are wide, and what is shown of them comes from ten tables."""
_STATUSES = dict(Subscription.Status.choices)
_CASES = dict(Termination.Case.choices)
_SETTLEMENTS = dict(Termination.Settlement.choices)
_NOT_DIGITS = re.compile(r"[^0-9]")

_EVENTS = ("subscription-terminated", "subscription-changed")

_EXPIRY = lists.Sort(
    "expiry",
    ("expires_on", "id"),
    ascending="earliest expiry first",
    descending="latest expiry first",
    is_descending=False,
)
_TERMINATED = lists.Sort(
    "terminated",
    ("terminated_on", "id"),
    ascending="earliest termination first",
    descending="latest termination first",
)


def _named(text: str, *, subscription: str = "pk") -> Q:
    """Ask for what a UUID, a whole phone number or a part of a contract's reference names."""
    try:
        wanted = uuids.UUID(text)
    except ValueError:
        pass
    else:
        named = Q(uuid=wanted)
        if subscription != "pk":
            named |= Q(paging.among(Subscription.objects.filter(uuid=wanted).values("pk"), field=subscription))
        return named
    digits = _NOT_DIGITS.sub("", pasted.number(text)).removeprefix("00")
    found = listing.with_number(f"+{digits}", subscription=subscription)
    part = policies.folded_number(text)
    if len(part) >= SHORTEST_PART:
        contracts = Contract.objects.filter(Contains(folded_number("reference"), Value(part)))
        items = ContractItem.objects.filter(contract__in=contracts.values("pk"))
        found |= Q(paging.among(items.values("subscription_id"), field=subscription))
    return found


def _expiry(choice: str, asked: filters.Filters) -> Q:
    if choice == "cleanup":
        more_than = in_force.config_of(asked.request).reactivation_days
        return listing.expired_for(more_than=more_than, today=asked.today)
    if choice in _LEFT:
        kept = in_force.config_of(asked.request).reactivation_days
        least, most = _LEFT[choice]
        return listing.expired_with_left(least=least, most=most, kept=kept, today=asked.today)
    if choice == "past":
        return listing.expired_for(more_than=0, today=asked.today)
    return listing.expiring(within=7 if choice == "week" else 30, today=asked.today)


# Days left until an expired one may be ended for good, least and most of them.
_LEFT: dict[str, tuple[int, int | None]] = {"last": (0, 1), "few": (2, 7), "many": (8, None)}
_EXPIRIES = (
    ("week", "In the next 7 days"),
    ("month", "In the next 30 days"),
    ("past", "In the past"),
    ("last", "In the past, 1 day left at most"),
    ("few", "In the past, 2 to 7 days left"),
    ("many", "In the past, more than 7 days left"),
    ("cleanup", "Past the reactivation days"),
)


class _Status(filters.Choice):
    """A status by the facts of the day. *Shape*: the index by expiry has those that are not terminated."""

    def leads(self, value: Any, *, sort: str) -> bool:
        return sort == "expiry" or filters.ANY_SORT in self._leads_in

    def sort_needed(self, value: Any) -> str:
        """Take those that are terminated, which the index by expiry leaves out, in the order they came."""
        return "newest" if value in ("terminated", "") else ""

    def condition(self, value: Any) -> Q:
        return listing.LIVE if value == _LIVE else listing.of_status(value, today=self.parent.today)


class SubscriptionFilters(filters.Filters):
    """What all subscriptions can be filtered by."""

    more = ("product", "renewal", "held", "currency")

    q = filters.Search("Number, contract or UUID", leads_in=(filters.ANY_SORT,), max_length=100, ask=_named)
    organisation = naming.OrganisationFilter()
    status = _Status("Status", choices=((_LIVE, "Not terminated"), *Subscription.Status.choices), default=_LIVE)
    expiry = filters.Choice("Expiry", choices=_EXPIRIES, leads_in=("expiry",), needs="expiry", ask_with=_expiry)
    product = filters.Choice("Product", "plan__product_id", choices=listing.products)
    renewal = filters.Choice(
        "Auto-renewal",
        choices=(("on", "On"), ("off", "Off")),
        ask=lambda value: Q(auto_renew=value == "on"),
    )
    held = filters.Choice(
        "Clean-up",
        choices=(("held", "Held by the last run"),),
        # They expired long ago: a page by expiry begins with them, and need not look all of them up.
        needs="expiry",
        ask=lambda _: listing.held_last(),
    )
    currency = filters.Currency()


class OfCustomerFilters(filters.Filters):
    """What the subscriptions of one customer can be filtered by."""

    status = _Status("Status", choices=Subscription.Status.choices, leads_in=(filters.ANY_SORT,))
    expiry = filters.Choice("Expiry", choices=_EXPIRIES, leads_in=(filters.ANY_SORT,), ask_with=_expiry)

    def sort_needed(self) -> str:
        """Need none: they are few."""
        return ""


def _plan(row: SubscriptionRow) -> cells.Link:
    address = cells.address("subscriptions:detail", row.uuid)
    return cells.Link(row.identity.title, address, into="#sidebar", id=f"row-{row.uuid}")


def _status(row: SubscriptionRow) -> cells.Under:
    under: tuple[Any, ...] = (cells.On(row.ended_on),) if row.ended_on else ()
    if row.ends_on:
        under = (f"ends on {days.display(row.ends_on)}",)
        under += (f"{cells.amount_of(row.estimate)} back",) if row.estimate is not None else ()
    return cells.Under(cells.Code(row.status, _STATUSES[row.status]), under)


def _columns(*, is_of_customer: bool) -> tuple[lists.Column[SubscriptionRow], ...]:
    """Give the columns of a list. Where all customers are listed, the page has no room for some of them."""
    roomy = "page and file" if is_of_customer else "file"
    return (
        lists.Column("Product and plan", _plan, is_heading=True),
        *(() if is_of_customer else naming.columns(lambda row: row.organisation)),
        lists.Column("Numbers", lambda row: row.identity.numbers_text),
        lists.Column("UUID", lambda row: row.uuid, on=roomy),
        lists.Column("Status", _status),
        lists.Column("Terminated on", lambda row: row.ended_on, kind=cells.Day, on="file"),
        lists.Column("Ends on", lambda row: row.ends_on, kind=cells.Day, on="file"),
        lists.Column("Auto-renewal", lambda row: "On" if row.is_auto_renewing else "Off"),
        lists.Column("Renewal date", lambda row: row.renewal_date, kind=cells.Day, on=roomy),
        lists.Column("Expiry date", lambda row: row.expires_on, kind=cells.Day, sort="expiry"),
        lists.Column("Currency", lambda row: str(row.price.currency), on="file"),
        lists.Column("Price a month", lambda row: row.price, kind=Money),
        lists.Column("Contract", lambda row: row.identity.contract),
        lists.Column("Trial", lambda row: "Trial" if row.is_trial else "", on=roomy),
    )


SUBSCRIPTIONS: lists.List[SubscriptionRow] = lists.List(
    name="subscriptions",
    title="Subscriptions",
    about="What all customers pay for. A status is today's where the customer is; filters take the day in UTC.",
    permission="subscriptions.view_subscription",
    rows=listing.subscriptions,
    whole=listing.whole_subscriptions,
    read_at=listing.subscription_rows,
    events=_EVENTS,
    columns=_columns(is_of_customer=False),
    sorts=(_EXPIRY, lists.NEWEST),
    filters=SubscriptionFilters,
    empty=lists.Empty("No subscriptions yet", "Subscriptions come in with the import.", "package"),
    no_match=lists.Empty(
        "No subscription matches",
        "Give a whole phone number, three letters or digits of a contract, or a UUID; or loosen a filter.",
    ),
    sums=(lists.Sum("Price a month", "plan__price_per_month"),),
    groups=(
        lists.Group("product", "Product", "plan__product__name"),
        lists.Group("plan", "Plan", "plan__name"),
    ),
)

OF_CUSTOMER = replace(
    SUBSCRIPTIONS,
    columns=_columns(is_of_customer=True),
    sorts=(_EXPIRY.reversed_(),),
    filters=OfCustomerFilters,
    empty=lists.Empty(
        "No subscriptions yet",
        "This organisation has bought nothing so far. Subscriptions come in with the import.",
        "package",
    ),
    no_match=lists.Empty("No subscription fits this filter", "Choose another status or expiry, or clear both."),
)
"""The subscriptions of one customer, for the page of their organisation."""


class _Case(filters.Choice):
    """The case of a termination. *Shape*: what customers asked for has indexes of its own."""

    def leads(self, value: Any, *, sort: str) -> bool:
        return bool(value == Termination.Case.CUSTOMER_REQUEST)


class TerminationFilters(filters.Filters):
    """What terminations can be filtered by."""

    more = ("reason", "product", "agent", "settlement", "currency", "amount_from", "amount_to", "version")

    q = filters.Search(
        "Number, contract or UUID",
        leads_in=(filters.ANY_SORT,),
        max_length=100,
        ask=lambda text: _named(text, subscription="subscription_id"),
    )
    organisation = naming.OrganisationFilter()
    case = _Case("Case", "case", choices=Termination.Case.choices, default=Termination.Case.CUSTOMER_REQUEST)
    terminated_from = filters.From("From", "terminated_on", leads_in=("terminated",), needs="terminated")
    terminated_to = filters.To("To", "terminated_on", leads_in=("terminated",), needs="terminated")
    reason = filters.Choice(
        "Reason",
        "reason_id",
        choices=lambda: [(str(reason.id), reason.label) for reason in settings_selectors.reasons()],
        window=_WINDOW,
    )
    product = filters.Choice("Product", "subscription__plan__product_id", choices=listing.products, window=_WINDOW)
    agent = filters.Line("Agent", "actor", "icontains", window=_WINDOW)
    settlement = filters.Choice("Settlement", "settlement", choices=Termination.Settlement.choices, window=_WINDOW)
    currency = filters.Currency(window=_WINDOW)
    amount_from = filters.Amount("Refunded at least", "refunded", "gte", window=_WINDOW)
    amount_to = filters.Amount("Refunded at most", "refunded", "lte", window=_WINDOW)
    version = filters.Count("Version of Portal Config", "config_version__number", window=_WINDOW)


def _note(row: TerminationRow) -> cells.Link | None:
    if row.note_uuid is None:
        return None
    return cells.Link(row.note_number, cells.address("invoicing:credit_note", row.note_uuid))


def _settlement(row: TerminationRow) -> cells.Under:
    code = cells.Code(row.settlement, _SETTLEMENTS[row.settlement])
    return cells.Under(code, (_note(row),))


TERMINATIONS: lists.List[TerminationRow] = lists.List(
    name="terminations",
    title="Terminations",
    about="Who ended what and why, and what was given back: on customer request unless another case is chosen.",
    permission="subscriptions.view_subscription",
    rows=listing.terminations,
    whole=listing.whole_terminations,
    read=listing.termination_rows,
    columns=(
        lists.Column(
            "Terminated on",
            lambda row: cells.Link(row.terminated_on, cells.address("subscriptions:termination", row.uuid)),
            sort="terminated",
            is_heading=True,
            css="nowrap",
        ),
        lists.Column("Recorded at", lambda row: row.at, kind=cells.Instant, on="file"),
        *naming.columns(lambda row: row.organisation),
        lists.Column(
            "Product and plan",
            lambda row: cells.Link(
                row.identity.title, cells.address("subscriptions:detail", row.subscription_uuid)
            ),
        ),
        lists.Column("Subscription UUID", lambda row: row.subscription_uuid, on="file"),
        lists.Column("Case", lambda row: cells.Word(row.case, _CASES[row.case])),
        lists.Column("Reason", lambda row: row.reason),
        lists.Column("By", lambda row: row.actor),
        lists.Column("Settlement", _settlement),
        lists.Column("Credit note", lambda row: row.note_number, on="file"),
        lists.Column("Currency", lambda row: row.currency, on="file"),
        lists.Column("Refunded", lambda row: row.refunded, kind=Money),
        lists.Column("Waived", lambda row: row.waived, kind=Money),
        lists.Column("Version", lambda row: row.config_version, kind=int),
        lists.Column("Termination UUID", lambda row: row.uuid, on="file"),
    ),
    sorts=(lists.NEWEST, _TERMINATED),
    filters=TerminationFilters,
    empty=lists.Empty(
        "No customer has asked to end yet", "Choose another case to see what has expired.", "history"
    ),
    no_match=lists.Empty("No termination matches", "Choose another case, loosen a filter, or clear them all."),
    sums=(lists.Sum("Refunded", "refunded"), lists.Sum("Waived", "waived")),
    groups=(
        lists.Group("reason", "Reason", "reason__label"),
        lists.Group("product", "Product", "subscription__plan__product__name"),
        lists.Group("agent", "Agent", "actor"),
        lists.Group("settlement", "Settlement", "settlement", _SETTLEMENTS),
        lists.Group("version", "Version", "config_version__number"),
    ),
)
