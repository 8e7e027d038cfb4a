"""Read what the Subscriptions tab, the sidebar and the record of a termination show, as ready-made strings."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from customers.models import LedgerEntry
from invoicing import selectors as invoicing_selectors
from portal.lib import days, money, text
from settings_app.selectors import Config
from subscriptions import outcomes, presentation
from subscriptions.identity import Identity
from subscriptions.models import HistoryEntry, Subscription, Termination
from subscriptions.selectors import naming, quotes

PAGE = 50
RENEWAL_LEAD_DAYS = 7
STATUS_LABELS = dict(Subscription.Status.choices)


@dataclass(frozen=True)
class Row:
    """One subscription in the tab."""

    uuid: uuids.UUID
    plan: str
    numbers: str
    status: str
    status_label: str
    ended_on: str
    auto_renewal: str
    renewal_date: str
    expiry_date: str
    price: str
    contract: str
    trial: str


@dataclass(frozen=True)
class Page:
    """Up to 50 rows, and the keys of the pages beside them (empty: none)."""

    rows: tuple[Row, ...]
    next_after: str
    is_first: bool


@dataclass(frozen=True)
class Term:
    """A term and its value, as definition lists show them."""

    term: str
    value: str
    hint: str = ""


@dataclass(frozen=True)
class NumberRow:
    """A number and what became of it."""

    number: str
    status: str
    status_label: str
    hint: str


@dataclass(frozen=True)
class Assignee:
    """Somebody who uses the subscription, or did (`until`)."""

    name: str
    email: str
    until: str


@dataclass(frozen=True)
class HistoryRow:
    """One line of the history."""

    at: str
    event: str
    description: str
    actor: str


@dataclass(frozen=True)
class Details:
    """Everything in the sidebar, in the order of domain.md 3."""

    uuid: uuids.UUID
    identity: Identity
    status: str
    status_label: str
    organisation_uuid: uuids.UUID
    organisation_name: str
    assignees: tuple[Assignee, ...]
    contract: Term
    plan: Term
    add_ons: tuple[Term, ...]
    numbers: tuple[NumberRow, ...]
    billing: tuple[Term, ...]
    history: tuple[HistoryRow, ...]
    auto_renew: bool
    can_switch_renewal: bool
    can_terminate: bool
    why_not: str
    termination_uuid: uuids.UUID | None


def _moment(at: datetime, *, zone: str) -> str:
    """Write an instant as the clock on the organisation's wall showed it."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{days.display(local.date())}, {local:%H:%M} ({zone})"


def subscriptions_page(
    *,
    organisation_id: int,
    today: date,
    config: Config,
    status: str = "",
    expiry: str = "",
    after: str = "",
) -> Page:
    """List an organisation's subscriptions, those that expire next first, then ended ones. One query.

    Filters ask the facts of today, not the stored status. *Shape*: `after` is the key of the last row seen.
    """
    found = naming.with_identity(
        Subscription.objects.filter(organisation_id=organisation_id).select_related(
            "plan__product", "contract_item__contract", "termination"
        )
    )
    live = ~Q(status="terminated")
    if status == "active":
        found = found.filter(live, expires_on__gte=today)
    elif status == "expired":
        found = found.filter(live, expires_on__lt=today)
    elif status == "terminated":
        found = found.filter(status="terminated")
    if expiry == "week":
        found = found.filter(expires_on__range=(today, today + timedelta(days=7)))
    elif expiry == "month":
        found = found.filter(expires_on__range=(today, today + timedelta(days=30)))
    elif expiry == "past":
        found = found.filter(expires_on__lt=today)
    elif expiry == "cleanup":
        found = found.filter(live, expires_on__lt=today - timedelta(days=config.reactivation_days))
    if key := _key(after):
        day, pk = key
        found = found.filter(Q(expires_on__lt=day) | Q(expires_on=day, pk__lt=pk))
    rows = list(found.order_by("-expires_on", "-pk")[: PAGE + 1])
    shown = rows[:PAGE]
    return Page(
        rows=tuple(_row(item, today=today) for item in shown),
        next_after=f"{shown[-1].expires_on.isoformat()}_{shown[-1].pk}" if len(rows) > PAGE else "",
        is_first=not after,
    )


def _key(after: str) -> tuple[date, int] | None:
    day, _, pk = after.partition("_")
    try:
        return date.fromisoformat(day), int(pk) if len(pk) < 19 else 0
    except ValueError:
        return None


def _status(item: Subscription, *, today: date) -> str:
    if item.status == "terminated":
        return "terminated"
    return "active" if today <= item.expires_on else "expired"


def _row(item: Subscription, *, today: date) -> Row:
    status = _status(item, today=today)
    identity = naming.identity_of(item)
    termination = getattr(item, "termination", None)
    return Row(
        uuid=item.uuid,
        plan=identity.title,
        numbers=identity.numbers_text,
        status=status,
        status_label=STATUS_LABELS[status],
        ended_on=days.display(termination.terminated_on) if termination else "",
        auto_renewal="On" if item.auto_renew else "Off",
        renewal_date=_renewal_date(item) if item.auto_renew and status == "active" else "",
        expiry_date=days.display(item.expires_on),
        price=f"{money.display(item.plan.price_per_month, currency=item.currency)} a month",
        contract=identity.contract,
        trial="Trial" if item.is_trial else "",
    )


def _renewal_date(item: Subscription) -> str:
    return days.display(days.add_days(item.expires_on, -RENEWAL_LEAD_DAYS))


def _billing_model(subscription: Subscription, *, today: date) -> str:
    """Say how many months a cycle has: the last one that began, or the first where none has. One query or two."""
    months = subscription.cycles.values_list("months", flat=True)
    found = (
        months.filter(first_day__lte=today).order_by("-first_day").first() or months.order_by("first_day").first()
    )
    if found is None:
        return ""
    return "1 month a cycle" if found == 1 else f"{found:,} months a cycle"


def subscription_details(subscription: Subscription, *, today: date, config: Config) -> Details:
    """Read the sidebar of a subscription from `subscriptions()`. Five queries, or six."""
    identity = naming.identity_of(subscription)
    stands = quotes.standing_of(subscription, on=today, reactivation_days=config.reactivation_days)
    item = getattr(subscription, "contract_item", None)
    termination = getattr(subscription, "termination", None)
    currency = subscription.currency
    price = money.display(subscription.plan.price_per_month, currency=currency)
    billing = [
        Term("Billing model", _billing_model(subscription, today=today)),
        Term("Payment mode", subscription.organisation.get_payment_mode_display(), currency),
        Term("Started on", days.display(subscription.started_on)),
        Term("Expiry date", days.display(subscription.expires_on)),
        Term(
            "Auto-renewal",
            "On" if subscription.auto_renew else "Off",
            "renewed elsewhere" if subscription.auto_renew and stands.status == "active" else "",
        ),
    ]
    if subscription.is_trial:
        billing.append(Term("Trial", "Yes", "nothing comes back when it ends"))
    return Details(
        uuid=subscription.uuid,
        identity=identity,
        status=stands.status,
        status_label=STATUS_LABELS[stands.status],
        organisation_uuid=subscription.organisation.uuid,
        organisation_name=subscription.organisation.name,
        assignees=tuple(
            Assignee(
                name=a.member.name,
                email=a.member.email,
                until=f"until {days.display(a.ended_on)}" if a.ended_on else "",
            )
            for a in sorted(
                subscription.assignments.select_related("member").order_by("pk"),
                key=lambda assignment: text.sort_key(assignment.member.name),
            )
        ),
        contract=Term(
            "Contract",
            item.contract.reference if item else "",
            f"{item.contract.get_billing_plan_display()}"
            + (f", freed on {days.display(item.freed_on)}" if item.freed_on else "")
            if item
            else "",
        ),
        plan=Term(
            "Plan",
            identity.title,
            f"{price} a month, net",
        ),
        add_ons=tuple(
            Term(a.name, f"{money.display(a.price_per_month, currency=currency)} a month")
            for a in sorted(subscription.add_ons.all(), key=lambda add_on: text.sort_key(add_on.name))
        ),
        numbers=tuple(
            NumberRow(
                number=n.number,
                status=n.status,
                status_label=n.get_status_display(),
                hint=(f"through {days.display(n.reserved_through)}" if n.reserved_through else "")
                or ("ported in" if n.is_ported_in else ""),
            )
            for n in subscription.numbers.all()
        ),
        billing=tuple(billing),
        history=tuple(
            HistoryRow(
                at=_moment(h.at, zone=subscription.organisation.timezone),
                event=h.event,
                description=h.description,
                actor=h.actor,
            )
            for h in HistoryEntry.objects.filter(subscription=subscription).order_by("-pk")[:20]
        ),
        auto_renew=subscription.auto_renew,
        can_switch_renewal=stands.status == "active"
        and not (subscription.is_trial and not subscription.auto_renew),
        can_terminate=stands.case is not None,
        why_not=stands.why_not,
        termination_uuid=termination.uuid if termination else None,
    )


@dataclass(frozen=True)
class TerminationRecord:
    """The record of one termination."""

    uuid: uuids.UUID
    subscription_uuid: uuids.UUID
    organisation_uuid: uuids.UUID
    organisation_name: str
    identity: Identity
    sentences: tuple[str, ...]
    request: tuple[Term, ...]
    settlement: tuple[Term, ...]
    settlement_code: str
    settlement_label: str
    explanation: str
    acknowledgements: tuple[str, ...]
    credit_note_uuid: uuids.UUID | None
    credit_note_number: str
    preview: presentation.Preview | None
    corrections: tuple[Term, ...]


def find_termination(termination_uuid: uuids.UUID) -> Termination:
    """Read one termination with what its record shows, in one query.

    *Raises*: Termination.DoesNotExist.
    """
    found = Termination.objects.select_related(
        "subscription__plan__product",
        "subscription__contract_item__contract",
        "organisation",
        "reason",
        "config_version",
        "credit_note",
    )
    termination: Termination = naming.with_identity(found, subscription="subscription").get(uuid=termination_uuid)
    return termination


def result_sentences(termination: Termination) -> tuple[str, ...]:
    """Say what a termination did: first that the subscription ended, then where the money went."""
    head = f"Subscription {termination.subscription.uuid} terminated."
    if termination.case == "ended_before_move":
        return (head, "It ended before the move to this portal.")
    if termination.quote is None:
        return (head, f"Nothing was refunded: {termination.nothing_reason}.")
    return (
        head,
        *outcomes.sentences(
            document=termination.quote,
            credited=termination.credited,
            note_number=termination.credit_note.number if termination.credit_note else "",
            why_nothing=termination.nothing_reason,
            is_waiving=bool(termination.waived),
            used=invoicing_selectors.note_use(termination.quote_id)
            if termination.credit_note and termination.quote_id
            else None,
        ),
    )


def termination_record(termination: Termination) -> TerminationRecord:
    """Write a termination from `find_termination` in words. One query, for the corrections that name it."""
    note = termination.credit_note
    currency = termination.currency
    at = termination.terminated_at
    request = [
        Term("Case", termination.get_case_display()),
        Term(
            "Terminated on",
            days.display(termination.terminated_on),
            f"recorded {_moment(at, zone=termination.organisation.timezone)}; {at:%Y-%m-%d %H:%M:%S} UTC",
        ),
        Term("By", termination.actor, termination.get_actor_kind_display()),
    ]
    if termination.case == "customer_request" and termination.requested_on:
        request += [
            Term("Reason", termination.reason.label if termination.reason else ""),
            Term("Requested by", termination.requested_by),
            Term("Requested on", days.display(termination.requested_on)),
            Term("Channel", termination.get_channel_display()),
            Term("Ticket reference", termination.ticket),
        ]
    credited = termination.credited
    return TerminationRecord(
        uuid=termination.uuid,
        subscription_uuid=termination.subscription.uuid,
        organisation_uuid=termination.organisation.uuid,
        organisation_name=termination.organisation.name,
        identity=naming.identity_of(termination.subscription, row=termination),
        sentences=result_sentences(termination),
        request=tuple(request),
        settlement=(
            Term("Into Available Credits", money.display(credited, currency=currency) if credited else ""),
            Term("Credit note", note.number if note else ""),
            Term("Waived", money.display(termination.waived, currency=currency) if termination.waived else ""),
            Term("Choice", termination.get_choice_display() if termination.choice != "none" else ""),
            Term(
                "Portal Config",
                f"Version {termination.config_version.number}" if termination.config_version else "",
            ),
        ),
        settlement_code=termination.settlement,
        settlement_label=termination.get_settlement_display(),
        explanation=termination.explanation,
        acknowledgements=tuple(item["text"] for item in termination.acknowledgements),
        credit_note_uuid=note.uuid if note else None,
        credit_note_number=note.number if note else "",
        preview=presentation.preview_of(termination.quote, is_record=True) if termination.quote else None,
        corrections=tuple(
            Term(days.display(entry.on), money.display_balance(entry.amount, currency=currency), entry.description)
            for entry in LedgerEntry.objects.filter(cause_id=termination.uuid, kind="correction").order_by("pk")
        ),
    )
