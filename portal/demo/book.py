"""Collect the rows of the demo, so that they can be numbered, balanced and written all at once.

Nothing here touches the database: `store.write` does. Rows are unsaved model instances that point at each
other; UUIDs come from the seeded generator, so the same seed makes the same rows.
"""

import random
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TypeVar, cast

from django.db.models import Model

from customers.models import CreditAccount, Member, Organisation
from invoicing.models import ChargeLine, CreditNote
from portal.demo.names import Locale
from subscriptions.models import Plan, Product, Subscription

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)

ACTOR = "demo"
ZERO = Decimal(0)
MOVED_DAYS_AGO = 200
"""Documents older than this look imported; the portal's own numbers begin then."""


@dataclass(frozen=True)
class Movement:
    """Hold one movement of Available Credits before it has its place in the ledger."""

    at: datetime
    amount: Decimal
    kind: str
    description: str
    cause_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Ending:
    """Name a subscription that the demo terminates through the portal's own operation, after its rows are in.

    With `note` that credit note is chosen as the refund.
    """

    subscription: Subscription
    explanation: str
    note: CreditNote | None = None


@dataclass
class Book:
    """Hold every row of the demo, relative to `today`."""

    today: date
    rng: random.Random
    rows: dict[type[Model], list[Model]] = field(default_factory=lambda: defaultdict(list))
    # Rows that are not saved yet can't be keys: organisations and invoices go by UUID, lines by identity.
    locales: dict[uuid.UUID, Locale] = field(default_factory=dict)
    plans: dict[tuple[str, str], Plan] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    movements: dict[uuid.UUID, list[Movement]] = field(default_factory=lambda: defaultdict(list))
    accounts: dict[uuid.UUID, CreditAccount] = field(default_factory=dict)
    members: dict[uuid.UUID, list[Member]] = field(default_factory=lambda: defaultdict(list))
    member_keys: set[tuple[uuid.UUID, str, str]] = field(default_factory=set)
    lines_of: dict[uuid.UUID, list[ChargeLine]] = field(default_factory=lambda: defaultdict(list))
    unpaid: dict[int, Decimal] = field(default_factory=dict)
    endings: list[Ending] = field(default_factory=list)
    imported: "count[int]" = field(default_factory=lambda: count(1))
    numbers: set[str] = field(default_factory=set)
    _decks: dict[str, list[object]] = field(default_factory=dict)

    @property
    def moved_on(self) -> date:
        """Give the day on which the customers' older documents came in."""
        return self.today - timedelta(days=MOVED_DAYS_AGO)

    def add(self, row: Model) -> None:
        """Keep a row for writing."""
        self.rows[type(row)].append(row)

    def of(self, model: type[Row]) -> list[Row]:
        """Give the rows of a table, as they are kept: whoever sorts them sorts what is written."""
        return cast("list[Row]", self.rows[model])

    def deal(self, name: str, shares: dict[T, int]) -> T:
        """Draw from a shuffled deck that holds each card as often as its share, so that each comes up for sure."""
        deck = self._decks.get(name)
        if not deck:
            deck = self._decks[name] = [card for card, share in shares.items() for _ in range(share)]
            self.rng.shuffle(deck)
        return cast(T, deck.pop())

    def draw_uuid(self) -> uuid.UUID:
        """Draw a UUID that depends on the seed alone."""
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)

    def at(self, day: date) -> datetime:
        """Give an instant of a day, never later than the first one of today."""
        start = self.start(min(day, self.today))
        return start if day >= self.today else start + timedelta(minutes=self.rng.randrange(1, 1380))

    @staticmethod
    def start(day: date) -> datetime:
        """Give the first instant of a day."""
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def move(
        self,
        organisation: Organisation,
        amount: Decimal,
        *,
        kind: str,
        at: datetime,
        description: str,
        cause_id: uuid.UUID | None = None,
    ) -> None:
        """Note a movement of Available Credits; `ledger` puts them in order."""
        self.movements[organisation.uuid].append(
            Movement(at=at, amount=amount, kind=kind, description=description, cause_id=cause_id)
        )
