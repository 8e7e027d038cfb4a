"""Nights of subscriptions that all renew on one day: with credit, without, and renewed elsewhere.

With enough credit one night renews all and ends none. Without, all are refused and none ends before the 29th day.
Where renewals are made elsewhere, all are held by the clean-up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench import books, directories, nights_run
from bench.dated import Place, Tell
from portal import embedded

ENOUGH = 1_000_000
# Days from expiry: the first night on which they are due, the last of use, then until the last one of the 28.
AHEAD, KEPT = 2, (0, 1, 14, 28)
FIRST_TO_END = 29

_STATES = """
    SELECT count(*) FILTER (WHERE status = 'terminated'), count(*) FILTER (WHERE status = 'active'),
           count(*) FILTER (WHERE expires_on > %s), min(expires_on), max(expires_on)
    FROM subscriptions_subscription
"""


class Renewals:
    """The three databases and what was seen in each."""

    def __init__(self, place: Place, *, subscriptions: int, begin: datetime, tell: Tell) -> None:
        self.place = place
        self.subscriptions = subscriptions
        self.begin = begin
        self.tell = tell
        self.violations: list[str] = []
        self.seen: dict[str, Any] = {"subscriptions": subscriptions}

    def run(self) -> dict[str, Any]:
        """Let the nights pass; give what was seen."""
        self.place.move_to(self.begin)
        for name, limit in (("funded", ENOUGH), ("unfunded", 0), ("elsewhere", ENOUGH)):
            self.place.copy(embedded.DATABASE, name)
            path = self.place.home / f"renewing-{name}"
            directories.renewing(
                path, subscriptions=self.subscriptions, today=self.begin.date(), credit_limit=limit
            )
            here = () if name == "elsewhere" else (",", "here")
            self.place.python(name, "-m", "bench.daytime", "import", str(path), *here)
        with self.place.asking("funded") as asked:
            expiry: date = asked.execute("SELECT max(expires_on) FROM subscriptions_subscription").fetchall()[0][0]
        self._move(expiry - timedelta(days=AHEAD))
        self._funded(expiry)
        self._refused("first", expected=self.subscriptions)
        for days in KEPT:
            self._move(expiry + timedelta(days=days))
            # Until expiry each night tries again.
            self._refused(f"{days} days after expiry", expected=self.subscriptions if days <= 0 else 0)
        self._move(expiry + timedelta(days=FIRST_TO_END))
        self._ends()
        self._held()
        for name in ("funded", "unfunded", "elsewhere"):
            self.place.drop(name)
        return self.seen

    def _move(self, day: date) -> None:
        self.place.move_to(datetime(day.year, day.month, day.day, 1, tzinfo=UTC))

    def _night(self, database: str, called: str) -> nights_run.Night:
        started = time.monotonic()
        night = nights_run.run(self.place, database)
        self.tell(f"{called}: {night.told()}; {time.monotonic() - started:.1f} s with the verification")
        self.violations += [f"{called}: {fault}" for fault in night.faults]
        with self.place.asking(database) as asked:
            self.violations += [f"{called}: {fault}" for fault in books.faults(asked)]
        return night

    def _expect(self, called: str, **values: tuple[int, int]) -> None:
        """Compare what was found with what was expected, by name."""
        self.seen[called] = {name: found for name, (found, _) in values.items()}
        self.violations += list(unlike(called, values))

    def _states(self, database: str, *, after: date) -> tuple[int, int, int]:
        with self.place.asking(database) as asked:
            terminated, active, later, _, _ = asked.execute(_STATES, [after]).fetchall()[0]
        return int(terminated), int(active), int(later)

    def _funded(self, expiry: date) -> None:
        called = "with credit"
        night = self._night("funded", called)
        terminated, active, later = self._states("funded", after=expiry)
        self._expect(
            called,
            renewed=(night.count("renew", "renewed"), self.subscriptions),
            refused=(night.count("renew", "refused"), 0),
            terminated=(terminated, 0),
            active=(active, self.subscriptions),
            expire_later=(later, self.subscriptions),
        )
        self.seen[called]["seconds"] = round(night.seconds.get("renew", 0), 1)
        again = self._night("funded", f"{called}, again")
        self._expect(f"{called}, again", renewed=(again.count("renew", "renewed"), 0))

    def _refused(self, when: str, *, expected: int) -> None:
        called = f"without credit, {when}"
        night = self._night("unfunded", called)
        terminated, _, _ = self._states("unfunded", after=date.max)
        self._expect(
            called,
            renewed=(night.count("renew", "renewed"), 0),
            refused=(night.count("renew", "refused"), expected),
            terminated=(terminated, 0),
        )

    def _ends(self) -> None:
        """See that the 29th day ends them, so that the days before could have; the limit is for real nights."""
        called = f"without credit, {FIRST_TO_END} days after expiry"
        answer = json.loads(
            self.place.run("unfunded", "terminate_expired", "--json", f"--max={self.subscriptions}")
        )
        self._expect(called, terminated=(int(answer["terminated"]), self.subscriptions))

    def _held(self) -> None:
        called = f"renewed elsewhere, {FIRST_TO_END} days after expiry"
        night = self._night("elsewhere", called)
        terminated, _, _ = self._states("elsewhere", after=date.max)
        self._expect(
            called,
            renewed=(night.count("renew", "renewed"), 0),
            refused=(night.count("renew", "refused"), 0),
            terminated=(terminated, 0),
            held=(night.count("clean_up", "held"), self.subscriptions),
        )


def unlike(called: str, values: dict[str, tuple[int, int]]) -> Iterator[str]:
    """Go through what was found otherwise than expected."""
    for name, (found, expected) in values.items():
        if found != expected:
            yield f"{called}: {found:,} {name.replace('_', ' ')}, expected {expected:,}"
