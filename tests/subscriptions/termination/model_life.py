"""The rules of a subscription's life once more, beside the model of its end: renewals, scheduled ends, reminders.

Nothing here imports the portal. A cycle is followed by one of as many months; what it costs is computed anew.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from tests.subscriptions.termination.model import Model
from tests.subscriptions.termination.model_rows import ZERO, Charge, Request, cents

AHEAD, BEFORE_RENEWAL, BEFORE_EXPIRY, BEFORE_RELEASE = 7, 7, 3, 7
DAY = dt.timedelta(days=1)
Told = tuple[str, str, dt.date]


@dataclass
class Life:
    model: Model
    # Percentages by the day from which on they are due.
    rates: dict[dt.date, Decimal] = field(default_factory=dict)
    is_exempt: bool = False
    # What was told: kind, subscription, day; and the days on which there was a message of a kind.
    told: set[Told] = field(default_factory=set)
    messages: set[tuple[str, dt.date]] = field(default_factory=set)
    # Each request that was ever kept: subscription, day, and what became of it.
    requests: list[Request] = field(default_factory=list)

    # --- what the next cycle costs

    def last(self, name: str) -> Charge:
        return max((self.model.charges[key] for key in self.model.charges_of(name)), key=lambda one: one.first_day)

    def rate(self, day: dt.date) -> tuple[dt.date, Decimal] | None:
        begun = [(since, rate) for since, rate in self.rates.items() if since <= day]
        return max(begun) if begun else None

    def next_charge(self, name: str) -> Charge:
        last, today = self.last(name), self.model.today
        now, then = self.rate(today), self.rate(last.charged_on)
        follows = then is not None and last.tax == cents(last.net * then[1] / 100)
        if self.is_exempt:
            tax = ZERO
        elif now and (follows or now[0] > last.charged_on):
            tax = cents(last.net * now[1] / 100)
        else:
            tax = last.tax
        return Charge(
            sub=name,
            first_day=last.day_after,
            months=last.months,
            net=last.net,
            tax=tax,
            paid=last.net + tax,
            charged_on=today,
        )

    # --- renewals

    def why_not(self, name: str) -> bool:
        """Tell whether nothing renews, but for money and for what was refused today."""
        sub, today = self.model.subs[name], self.model.today
        through = max(sub.expires_on, today)
        if sub.ended or not sub.auto_renew or not self.model.config["here"]:
            return True
        if sub.request and sub.request.ends_on <= through:
            return True
        if today <= sub.expires_on:
            return today < sub.expires_on - AHEAD * DAY
        was_tried = any(first == sub.expires_on + DAY and tried <= sub.expires_on for first, tried in sub.refusals)
        return was_tried or (today - sub.expires_on).days > self.model.config["reactivation_days"]

    def renew(self) -> tuple[list[list[tuple[str, Charge]]], int]:
        """Renew what is due, date by date, and once more as long as something is; give documents and refusals."""
        documents: list[list[tuple[str, Charge]]] = []
        refused = 0
        while True:
            due = {
                name: sub.expires_on
                for name, sub in self.model.subs.items()
                if not self.why_not(name) and all(tried != self.model.today for _, tried in sub.refusals)
            }
            if not due:
                return documents, refused
            for day in sorted(set(due.values())):
                of = [(name, self.next_charge(name)) for name in due if due[name] == day]
                if sum((charge.charged for _, charge in of), ZERO) <= self.model.balance:
                    self.open(of)
                    documents.append(of)
                else:
                    refused += len(of)
                    for name, charge in of:
                        self.model.subs[name].refusals.append((charge.first_day, self.model.today))

    def open(self, of: list[tuple[str, Charge]]) -> None:
        """Open the cycles of one document, which Available Credits pay."""
        for name, charge in of:
            charge.is_shared = len(of) > 1
            self.model.charges[f"{name}{len(self.model.charges_of(name))}"] = charge
            self.model.subs[name].expires_on = charge.day_after - DAY
            is_over = charge.day_after <= self.model.today
            self.model.subs[name].status = "expired" if is_over else "active"
        self.model.entries.append(("charge", -sum((charge.charged for _, charge in of), ZERO)))

    def recovers(self, name: str) -> str:
        """Foretell a renewal by an agent: the name of its refusal, or ""."""
        if self.why_not(name):
            return "NotRenewable"
        return "InsufficientCredits" if self.next_charge(name).charged > self.model.balance else ""

    # --- scheduled ends

    @contextmanager
    def as_of(self, day: dt.date) -> Iterator[None]:
        """Look as on another day; what is kept of the day of the commit is that of today."""
        kept, self.model.today, self.model.committed_on = self.model.today, day, self.model.today
        try:
            yield
        finally:
            self.model.today, self.model.committed_on = kept, None

    def asks(self, name: str, ends_on: dt.date) -> str:
        sub = self.model.subs[name]
        if sub.ended:
            return "AlreadyTerminated"
        if sub.request:
            return "AskedAlready"
        if self.model.today > sub.expires_on:
            return "NotActive"
        if ends_on <= self.model.today:
            return "NotAhead"
        return "AfterExpiry" if not sub.auto_renew and ends_on > sub.expires_on else ""

    def ask(self, name: str, ends_on: dt.date) -> None:
        request = Request(name, ends_on, asked_on=self.model.today)
        self.model.subs[name].asked = request
        self.requests.append(request)

    def estimate(self, name: str, ends_on: dt.date) -> Decimal:
        """Say what would come back on a later day by the cycles that are there now."""
        with self.as_of(ends_on):
            return ZERO if ends_on > self.model.subs[name].expires_on else self.model.quote(name)[2]

    def carries_out(self, name: str, *, confirms: bool) -> str:
        """Foretell an end on its day as "No credit note has been sent"."""
        sub = self.model.subs[name]
        if not sub.request:
            return "AlreadyTerminated" if sub.ended else "NotScheduled"
        if sub.request.ends_on >= self.model.today:
            return "DayNotOver"
        with self.as_of(sub.request.ends_on):
            return self.model.outcome(name, note="", confirms=confirms, asked_on=sub.request.asked_on)

    def carry_out(self, name: str, *, settlement: str) -> None:
        request = self.model.subs[name].request
        assert request
        with self.as_of(request.ends_on):
            self.model.end(name, note="", settlement=settlement)
        request.state = "carried_out"

    def night_of_ends(self) -> tuple[int, int]:
        """Carry out what is due, the earliest first: how many, and how many wait for a person from now on."""
        due = [one for one in self.requests if one.state == "open" and not one.needs_person]
        done = waiting = 0
        for request in sorted(due, key=lambda one: one.ends_on):
            if request.ends_on >= self.model.today:
                continue
            outcome = self.carries_out(request.sub, confirms=False)
            if outcome[0].isupper():
                request.needs_person = True
                waiting += 1
            else:
                self.carry_out(request.sub, settlement=outcome)
                done += 1
        return done, waiting

    # --- reminders

    def remind(self) -> int:
        """Write what is to be told today, one message of a kind: how many."""
        written = 0
        for kind, due in self.ahead().items():
            fresh = due - self.told
            if fresh and (kind, self.model.today) not in self.messages:
                self.messages.add((kind, self.model.today))
                self.told |= fresh
                written += 1
        return written

    def ahead(self) -> dict[str, set[Told]]:
        today = self.model.today
        due: dict[str, set[Told]] = {"renewal_ahead": set(), "expiring": set(), "reservation_ending": set()}
        for name, sub in self.model.subs.items():
            if sub.ended:
                if sub.reserved_through and 0 <= (sub.reserved_through - today).days <= BEFORE_RELEASE:
                    due["reservation_ending"].add(("reservation_ending", name, sub.reserved_through))
                continue
            if sub.request and sub.request.ends_on <= sub.expires_on:
                continue
            left = (sub.expires_on - today).days
            if sub.auto_renew:
                if self.model.config["here"] and AHEAD < left <= AHEAD + BEFORE_RENEWAL:
                    due["renewal_ahead"].add(("renewal_ahead", name, sub.expires_on - AHEAD * DAY))
            elif 0 <= left <= BEFORE_EXPIRY:
                due["expiring"].add(("expiring", name, sub.expires_on))
        return due
