"""Random ends of subscriptions."""

import datetime as dt
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from invoicing.models import CreditNote
from portal.frame import SYSTEM, Actor
from settings_app import selectors as settings_selectors
from subscriptions.clean_up.operations import expire
from subscriptions.life import operations as life_operations
from subscriptions.selectors import reading
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from subscriptions.termination.selectors import credit_notes
from tests.subscriptions.termination.model_rows import ZERO, cents
from tests.subscriptions.termination.random_days.day import EVERY, Day
from tests.subscriptions.termination.random_days.drawn import CENT, ENDING, PICK
from tests.support import terminations as steps

# Of the five subscriptions, from which on agents wait for the end of all.
LATE = 3


class Endings(Day):
    """The ends of subscriptions: by agents, from open popups, by the clean-up; and renewal switched."""

    # Of the other mixins.
    draft: Callable[..., str]
    the_database_agrees: Callable[[], None]
    carry_out_of: Callable[..., None]
    withdraw_of: Callable[[str], None]

    @initialize(
        pick=PICK, ways=st.lists(st.fixed_dictionaries(ENDING), min_size=5, max_size=5), agents_first=st.booleans()
    )
    def begin(self, pick: int, ways: list[dict[str, Any]], agents_first: bool) -> None:
        """Begin with popups that are open, and know how everybody who is still there will leave."""
        self.open_popups(pick)
        self.ways = ways
        self.agents_first = agents_first

    def everybody_leaves(self) -> None:
        """End what nothing has ended yet, so that no example is without endings.

        Where agents come before the clean-up, the last of them come when everything has expired long ago.
        """
        if not self.agents_first:
            self.clean_up(0, also_renewing=True)
        for pick, way in enumerate(self.ways):
            if self.agents_first and pick == LATE:
                last = max(sub.expires_on for sub in self.model.subs.values())
                days = self.model.config["reactivation_days"] + 1
                self.model.today = max(self.model.today, last + dt.timedelta(days=days))
            self.settle_request(self.sub(pick))
            self.end_in(**(way | {"pick": pick}))
            self.the_database_agrees()

    def settle_request(self, name: str) -> None:
        """Carry out what was asked for a day that is over; what can't be is withdrawn."""
        request = self.model.subs[name].request
        if request and request.ends_on < self.model.today:
            self.carry_out_of(name, confirms=True)
        if request and request.state == "open" and request.ends_on <= self.model.today:
            self.withdraw_of(name)

    @rule(pick=PICK)
    def open_popups(self, pick: int) -> None:
        """Two agents look at previews, and leave them open while other things happen."""
        for name in (self.sub(pick), self.sub(pick + 1)):
            if self.model.case(name) in ("request", "expired"):
                self.popups.append((name, steps.seen_of(self.preview(name))))

    def preview(self, name: str) -> quotes.Quote:
        quote = termination_operations.quote_termination(
            reading.find(self.world.subs[name]),
            on=self.model.today,
            config=settings_selectors.current_config(),
        )
        waived, fee, total = self.model.quote(name)
        assert (quote.refund.waived, quote.refund.fee, quote.total) == (waived, fee, total)
        if self.model.case(name) == "request":
            self.compare_notes(name, quote)
        return quote

    def compare_notes(self, name: str, quote: quotes.Quote) -> None:
        """The candidates, the notes that may be chosen, and by how much each differs."""
        wanted = {self.notes[key] for key in self.model.candidates(name)}
        found = {note.uuid for note in quote.candidates}
        assert found <= wanted
        assert len(found) + quote.further_candidates == len(wanted)
        shown, has_more = credit_notes.choosable_notes(reading.find(self.world.subs[name]), quote=quote)
        keys = {self.notes[key]: key for key in self.model.choosable(name)}
        assert {note.uuid for note in shown} <= set(keys)
        assert has_more == (len(shown) < len(keys))
        for note in shown:
            key = keys[note.uuid]
            assert note.expected == self.model.expected(name, key)
            if not note.gives_nothing_today:
                assert note.difference == self.model.difference(name, key)

    @rule(**ENDING)
    def end(self, **way: Any) -> None:
        self.end_in(**way)

    def end_in(self, *, how: str, pick: int, note: int, part: int, confirms: bool, uses: bool) -> None:
        """End a subscription in one of the ways there are; in the plain way where nothing is there for another."""
        name, key, seen = self.sub(pick), "", None
        if how.endswith("popup") and self.popups:
            name, seen = self.popups[-1 - pick % len(self.popups)]
        if how.startswith("link") and self.notes:
            key = self.note(note)
        elif how == "new note":
            key = self.note_for_a_refund(name, part=part)
        self.terminate(name, key, confirms=confirms, uses=uses, seen=seen)

    def note_for_a_refund(self, name: str, *, part: int) -> str:
        """Let billing staff write a note for the refund, or a part of it."""
        charge = max(self.model.charges_of(name), key=lambda key: self.model.creditable(key)[0])
        net = min(cents(self.model.expected(name, "") / part), self.model.creditable(charge)[0])
        return self.draft(charge, net=max(net, CENT), tax=ZERO, sends=True)

    def terminate(
        self,
        name: str,
        key: str,
        *,
        confirms: bool,
        uses: bool = False,
        seen: termination_operations.Seen | None = None,
    ) -> None:
        """Choose a note, or none, in the popup; `seen` is a preview that was left open."""
        outcome = self.model.outcome(name, note=key, confirms=confirms)
        is_from_popup = seen is not None
        request = self.model.subs[name].request
        if request and request.ends_on <= self.model.today:
            seen = seen or termination_operations.Seen(quote_id=uuid.uuid4(), document={})
            self.expect("EndHasCome", self.apply(name, key, seen=seen, confirms=confirms, uses=uses))
            return
        if outcome in ("AlreadyTerminated", "NotYetTerminable"):
            self.expect(outcome, partial(self.preview, name))
            seen = seen or termination_operations.Seen(quote_id=uuid.uuid4(), document={})
            # Whoever applied it gets the first answer again, everybody else hears who it was.
            ended = self.model.subs[name].ended
            mine = ended and ended.get("quote_id") == seen.quote_id
            self.expect("" if mine else outcome, self.apply(name, key, seen=seen, confirms=confirms, uses=uses))
            return
        fresh = steps.seen_of(self.preview(name))
        case = self.model.case(name)
        if seen is None:
            seen = fresh
        elif seen.document != fresh.document:
            outcome = "QuoteChanged"
        elif key and case == "request":
            outcome = self.offered(name, key, seen=seen, fresh=fresh) or outcome
        call = self.apply(name, key, seen=seen, confirms=confirms, uses=uses)
        if outcome[0].isupper():
            self.expect(outcome, call)
            return
        done = self.expect("", call)
        self.tally["ended", f"{case}, {outcome}"] += 1
        self.tally["ended", "from an open popup"] += is_from_popup
        assert (done.is_repeat, done.termination.settlement) == (False, outcome)
        self.unverified = EVERY
        self.model.end(name, note=key, settlement=outcome, uses=uses)
        ended = self.model.subs[name].ended
        assert ended is not None
        ended["quote_id"] = seen.quote_id
        # The double click, and the same seal in another hand.
        again = self.expect("", call)
        assert (again.is_repeat, again.termination.pk) == (True, done.termination.pk)
        other = self.apply(name, key, seen=seen, confirms=confirms, uses=uses, by=self.world.people[1])
        self.expect("AlreadyTerminated", other)

    def offered(
        self, name: str, key: str, *, seen: termination_operations.Seen, fresh: termination_operations.Seen
    ) -> str:
        """Say which refusal a note gets that was not offered in an open popup, or is another one by now."""
        number = CreditNote.objects.get(uuid=self.notes[key]).number
        if key not in self.model.choosable(name) or number not in seen.offered:
            return "CreditNoteNotUsable"
        return "CreditNoteChanged" if seen.offered[number] != fresh.offered[number] else ""

    def apply(
        self,
        name: str,
        note: str,
        *,
        seen: termination_operations.Seen,
        confirms: bool,
        uses: bool,
        by: Actor | None = None,
    ) -> Callable[[], termination_operations.Outcome]:
        choice: quotes.Choice = quotes.Automatic()
        if note:
            choice = quotes.LinkNote(CreditNote.objects.get(uuid=self.notes[note]).number, use_now=uses)
        return partial(
            termination_operations.terminate,
            subscription_uuid=self.world.subs[name],
            request=(
                requested.ExpiredRequest("Expired long ago.")
                if self.model.case(name) == "expired"
                else steps.request(requested_on=self.model.today)
            ),
            choice=choice,
            acknowledged=self.acknowledgements() if confirms else (),
            seen=seen,
            by=by or self.agent,
            at=self.at,
        )

    @rule(days=st.sampled_from([0, 0, 0, 1, 40]), also_renewing=st.booleans())
    def clean_up(self, days: int, also_renewing: bool) -> None:
        self.model.today += dt.timedelta(days=days)
        call = partial(
            expire.terminate_expired,
            as_of=None,
            limit=None,
            is_also_renewing=also_renewing,
            by=SYSTEM,
            at=self.at,
        )
        counts = self.expect("", call)
        foretold = self.model.clean_up(also_renewing=also_renewing)
        assert (counts.expired, counts.terminated, counts.held, counts.failed) == (*foretold, 0)
        self.tally["ended", "by the clean-up"] += counts.terminated

    @rule(pick=PICK, wanted=st.booleans())
    def switch_renewal(self, pick: int, wanted: bool) -> None:
        name = self.sub(pick)
        sub = self.model.subs[name]
        case = self.model.case(name)
        refusal = {"request": "", "ended": "AlreadyTerminated"}.get(case, "HasExpired")
        if not refusal and sub.request and sub.request.ends_on <= self.model.today:
            refusal = "EndHasCome"
        if not refusal and sub.request and not wanted and sub.request.ends_on > sub.expires_on:
            refusal = "EndIsScheduled"
        if not refusal and sub.auto_renew == wanted:
            refusal = "AlreadySo"
        self.expect(
            refusal,
            partial(
                life_operations.set_auto_renew,
                subscription_uuid=self.world.subs[name],
                wanted=wanted,
                by=self.agent,
                at=self.at,
            ),
        )
        if not refusal:
            sub.auto_renew = wanted
