"""Read what stands in the tabs of an organisation: Overview, Payment, Members, History."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from customers import policies, selectors
from customers.models import LedgerEntry, Member, Organisation
from portal.audit.models import AuditEntry
from portal.lib import days, money, text

PAGE = 50
MOST_SUGGESTED = 100


@dataclass(frozen=True)
class Fact:
    """One line of a profile."""

    term: str
    value: str
    hint: str = ""


@dataclass(frozen=True)
class Overview:
    """An organisation in full. *Shape*: amounts and dates are ready to show."""

    header: selectors.OrganisationHeader
    profile: tuple[Fact, ...]
    contact: tuple[Fact, ...]


@dataclass(frozen=True)
class EntryRow:
    """One ledger entry. *Shape*: `amount` has its sign; `after` has none, `after_kind` (CR, DR) has it."""

    on: str
    kind: str
    description: str
    actor: str
    amount: str
    after: str
    after_kind: str
    is_unbilled: bool
    termination_uuid: uuid.UUID | None


@dataclass(frozen=True)
class LedgerPage:
    """Fifty entries, newest first. *Shape*: `newer` and `older` are the keys to ask with, None at the end."""

    header: selectors.OrganisationHeader
    entries: tuple[EntryRow, ...]
    newer: int | None
    older: int | None


@dataclass(frozen=True)
class MemberRow:
    """A person at a customer."""

    name: str
    email: str
    role: str


@dataclass(frozen=True)
class HistoryRow:
    """One sentence of the audit about an organisation. *Shape*: `at` in the organisation's time zone."""

    at: str
    event: str
    description: str
    actor: str


@dataclass(frozen=True)
class HistoryPage:
    """Fifty sentences, newest first. *Shape*: `newer` and `older` are the keys to ask with, None at the end."""

    header: selectors.OrganisationHeader
    rows: tuple[HistoryRow, ...]
    newer: int | None
    older: int | None


def overview(organisation_uuid: uuid.UUID, *, at: datetime) -> Overview:
    """Find who an organisation is. *Raises*: Organisation.DoesNotExist."""
    organisation = Organisation.objects.select_related("credit_account").get(uuid=organisation_uuid)
    today = days.display(days.today_in(organisation.timezone, at=at))
    return Overview(
        header=selectors.header_of(organisation),
        profile=(
            Fact("Status", organisation.get_status_display()),
            Fact("Payment mode", organisation.get_payment_mode_display()),
            Fact("Country", organisation.country),
            Fact("Currency", organisation.currency),
            Fact("Time zone", organisation.timezone, f"There it is {today}."),
            Fact("Created on", days.display(organisation.created_on) if organisation.created_on else ""),
        ),
        contact=(
            Fact("Owner e-mail", organisation.owner_email),
            Fact("Billing e-mail", organisation.billing_email),
            Fact("Customer reference", organisation.customer_reference),
        ),
    )


def ledger(organisation_uuid: uuid.UUID, *, before: int | None = None, after: int | None = None) -> LedgerPage:
    """Find a page of entries: the newest, or those `before` (older than) or `after` (newer than) one's place.

    *Raises*: Organisation.DoesNotExist.
    """
    header = selectors.organisation_header(organisation_uuid)
    entries = LedgerEntry.objects.filter(account__organisation_id=header.id)
    if before is not None:
        found = list(entries.filter(seq__lt=before).order_by("-seq")[: PAGE + 1])
        page, has_older, has_newer = found[:PAGE], len(found) > PAGE, True
    elif after is not None:
        found = list(entries.filter(seq__gt=after).order_by("seq")[: PAGE + 1])
        page, has_older, has_newer = found[:PAGE][::-1], True, len(found) > PAGE
    else:
        found = list(entries.order_by("-seq")[: PAGE + 1])
        page, has_older, has_newer = found[:PAGE], len(found) > PAGE, False
    return LedgerPage(
        header=header,
        entries=tuple(_entry_row(entry) for entry in page),
        newer=page[0].seq if page and has_newer else None,
        older=page[-1].seq if page and has_older else None,
    )


def members(organisation_uuid: uuid.UUID) -> tuple[selectors.OrganisationHeader, tuple[MemberRow, ...]]:
    """Find the people of an organisation: owners, admins, the others. *Raises*: Organisation.DoesNotExist."""
    header = selectors.organisation_header(organisation_uuid)
    order = {Member.Role.OWNER: 0, Member.Role.ADMIN: 1, Member.Role.MEMBER: 2}
    people = Member.objects.filter(organisation_id=header.id).order_by("id")
    rows = sorted(people, key=lambda member: (order[Member.Role(member.role)], text.sort_key(member.name)))
    return header, tuple(
        MemberRow(name=member.name, email=member.email, role=member.get_role_display()) for member in rows
    )


def people_to_suggest(organisation_id: int) -> tuple[MemberRow, ...]:
    """Find up to a hundred people of an organisation, by name, for a field that asks for one of them. One query."""
    people = Member.objects.filter(organisation_id=organisation_id).order_by("name", "id")[:MOST_SUGGESTED]
    return tuple(
        MemberRow(name=member.name, email=member.email, role=member.get_role_display())
        for member in sorted(people, key=lambda member: text.sort_key(member.name))
    )


def history(organisation_uuid: uuid.UUID, *, before: int | None = None, after: int | None = None) -> HistoryPage:
    """Find a page of the audit's sentences about an organisation; keys as in `ledger`.

    *Raises*: Organisation.DoesNotExist.
    """
    header = selectors.organisation_header(organisation_uuid)
    entries = AuditEntry.objects.filter(organisation_uuid=organisation_uuid)
    if before is not None:
        found = list(entries.filter(pk__lt=before).order_by("-pk")[: PAGE + 1])
        page, has_older, has_newer = found[:PAGE], len(found) > PAGE, True
    elif after is not None:
        found = list(entries.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
        page, has_older, has_newer = found[:PAGE][::-1], True, len(found) > PAGE
    else:
        found = list(entries.order_by("-pk")[: PAGE + 1])
        page, has_older, has_newer = found[:PAGE], len(found) > PAGE, False
    zone = ZoneInfo(header.timezone)
    return HistoryPage(
        header=header,
        rows=tuple(
            HistoryRow(
                at=_moment(entry.at.astimezone(zone)),
                event=entry.event,
                description=entry.description,
                actor=entry.actor,
            )
            for entry in page
        ),
        newer=page[0].pk if page and has_newer else None,
        older=page[-1].pk if page and has_older else None,
    )


def _entry_row(entry: LedgerEntry) -> EntryRow:
    # Only these two kinds have a termination as their cause.
    of_termination = entry.kind in (LedgerEntry.Kind.REFUND, LedgerEntry.Kind.CORRECTION)
    sign = "-" if entry.amount < 0 else "+"
    return EntryRow(
        on=days.display(entry.on),
        kind=entry.get_kind_display(),
        description=entry.description,
        actor=entry.actor,
        amount=_signed(entry.amount, sign=sign, currency=entry.currency),
        after=money.display_balance(abs(entry.after), currency=entry.currency),
        after_kind=policies.balance_kind(entry.after),
        is_unbilled=entry.is_unbilled,
        termination_uuid=entry.cause_id if of_termination else None,
    )


def _signed(amount: Decimal, *, sign: str, currency: str) -> str:
    code, _, number = money.display_balance(abs(amount), currency=currency).partition(" ")
    return f"{code} {sign}{number}"


def _moment(at: datetime) -> str:
    return f"{days.display(at.date())}, {at:%H:%M}"
