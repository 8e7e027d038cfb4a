"""Directories for `import_data`, with today's dates: a few customers of each kind in many time zones, or as many as
wanted who all renew on one day."""

from __future__ import annotations

import csv
import random
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from portal.lib import days, money

# The ends of the world and some places in between. Kind of money: 2, 0 and 3 digits.
PLACES = (
    ("Etc/GMT+12", "US", "USD"),
    ("Pacific/Kiritimati", "AU", "AUD"),
    ("Asia/Singapore", "SG", "SGD"),
    ("Asia/Tokyo", "JP", "JPY"),
    ("Asia/Kuwait", "KW", "KWD"),
    ("Europe/London", "GB", "GBP"),
    ("America/New_York", "US", "USD"),
)
SUBSCRIPTIONS = 60
TAX = Decimal("0.09")


@dataclass(frozen=True)
class Directory:
    """A directory, and the subscriptions that it brings."""

    path: Path
    subscriptions: list[uuid.UUID]


def write(
    path: Path, *, number: int, rng: random.Random, today: date, subscriptions: int = SUBSCRIPTIONS
) -> Directory:
    """Write the directory with this number: nothing in it is in one with another number."""
    rows = _Rows(number=number, rng=rng, today=today)
    for place in PLACES * max(1, subscriptions // SUBSCRIPTIONS):
        rows.organisation(*place)
    for count in range(subscriptions):
        rows.subscription(count)
    return _written(path, rows)


def renewing(path: Path, *, subscriptions: int, today: date, credit_limit: int) -> Directory:
    """Write subscriptions that all renew each month and expire in some days, two of each organisation."""
    rows = _Rows(number=0, rng=random.Random(subscriptions), today=today)
    for _ in range(0, subscriptions, 2):
        rows.organisation("Asia/Singapore", "SG", "SGD", credit_limit=credit_limit)
    for count in range(subscriptions):
        rows.renewing(count, place=count // 2)
    return _written(path, rows)


def _written(path: Path, rows: _Rows) -> Directory:
    path.mkdir()
    for name, found in rows.files.items():
        if not found:
            continue
        with (path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
    return Directory(path, rows.subscriptions)


class _Rows:
    def __init__(self, *, number: int, rng: random.Random, today: date) -> None:
        self._number = number
        self._rng = rng
        self._today = today
        self._owners: list[tuple[str, str]] = []
        self.subscriptions: list[uuid.UUID] = []
        self.files: dict[str, list[dict[str, object]]] = {
            name: []
            for name in ("organisations", "members", "plans", "subscriptions", "cycles", "numbers", "credit_notes")
        }

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)

    def organisation(self, zone: str, country: str, currency: str, *, credit_limit: int | None = None) -> None:
        owner, sku = str(self._uuid()), f"BENCH-{self._number}-{len(self._owners)}"
        self._owners.append((owner, currency))
        self.files["organisations"].append(
            {
                "uuid": owner,
                "name": f"Bench {self._number} {zone}",
                "country": country,
                "currency": currency,
                "timezone": zone,
                "payment_mode": self._rng.choice(("prepaid", "postpaid")),
                "opening_balance": ""
                if credit_limit is not None
                else self._rng.choice(("", "-86.101480", "1200.5")),
                "credit_limit": credit_limit or "",
                "owner_email": f"owner-{owner[:8]}@bench.example",
            }
        )
        self.files["members"].append(
            {
                "organisation_uuid": owner,
                "email": f"owner-{owner[:8]}@bench.example",
                "name": "Ann",
                "role": "owner",
            }
        )
        self.files["plans"].append(
            {
                "sku": sku,
                "product": "Bench line",
                "name": f"Line in {currency}",
                "currency": currency,
                "price_per_month": 50,
            }
        )

    def subscription(self, count: int) -> None:
        rng, made = self._rng, self._uuid()
        place = count % len(self._owners)
        owner, currency = self._owners[place]
        # Days since it began, months of a cycle, cycles: in the window, later (one of these expires in two weeks),
        # in advance, expired, long expired.
        # "Today" differs by a day and a half around the world, so nothing begins or ends within two days.
        begun, months, cycles = rng.choice(
            (
                (rng.randrange(3, 11), rng.choice((1, 12)), 1),
                (rng.randrange(3, 11), 1, 2),
                (rng.randrange(18, 25), rng.choice((3, 12)), 1),
                (rng.randrange(17, 21), 1, 1),
                (rng.randrange(200, 300), 12, 1),
                (rng.randrange(18, 25), 1, 2),
                (rng.randrange(36, 44), 1, 1),
                (rng.randrange(70, 90), 1, 1),
            )
        )
        started = self._today - timedelta(days=begun)
        auto_renew, trial = rng.choice(("true", "false")), "true" if count % 19 == 0 else ""
        self._subscription(made, place=place, started=started, auto_renew=auto_renew, trial=trial)
        for cycle in range(cycles):
            self._cycle(made, count, cycle, owner=owner, currency=currency, started=started, months=months)
        if rng.random() < 0.5:
            self.files["numbers"].append(
                {
                    "number": f"+65{self._number:06d}{count:03d}",
                    "subscription_uuid": made,
                    "ported_in": rng.choice(("true", "")),
                }
            )

    def renewing(self, count: int, *, place: int) -> None:
        """Add a subscription of a month that is paid and expires in three days, as far as months allow."""
        made = self._uuid()
        owner, currency = self._owners[place]
        started = days.add_months(self._today + timedelta(days=4), -1, anchor=(self._today + timedelta(days=4)).day)
        self._subscription(made, place=place, started=started, auto_renew="true", trial="")
        self._cycle(made, count, 0, owner=owner, currency=currency, started=started, months=1, is_paid=True)

    def _subscription(self, made: uuid.UUID, *, place: int, started: date, auto_renew: str, trial: str) -> None:
        self.subscriptions.append(made)
        self.files["subscriptions"].append(
            {
                "uuid": made,
                "organisation_uuid": self._owners[place][0],
                "sku": f"BENCH-{self._number}-{place}",
                "status": "active",
                "started_on": started,
                "auto_renew": auto_renew,
                "trial": trial,
            }
        )

    def _cycle(
        self,
        made: uuid.UUID,
        count: int,
        cycle: int,
        *,
        owner: str,
        currency: str,
        started: date,
        months: int,
        is_paid: bool = False,
    ) -> None:
        rng, unit = self._rng, money.minor_unit(currency)
        starts_on = days.add_months(started, cycle * months, anchor=started.day)
        net = (Decimal(rng.randrange(2000, 90000)) * Decimal("0.01") * months).quantize(unit)
        tax = (net * TAX).quantize(unit)
        paid = net + tax if is_paid else rng.choice((net + tax, net + tax, (net / 2).quantize(unit), Decimal(0)))
        self.files["cycles"].append(
            {
                "subscription_uuid": made,
                "starts_on": starts_on,
                "months": months,
                "net": net,
                "tax": tax,
                "paid": paid,
                "invoice_number": f"BI-{self._number}-{count}-{cycle}",
                "invoice_issued_on": starts_on - timedelta(days=3),
            }
        )
        if cycle == 0 and not is_paid and rng.random() < 0.2:
            names_it = rng.random() < 0.5
            self.files["credit_notes"].append(
                {
                    "number": f"BC-{self._number}-{count}",
                    "organisation_uuid": owner,
                    "net": (net / 4).quantize(unit),
                    "tax": (tax / 4).quantize(unit),
                    "status": "sent",
                    "subscription_uuid": made if names_it else "",
                    "cycle_starts_on": starts_on if names_it else "",
                }
            )
