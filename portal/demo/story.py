"""What every story of the showcase begins with: its organisation, and days before today."""

from datetime import date, timedelta
from decimal import Decimal

from customers.models import Organisation
from portal.demo import organisations
from portal.demo.book import ZERO, Book
from portal.demo.names import BY_COUNTRY


def organisation(
    book: Book,
    country: str,
    name: str,
    *,
    opening: Decimal = ZERO,
    payment_mode: str = "prepaid",
    credit_limit: Decimal = ZERO,
    status: str = "active",
    timezone: str = "",
) -> Organisation:
    """Add a show-case organisation, an old customer with two more people."""
    locale = BY_COUNTRY[country]
    made = organisations.add_organisation(
        book,
        locale,
        name,
        created_on=book.today - timedelta(days=900),
        reference=f"DEMO-{len(book.accounts) + 1:02d}",
        status=status,
        payment_mode=payment_mode,
        credit_limit=credit_limit,
        opening=opening,
        timezone=timezone or locale.timezones[0],
    )
    organisations.add_member(book, made, role="admin")
    organisations.add_member(book, made, role="member")
    return made


def ago(book: Book, number: int) -> date:
    """Give the day so many days before the demo's today."""
    return book.today - timedelta(days=number)


def plain_day(book: Book, *, least: int) -> date:
    """Give the latest day at least `least` days ago that every month has."""
    day = ago(book, least)
    return day.replace(day=min(day.day, 28))
