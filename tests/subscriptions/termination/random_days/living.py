"""Random renewals, scheduled ends and reminders, and the taxes that renewals charge."""

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from customers.exemption import operations as exemption
from invoicing.models import ChargeLine, Payment
from portal.frame import SYSTEM
from portal.outbox.models import NoticeItem
from settings_app import selectors as settings_selectors
from settings_app.operations import tax_rates
from subscriptions.life import operations as life_operations
from subscriptions.reminders import operations as reminders
from subscriptions.requests import operations as requests_operations
from subscriptions.selectors import reading
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from tests.subscriptions.termination.model_rows import Charge
from tests.subscriptions.termination.random_days.day import EVERY, Day
from tests.subscriptions.termination.random_days.drawn import OFTEN, PICK
from tests.support import scheduled
from tests.support import terminations as steps


class Living(Day):
    """What happens to subscriptions while they live."""

    @rule(days=st.sampled_from([0, 0, 1, 1, 6, 20]))
    def renew(self, days: int) -> None:
        """The night renews what is due; run again, it finds nothing."""
        self.model.today += dt.timedelta(days=days)
        call = partial(life_operations.renew_due, as_of=None, by=SYSTEM, at=self.at)
        counts = self.expect("", call)
        documents, refused = self.life.renew()
        renewed = sum(map(len, documents))
        assert (counts.renewed, counts.documents) == (renewed, len(documents))
        assert (counts.refused, counts.failed) == (refused, 0)
        self.tally["renewals", "renewed"] += renewed
        self.tally["renewals", "refused"] += refused
        for of in documents:
            self.find_lines(of)
        again = call()
        assert (again.renewed, again.refused) == (0, 0)

    def find_lines(self, of: list[tuple[str, Charge]]) -> None:
        """Find the charges of one document, each with the net and the tax that the model has computed."""
        invoices = set()
        for name, charge in of:
            key = next(key for key, known in self.model.charges.items() if known is charge)
            line = ChargeLine.objects.select_related("invoice").get(
                cycle_charge__cycle__subscription__uuid=self.world.subs[name],
                cycle_charge__first_day=charge.first_day,
            )
            assert (line.net, line.tax, line.cycle_charge.day_after) == (charge.net, charge.tax, charge.day_after)
            assert line.invoice.issued_on == charge.charged_on
            self.world.lines[key], self.world.invoices[key] = line.pk, line.invoice.uuid
            invoices.add(line.invoice_id)
            if len(of) == 1:
                payment = Payment.objects.get(invoice=line.invoice)
                self.model.payments[payment.pk] = (key, self.model.today, charge.charged)
                self.model.standing[payment.pk] = charge.charged
        assert len(invoices) == 1
        self.unverified = EVERY

    def show_renewal(self, name: str) -> life_operations.Preview | None:
        """Open the dialog of “Recover”; None where it says why not."""
        show = partial(
            life_operations.preview_of,
            reading.find(self.world.subs[name]),
            config=settings_selectors.current_config(),
            on=self.model.today,
        )
        shown: life_operations.Preview | None = self.expect(self.life.recovers(name), show)
        return shown

    @rule(pick=PICK)
    def look_at_a_renewal(self, pick: int) -> None:
        """An agent opens the dialog, and leaves it open."""
        name = self.sub(pick)
        if preview := self.show_renewal(name):
            self.dialogs[name] = preview.document

    @rule(pick=PICK, is_kept=st.booleans())
    def recover(self, pick: int, is_kept: bool) -> None:
        """An agent renews one at once, sometimes for what an open dialog showed some days ago."""
        name = self.sub(pick)
        preview = self.show_renewal(name)
        if preview is None:
            return
        document = self.dialogs.get(name, preview.document) if is_kept else preview.document
        call = partial(
            life_operations.recover,
            subscription_uuid=self.world.subs[name],
            seen=life_operations.Seen(uuid.uuid4(), document),
            by=self.agent,
            at=self.at,
        )
        refusal = "" if document == preview.document else "RenewalChanged"
        told = self.expect(refusal, call)
        if refusal:
            return
        charge = self.life.next_charge(name)
        assert preview.next.total == charge.charged
        self.life.open([(name, charge)])
        self.find_lines([(name, charge)])
        assert call() == told, "the double click"
        self.last_form = call

    @rule(pick=PICK, days=st.sampled_from([-1, 0, 1, 1, 3, 9, 25]), is_last_day=st.booleans())
    def ask(self, pick: int, days: int, is_last_day: bool) -> None:
        """Ask for the end on a day ahead, or on the last day there is."""
        name = self.sub(pick)
        sub, today = self.model.subs[name], self.model.today
        ends_on = sub.expires_on if is_last_day else today + dt.timedelta(days=days)
        refusal = self.life.asks(name, ends_on)
        subscription = reading.find(self.world.subs[name])
        if refusal:
            self.expect(refusal, partial(scheduled.seen, subscription, ends_on=ends_on, at=self.at, asked_on=today))
            return
        seen = scheduled.seen(subscription, ends_on=ends_on, at=self.at, asked_on=today)
        assert Decimal(seen.document["total"]) == self.life.estimate(name, ends_on)
        call = partial(
            requests_operations.ask,
            subscription_uuid=subscription.uuid,
            request=steps.request(requested_on=today),
            ends_on=ends_on,
            seen=seen,
            by=self.agent,
            at=self.at,
        )
        kept = self.expect("", call)
        self.life.ask(name, ends_on)
        assert (call().request.pk, call().is_repeat) == (kept.request.pk, True), "the double click"
        self.asked[name] = kept.request.uuid
        self.last_form = call

    @precondition(lambda self: self.asked)
    @rule(pick=PICK)
    def withdraw(self, pick: int) -> None:
        self.withdraw_of(list(self.asked)[pick % len(self.asked)])

    def withdraw_of(self, name: str) -> None:
        request = self.model.subs[name].request
        call = partial(
            requests_operations.withdraw,
            subscription_uuid=self.world.subs[name],
            request_uuid=self.asked[name],
            reason="They stay.",
            by=self.agent,
            at=self.at,
        )
        self.expect("" if request else "NoneOpen", call)
        if request:
            request.state = "withdrawn"

    @rule(days=st.sampled_from([0, 1, 1, 4]))
    def carry_out_due(self, days: int) -> None:
        self.model.today += dt.timedelta(days=days)
        counts = self.expect("", partial(requests_operations.carry_out_due, by=SYSTEM, at=self.at))
        done, waiting = self.life.night_of_ends()
        assert (counts.carried_out, counts.needs_person, counts.failed) == (done, waiting, 0)
        self.tally["ended", "on its day, by the night"] += done
        self.tally["carry_out_due", "waits for a person"] += waiting
        self.unverified = EVERY

    @precondition(lambda self: self.asked)
    @rule(pick=PICK, confirms=OFTEN)
    def carry_out(self, pick: int, confirms: bool) -> None:
        self.carry_out_of(list(self.asked)[pick % len(self.asked)], confirms=confirms)

    def carry_out_of(self, name: str, *, confirms: bool) -> None:
        """A person carries it out, also before the night, and also where it does not wait for one."""
        outcome = self.life.carries_out(name, confirms=confirms)
        seen = termination_operations.Seen(quote_id=uuid.uuid4(), document={})
        request = self.model.subs[name].request
        if request and outcome != "NotYetTerminable":
            with self.life.as_of(request.ends_on):
                foretold = self.model.quote(name)
            quote = termination_operations.quote_termination(
                reading.find(self.world.subs[name]),
                on=request.ends_on,
                config=settings_selectors.current_config(),
                asked_on=request.asked_on,
            )
            assert (quote.refund.waived, quote.refund.fee, quote.total) == foretold
            seen = steps.seen_of(quote)
        call = self.carrying_out(name, seen, confirms=confirms)
        if outcome[0].isupper():
            self.expect(outcome, call)
            return
        done = self.expect("", call)
        assert (done.is_repeat, done.termination.settlement) == (False, outcome)
        self.tally["ended", "on its day, by a person"] += 1
        self.life.carry_out(name, settlement=outcome)
        self.unverified = EVERY
        assert call().is_repeat, "the double click"

    def carrying_out(
        self, name: str, seen: termination_operations.Seen, *, confirms: bool
    ) -> Callable[[], termination_operations.Outcome]:
        return partial(
            termination_operations.terminate,
            subscription_uuid=self.world.subs[name],
            request=requested.ScheduledEnd(self.asked[name]),
            choice=quotes.Automatic(),
            acknowledged=self.acknowledgements() if confirms else (),
            seen=seen,
            by=self.agent,
            at=self.at,
        )

    @rule(days=st.sampled_from([0, 0, 1, 3]))
    def remind(self, days: int) -> None:
        self.model.today += dt.timedelta(days=days)
        counts = self.expect("", partial(reminders.write_due, by=SYSTEM, at=self.at))
        assert counts.messages == self.life.remind()
        self.tally["write_due", "messages"] += counts.messages
        assert reminders.write_due(by=SYSTEM, at=self.at).messages == 0
        names = {made: name for name, made in self.world.subs.items()}
        items = {(item.kind, names[item.subject_uuid], item.on) for item in NoticeItem.objects.all()}
        assert items == self.life.told

    @rule(per_cent=st.sampled_from([Decimal(9), Decimal("8.5"), Decimal(0)]))
    def add_a_tax_rate(self, per_cent: Decimal) -> None:
        """From today on; where one begins today already, another one is refused."""
        there = self.life.rates.get(self.model.today)
        values: Any = tax_rates.RateValues("SG", "GST", per_cent, self.model.today)
        refusal = "RateTaken" if there is not None and there != per_cent else ""
        self.expect(refusal, partial(tax_rates.add_tax_rate, values=values, by=self.agent, at=self.at))
        self.life.rates.setdefault(self.model.today, per_cent)

    @rule(wanted=st.booleans())
    def exempt(self, wanted: bool) -> None:
        call = partial(
            exemption.change_exemption,
            organisation_uuid=self.world.organisation_uuid,
            seen=exemption.Exemption(self.life.is_exempt),
            is_tax_exempt=wanted,
            reason="An embassy.",
            by=self.agent,
            at=self.at,
        )
        assert self.expect("", call) == (wanted != self.life.is_exempt)
        self.life.is_exempt = wanted
