"""Read organisations: here the header above every tab; `entries`, `listing` and `tabs` beside it."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from customers import policies, refusals
from customers.models import CreditAccount, LedgerEntry, Organisation
from portal.lib import money


@dataclass(frozen=True)
class Named:
    """An organisation in a list. *Shape*: `known_by` tells it from another of its name."""

    uuid: uuid.UUID
    name: str
    known_by: str


def named(organisation: Organisation) -> Named:
    """Name an organisation that was read with its row. No query."""
    return named_by(
        uuid=organisation.uuid,
        name=organisation.name,
        reference=organisation.customer_reference,
        emails=(organisation.owner_email, organisation.billing_email),
    )


def named_by(*, uuid: uuid.UUID, name: str, reference: str, emails: tuple[str, str]) -> Named:
    """Name an organisation by what was read of it: its reference, and the addresses of its owner and for bills."""
    return Named(uuid=uuid, name=name, known_by=policies.known_by(reference=reference, emails=emails, uuid=uuid))


@dataclass(frozen=True)
class OrganisationHeader:
    """What stands above every tab of an organisation's page.

    *Shape*: amounts are ready to show ("SGD 50.00"); `balance` has no sign, `balance_kind` (CR, DR) has it.
    """

    id: int
    uuid: uuid.UUID
    name: str
    status: str
    status_label: str
    currency: str
    timezone: str
    payment_mode_label: str
    available_credits: str
    balance: str
    balance_kind: str
    credit_limit: str
    reserved: str


def organisation_header(organisation_uuid: uuid.UUID) -> OrganisationHeader:
    """Find what stands above every tab. *Raises*: Organisation.DoesNotExist."""
    return header_of(Organisation.objects.select_related("credit_account").get(uuid=organisation_uuid))


def header_of(organisation: Organisation) -> OrganisationHeader:
    """Make the header of an organisation that was read together with its credit account."""
    account = _account_of(organisation)
    return OrganisationHeader(
        id=organisation.pk,
        uuid=organisation.uuid,
        name=organisation.name,
        status=organisation.status,
        status_label=organisation.get_status_display(),
        currency=organisation.currency,
        timezone=organisation.timezone,
        payment_mode_label=organisation.get_payment_mode_display(),
        available_credits=money.display_balance(account.available, currency=organisation.currency),
        balance=money.display_balance(abs(account.balance), currency=organisation.currency),
        balance_kind=policies.balance_kind(account.balance),
        credit_limit=money.display_balance(account.credit_limit, currency=organisation.currency),
        reserved=money.display_balance(account.reserved, currency=organisation.currency),
    )


def _account_of(organisation: Organisation) -> CreditAccount:
    """Give the account; an organisation that never had one has nothing and may spend nothing."""
    account: CreditAccount | None = getattr(organisation, "credit_account", None)
    return account or CreditAccount(balance=Decimal(0), credit_limit=Decimal(0), reserved=Decimal(0))


def moved_sentence(entry: LedgerEntry) -> str:
    """Say what an entry did: "SGD 50.00 added to Available Credits."."""
    shown = money.display_balance(abs(entry.amount), currency=entry.currency)
    return f"{shown} {'added to' if entry.amount > 0 else 'taken from'} Available Credits."


@dataclass(frozen=True)
class Moved:
    """A balance as it is, and as an entry would leave it. *Shape*: amounts as in `OrganisationHeader`.

    `seq` is the place of the last entry, 0 before the first: what the two balances were computed from.
    """

    amount: str
    is_taken: bool
    before: str
    before_kind: str
    after: str
    after_kind: str
    available_after: str
    available_after_kind: str
    seq: int


def balance_after(account: CreditAccount, *, amount: Decimal) -> Decimal:
    """Say what an entry makes of the balance, before it and when it is written. *Raises*: BalanceOutOfRange."""
    after = account.balance + amount
    if not policies.is_balance_in_range(after):
        raise refusals.BalanceOutOfRange(balance=account.balance, amount=amount)
    return after


def moved_by(organisation_uuid: uuid.UUID, *, amount: Decimal) -> Moved:
    """Say what an entry would make of a balance.

    *Raises*: Organisation.DoesNotExist; BalanceOutOfRange.
    """
    organisation = Organisation.objects.select_related("credit_account").get(uuid=organisation_uuid)
    account, currency = _account_of(organisation), organisation.currency
    after = balance_after(account, amount=amount)
    available = policies.available_credits(
        balance=after, credit_limit=account.credit_limit, reserved=account.reserved
    )
    return Moved(
        amount=money.display_balance(abs(amount), currency=currency),
        is_taken=amount < 0,
        before=money.display_balance(abs(account.balance), currency=currency),
        before_kind=policies.balance_kind(account.balance),
        after=money.display_balance(abs(after), currency=currency),
        after_kind=policies.balance_kind(after),
        available_after=money.display_balance(abs(available), currency=currency),
        available_after_kind=policies.balance_kind(available),
        seq=account.last_seq or 0,
    )
