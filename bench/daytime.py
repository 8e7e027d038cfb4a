"""What people do between two nights, in a process of its own, under whatever clock that has.

    python -m bench.daytime import DIRECTORY    the customers
    python -m bench.daytime here                somebody who works here, renewals made here, messages to customers
    python -m bench.daytime credit              credit for most of those who renew
    python -m bench.daytime work SEED ENDS      ask for ENDS ends, pay, top up, recover, switch auto-renewal

Several such lines may follow each other, with a comma between. Prints one line of JSON: how often each was done.
Everything goes through the operations that pages use.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import random
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portal.frame import Actor

BILLING = "bench-billing"
PASSWORD = "every-night-1"
# Of ten who renew, for how many cycles there is credit at the start; longer ones than half a year once.
CREDIT = (12, 12, 12, 12, 12, 2, 2, 1, 0, 0)
# A day's work, in shares of what could be worked on, at least one of each.
PAID, TOPPED_UP, SWITCHED_OFF, SWITCHED_ON, CORRECTED, WITHDRAWN = 0.02, 0.1, 0.0005, 0.05, 0.0005, 0.02
RECOVERED = 0.5
LONG = 6

# Who renews, with what their last cycle cost; the order is that of UUIDs, alike in every copy.
_RENEWING = """
    SELECT s.uuid, o.uuid, s.currency, c.months, l.charged FROM subscriptions_subscription s
    JOIN customers_organisation o ON o.id = s.organisation_id
    CROSS JOIN LATERAL (SELECT id, months FROM subscriptions_cycle WHERE subscription_id = s.id
                        ORDER BY first_day DESC LIMIT 1) c
    JOIN subscriptions_cyclecharge g ON g.cycle_id = c.id JOIN invoicing_chargeline l ON l.id = g.line_id
    WHERE s.status <> 'terminated' AND s.auto_renew AND NOT s.is_trial AND l.charged > 0 {condition} ORDER BY s.uuid
"""
# Before its expiry: what was refused until then is not renewed any more.
_REFUSED = """
    AND s.status = 'active' AND EXISTS (SELECT FROM subscriptions_renewalrefusal r WHERE r.subscription_id = s.id
                AND r.first_day = s.expires_on + 1 AND r.code = 'insufficient_credits')
"""
_UNPAID = """
    SELECT uuid, charged - paid - waived FROM invoicing_invoice
    WHERE status = 'awaiting_payment' AND kind <> 'proforma' ORDER BY organisation_id, number
"""


class Day:
    """A day's work: what is done, by whom, when."""

    def __init__(self) -> None:
        from django.utils import timezone

        self.rng = random.Random(0)
        self.at: datetime = timezone.now()
        self.done: Counter[str] = Counter()

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def some(self, found: list[Any], share: float) -> list[Any]:
        """Choose a share of what was found, at least one."""
        return self.rng.sample(found, min(len(found), max(1, round(len(found) * share))))

    def do(self, name: str, work: Callable[..., object], **said: object) -> None:
        """Do one thing with what is said; what the portal refuses is counted as such."""
        from portal import frame

        try:
            work(**said)
        except frame.Refused as refusal:
            name = f"{name}: {refusal.code}"
        self.done[name] += 1

    def by(self) -> Actor:
        """Give who does it."""
        from django.contrib.auth.models import User

        from portal import frame

        return frame.Actor.of(User.objects.get(username=BILLING))

    # ---- At the start ----------------------------------------------------------------------------------

    def bring_in(self, directory: str) -> None:
        """Import the customers."""
        from django.core.management import call_command

        said = io.StringIO()
        call_command("import_data", directory, stdout=said)
        for line in said.getvalue().splitlines():
            name, _, counts = line.partition(": ")
            self.done[name] += int(counts.split()[0])

    def here(self) -> None:
        """Make somebody who works here, and have renewals made here and messages sent."""
        from portal import frame
        from portal.staff.operations import accounts
        from settings_app import operations as settings
        from settings_app import policies, selectors

        accounts.create_staff(username=BILLING, role="billing", password=PASSWORD, by=frame.SYSTEM, at=self.at)
        config = selectors.current_config()
        values = {one.name: getattr(config, one.name) for one in dataclasses.fields(policies.Values)}
        values |= {"renewals_are_made_here": True, "notify_customers": True}
        settings.save_config(values=policies.Values(**values), seen_version=config.number, by=self.by(), at=self.at)

    def credit(self) -> None:
        """Give most of those who renew credit."""
        renewing = self.ask(_RENEWING.format(condition=""))
        for number, (_, owner, currency, months, cost) in enumerate(renewing):
            cycles = CREDIT[number % len(CREDIT)]
            if cycles:
                self.top_up(owner, currency, amount=cost * (min(cycles, 1) if months > LONG else cycles))

    def top_up(self, owner: uuid.UUID, currency: str, *, amount: Decimal) -> None:
        """Raise Available Credits by hand, by a little more than the amount."""
        from customers import operations
        from portal.lib import money

        unit = money.minor_unit(currency)
        self.do(
            "topped up",
            operations.post_top_up,
            organisation_uuid=owner,
            amount=(amount * Decimal("1.05")).quantize(unit) + unit,
            reason="Paid in by the bench.",
            seen_seq=None,
            request_id=self.key(),
            by=self.by(),
            at=self.at,
        )

    def key(self) -> uuid.UUID:
        """Draw the key of a form."""
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)

    # ---- Each day --------------------------------------------------------------------------------------

    def work(self, seed: str, ends: str) -> None:
        """Do a bit of everything."""
        self.rng = random.Random(int(seed))
        refused = self.ask(_RENEWING.format(condition=_REFUSED))
        for about, owner, currency, _, cost in self.some(refused, TOPPED_UP):
            self.top_up(owner, currency, amount=cost * self.rng.choice((1, 1, 2)))
            if self.rng.random() < RECOVERED:  # the others wait for the night
                self.do("recovered", self.recover, about=about)
        for invoice, unpaid in self.some(self.ask(_UNPAID), PAID):
            self.pay(invoice, unpaid)
        self._correct()
        self._ask_ends(int(ends))
        self._withdraw()
        self._switch(wanted=False, share=SWITCHED_OFF)
        self._switch(wanted=True, share=SWITCHED_ON)

    def recover(self, about: uuid.UUID) -> None:
        """Renew a subscription at once, having seen what it costs."""
        from portal.lib import days
        from settings_app import selectors as settings_selectors
        from subscriptions.life import operations
        from subscriptions.selectors import reading

        subscription = reading.find(about)
        today = days.today_in(subscription.organisation.timezone, at=self.at)
        preview = operations.preview_of(subscription, config=settings_selectors.current_config(), on=today)
        seen = operations.Seen(self.key(), preview.document)
        operations.recover(subscription_uuid=about, seen=seen, by=self.by(), at=self.at)

    def pay(self, invoice: uuid.UUID, amount: Decimal) -> None:
        """Record a payment of what is open."""
        from invoicing import operations

        self.do(
            "paid",
            operations.record_payment,
            invoice_uuid=invoice,
            amount=amount,
            method="bank_transfer",
            received_on=self.at.date() - timedelta(days=1),  # over everywhere
            reference=f"bench {self.rng.getrandbits(32)}",
            by_charge={},
            into_credits=Decimal(0),
            is_another=True,
            request_id=self.key(),
            by=self.by(),
            at=self.at,
        )

    def _correct(self) -> None:
        from customers import operations
        from portal.lib import money

        owners = self.ask("SELECT uuid, currency FROM customers_organisation ORDER BY uuid")
        for owner, currency in self.some(owners, CORRECTED):
            amount = money.minor_unit(currency) * self.rng.choice((-100, 100, 250))
            self.do(
                "corrected",
                operations.post_correction,
                organisation_uuid=owner,
                amount=amount,
                reason="Corrected by the bench.",
                cause_id=None,
                seen_seq=None,
                request_id=self.key(),
                by=self.by(),
                at=self.at,
            )

    def _ask_ends(self, ends: int) -> None:
        found = self.ask(
            """
            SELECT s.uuid FROM subscriptions_subscription s
            WHERE s.status = 'active' AND s.expires_on > current_date + 1
            AND NOT EXISTS (SELECT FROM subscriptions_terminationrequest r
                            WHERE r.subscription_id = s.id AND r.state = 'open')
            ORDER BY s.uuid
            """
        )
        for (about,) in self.rng.sample(found, min(ends, len(found))):
            self.do("end asked", self.ask_end, about=about)

    def ask_end(self, about: uuid.UUID) -> None:
        """Ask for the end of a subscription tomorrow or soon after, having seen what it would give back."""
        from portal.lib import days
        from settings_app import selectors as settings_selectors
        from subscriptions.requests import operations
        from subscriptions.selectors import reading
        from subscriptions.termination import operations as termination
        from subscriptions.termination import requested
        from subscriptions.termination.quote import quotes

        subscription = reading.find(about)
        config = settings_selectors.current_config()
        today = days.today_in(subscription.organisation.timezone, at=self.at)
        ends_on = days.add_days(today, self.rng.choice((1, 1, 2, 5)))
        quote = operations.estimate(subscription, ends_on=ends_on, asked_on=today, today=today, config=config)
        operations.ask(
            subscription_uuid=about,
            request=requested.CustomerRequest(
                reason_code=self.reason(),
                explanation="They move out.",
                requested_by="Ms Tan",
                requested_on=today,
                channel="phone",
                ticket="T-1",
            ),
            ends_on=ends_on,
            seen=termination.Seen(quote_id=self.key(), document=quotes.document(quote)),
            by=self.by(),
            at=self.at,
        )

    def reason(self) -> str:
        """Give the code of a reason that can be chosen."""
        return str(
            self.ask("SELECT code FROM settings_app_terminationreason WHERE is_active ORDER BY code LIMIT 1")[0][0]
        )

    def _withdraw(self) -> None:
        from subscriptions.requests import operations

        found = self.ask(
            """
            SELECT s.uuid, r.uuid FROM subscriptions_terminationrequest r
            JOIN subscriptions_subscription s ON s.id = r.subscription_id WHERE r.state = 'open' ORDER BY r.uuid
            """
        )
        for about, request in self.some(found, WITHDRAWN):
            self.do(
                "end withdrawn",
                operations.withdraw,
                subscription_uuid=about,
                request_uuid=request,
                reason="They stay.",
                by=self.by(),
                at=self.at,
            )

    def _switch(self, *, wanted: bool, share: float) -> None:
        from subscriptions.life import operations

        found = self.ask(
            f"""
            SELECT s.uuid FROM subscriptions_subscription s WHERE s.status = 'active' AND NOT s.is_trial
            AND s.auto_renew = {not wanted} AND s.expires_on > current_date + 1 ORDER BY s.uuid
            """  # noqa: S608 - a boolean
        )
        for (about,) in self.some(found, share):
            self.do(
                "auto-renewal on" if wanted else "auto-renewal off",
                operations.set_auto_renew,
                subscription_uuid=about,
                wanted=wanted,
                by=self.by(),
                at=self.at,
            )


if __name__ == "__main__":
    import django

    django.setup()
    day = Day()
    works: dict[str, Callable[..., None]] = {
        "import": day.bring_in,
        "here": day.here,
        "credit": day.credit,
        "work": day.work,
    }
    for is_comma, words in itertools.groupby(sys.argv[1:], key=lambda word: word == ","):
        if not is_comma:
            what, *rest = words
            works[what](*rest)
    print(json.dumps(day.done))
