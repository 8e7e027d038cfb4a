"""Read what stands in the tabs of an organisation, Overview and Members; `entries` reads those of Payment."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from customers import selectors
from customers.models import Member, Organisation
from portal.lib import days, text

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
class MemberRow:
    """A person at a customer."""

    name: str
    email: str
    role: str


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
            Fact("Taxes", "Exempt" if organisation.is_tax_exempt else "Charged"),
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
