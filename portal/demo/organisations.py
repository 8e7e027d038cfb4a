"""Add who the customers of the demo are: organisations with account and search keys, and their people."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from customers.models import CreditAccount, Member, Organisation, SearchKey
from portal.demo import marks
from portal.demo.book import ZERO, Book
from portal.demo.names import Locale
from portal.lib import text


def add_organisation(
    book: Book,
    locale: Locale,
    name: str,
    *,
    created_on: date,
    reference: str,
    status: str = "active",
    payment_mode: str = "prepaid",
    credit_limit: Decimal = ZERO,
    opening: Decimal = ZERO,
    timezone: str = "",
) -> Organisation:
    """Add an organisation with its account, search keys and owner."""
    owner = _person(book, locale)
    label = text.fold(name).replace(" ", "-").strip(".-+@")[:30].strip(".-+@") or "customer"
    # No message may ever reach anybody.
    domain = f"{label}.example"
    owner_email = _email(owner, domain)
    made = Organisation(
        uuid=marks.mark(book.draw_uuid()),
        name=name,
        status=status,
        country=locale.country,
        currency=locale.currency,
        timezone=timezone or book.rng.choice(locale.timezones),
        payment_mode=payment_mode,
        owner_email=owner_email,
        billing_email=book.rng.choice((f"billing@{domain}", f"accounts@{domain}", "")),
        customer_reference=reference,
        created_on=created_on,
    )
    book.add(made)
    book.locales[made.uuid] = locale
    book.accounts[made.uuid] = CreditAccount(organisation=made, currency=made.currency, credit_limit=credit_limit)
    keys = {
        "name": made.name,
        "uuid": str(made.uuid),
        "owner_email": made.owner_email,
        "billing_email": made.billing_email,
        "reference": made.customer_reference,
    }
    for kind, value in keys.items():
        if folded := text.fold(value):
            book.add(SearchKey(organisation=made, kind=kind, text=folded))
    _add_member(book, made, name=owner, email=owner_email, role="owner")
    if opening:
        book.move(
            made,
            opening,
            kind="opening_balance",
            at=book.start(book.moved_on - timedelta(days=1)),
            description="Opening balance",
        )
    return made


def add_member(book: Book, organisation: Organisation, *, role: str) -> Member:
    """Add one more person."""
    name = _person(book, book.locales[organisation.uuid])
    domain = organisation.owner_email.partition("@")[2]
    taken = {member.email for member in book.members[organisation.uuid]}
    email = _email(name, domain)
    for number in count(2):
        if email not in taken:
            break
        email = _email(f"{name} {number}", domain)
    return _add_member(book, organisation, name=name, email=email, role=role)


def _add_member(book: Book, organisation: Organisation, *, name: str, email: str, role: str) -> Member:
    made = Member(organisation=organisation, name=name, email=email, role=role)
    book.add(made)
    for kind, value in (("member", name), ("member_email", email)):
        key = SearchKey(organisation=organisation, kind=kind, text=text.fold(value))
        # Two may have one name.
        if key.text and (organisation.uuid, kind, key.text) not in book.member_keys:
            book.member_keys.add((organisation.uuid, kind, key.text))
            book.add(key)
    book.members[organisation.uuid].append(made)
    return made


def _person(book: Book, locale: Locale) -> str:
    given, family = book.rng.choice(locale.given), book.rng.choice(locale.family)
    return f"{family}{given}" if locale.family_first else f"{given} {family}"


def _email(name: str, domain: str) -> str:
    return f"{text.fold(name).replace(' ', '.')[:40].strip('.-+@') or 'office'}@{domain}"
