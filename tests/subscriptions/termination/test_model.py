"""Random days of a portal, step by step beside a plain model: every write operation, in any order.

Each example is rolled back to the same small world. The sample is the same in every run, `TEST_FULL=1` draws new
and far more ones. With -s each verb is printed with how often it was done and refused, and by which refusal.
"""

import csv
import dataclasses
import datetime as dt
import os
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from customers import operations as customers_operations
from customers.contacts import operations as contacts
from customers.models import CreditAccount, LedgerEntry, Organisation, SearchKey
from invoicing import operations as invoicing_operations
from invoicing.models import (
    ChargeLine,
    CreditNote,
    CreditNoteAllocation,
    CreditNotePutInLine,
    Payment,
    PaymentLine,
)
from portal.audit.operations import SYSTEM, Actor
from portal.lib import text
from settings_app import operations as settings_operations
from settings_app import policies as settings_policies
from settings_app import selectors as settings_selectors
from subscriptions import verification
from subscriptions.clean_up.operations import expire
from subscriptions.importing import run as importing
from subscriptions.life import operations as life_operations
from subscriptions.models import PhoneNumber, Subscription, Termination
from subscriptions.record import operations as record_operations
from subscriptions.selectors import reading
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import refusals, requested
from subscriptions.termination.quote import quotes
from subscriptions.termination.selectors import credit_notes, quoting
from tests.subscriptions.termination.model import Model
from tests.subscriptions.termination.model_rows import COUNTED, ZERO, Charge, Note, Sub, cents
from tests.support import factories
from tests.support import terminations as steps
from tests.support.factories import C

IS_FULL = os.environ.get("TEST_FULL") == "1"
# verify_ledger is asked after a termination and after so many other writes.
EVERY = 1 if IS_FULL else 3
FEE, CENT = Decimal("21.40"), Decimal("0.01")

REFUSALS = {
    refusal.__name__: refusal
    for refusal in (
        refusals.AcknowledgementMissing,
        life_operations.AlreadySo,
        refusals.AlreadyTerminated,
        refusals.CreditNoteChanged,
        refusals.CreditNoteNotUsable,
        refusals.NotTerminable,
        refusals.QuoteChanged,
        life_operations.RenewalRefused,
        invoicing_operations.AboveTheCharge,
        invoicing_operations.AmountAboveNote,
        invoicing_operations.AmountAboveOpen,
        invoicing_operations.InvoiceNotPayable,
        invoicing_operations.NoteNotAllocatable,
        invoicing_operations.NoteNotSendable,
        invoicing_operations.NoteNotVoidable,
        invoicing_operations.PaymentLikeAnother,
        invoicing_operations.ReceivedAboveOpen,
        invoicing_operations.SendingAsks,
        invoicing_operations.AboveWhatIsThere,
        invoicing_operations.CameBackAlready,
        invoicing_operations.CreditsDoNotCover,
        contacts.ContactsChanged,
        customers_operations.GivesBackAboveCharged,
    )
}

PICK = st.integers(0, 29)
OFTEN = st.sampled_from([True, True, True, False])
ENDING = {
    "how": st.sampled_from(
        ["refund", "refund", "link", "new note", "new note", "new note", "popup", "popup", "link from a popup"]
    ),
    "pick": PICK,
    "note": PICK,
    "part": st.integers(1, 4),
    "confirms": OFTEN,
    "uses": st.booleans(),
}
# Cents: often small, sometimes all of a charge, sometimes too much.
AMOUNT = st.one_of(
    st.sampled_from([Decimal("54.50"), Decimal("10.90"), Decimal("63.50"), Decimal("0.01")]),
    st.integers(1, 20_000).map(lambda number: Decimal(number) / 100),
)


CUSTOMER = uuid.UUID(int=7)
# The phone number that imports bring for each subscription.
NUMBERS = {name: f"+653123000{place}" for place, name in enumerate(("long", "short", "past", "yearly", "plain"))}
CONTACTS = ("Lim Trading", "owner@lim.example", "billing@lim.example", "L-1")
A_CONTACT = st.tuples(
    st.sampled_from(["Lim Trading", "Lim & Söhne"]),
    st.sampled_from(["owner@lim.example", ""]),
    st.sampled_from(["billing@lim.example", "office@lim.example", ""]),
    st.sampled_from(["L-1", "", "L-2"]),
)

# Of the five subscriptions, from which on agents wait for the end of all.
LATE = 3

# How often random days have to come to each end of a subscription. A sample is too small to promise more than that
# it ends some: what it draws depends on the sources around it. `test_a_day_comes_to_each_ending` has them all.
ENOUGH = {
    "request, credited": 10,
    "request, credit_note_linked": 10,
    "request, nothing_due": 10,
    "expired, nothing_due": 10,
    "by the clean-up": 10,
    "from an open popup": 10,
}
ENOUGH_OF_A_SAMPLE = 20


@dataclasses.dataclass
class World:
    """What every example starts from: the model, and its keys in the database."""

    model: Model
    account_id: int
    organisation_uuid: uuid.UUID
    lines: dict[str, int]
    invoices: dict[str, uuid.UUID]
    subs: dict[str, uuid.UUID]
    people: tuple[Actor, Actor]
    directory: Path


def _world(make_user: Callable[..., Any], directory: Path) -> World:
    """Five subscriptions of one imported customer on 10 February 2026, and an invoice of no cycle."""
    _write_organisation(directory, CONTACTS)
    importing.import_directory(directory, at=dt.datetime(2026, 2, 10, 9, 0, tzinfo=dt.UTC))
    organisation = Organisation.objects.get(uuid=CUSTOMER)
    cycles = {
        "long": (
            C("2026-01-01", net="50", tax="4.50"),
            C("2026-02-01", months=3, net="149.99", tax="13.50", paid="100"),
            C("2026-05-01", net="50", tax="4.50"),
        ),
        "short": (C("2026-02-01", net="10", tax="0.90", paid="0"), C("2026-03-01", net="10", tax="0.90")),
        "past": (C("2026-01-01", net="33.33", tax="3"),),
        "yearly": (C("2026-02-01", months=12, net="600", tax="54", paid="300.01"),),
        "plain": (C("2026-02-01", net="20", tax="1.80"),),
    }
    charges: dict[str, Charge] = {}
    lines: dict[str, ChargeLine] = {}
    subs: dict[str, Subscription] = {}
    for name, wanted in cycles.items():
        subs[name] = factories.subscription(organisation=organisation, cycles=wanted, auto_renew=name == "short")
        for place, cycle in enumerate(wanted):
            key = f"{name}{place}"
            lines[key] = factories.charge_of(subs[name], cycle.first_day)
            net, tax = Decimal(cycle.net), Decimal(cycle.tax)
            charges[key] = Charge(
                sub=name,
                first_day=dt.date.fromisoformat(cycle.first_day),
                months=cycle.months,
                net=net,
                tax=tax,
                paid=net + tax if cycle.paid is None else Decimal(cycle.paid),
            )
    lines["other"] = factories.invoice(organisation, amounts=[("80", "0")], paid=["0"]).lines.get()
    charges["other"] = Charge("", dt.date(2026, 1, 1), 1, Decimal(80), ZERO, ZERO)
    model = Model(
        today=dt.date(2026, 2, 10),
        charges=charges,
        subs={name: Sub(sub.expires_on, auto_renew=sub.auto_renew) for name, sub in subs.items()},
        entries=[("opening_balance", Decimal(100))],
        config={
            "simplified": False,
            "allow_refund": True,
            "refund_method": "remaining_months",
            "full_refund_days": 14,
            "reactivation_days": 28,
            "fee": None,
        },
        contacts=CONTACTS,
        imported=CONTACTS,
    )
    return World(
        model=model,
        account_id=organisation.credit_account.pk,
        organisation_uuid=organisation.uuid,
        lines={key: line.pk for key, line in lines.items()},
        invoices={key: line.invoice.uuid for key, line in lines.items()},
        subs={name: sub.uuid for name, sub in subs.items()},
        people=(Actor.of(make_user("agent")), Actor.of(make_user("billing"))),
        directory=directory,
    )


def _write_organisation(directory: Path, said: tuple[str, str, str, str]) -> None:
    """Write the row of the customer with these contacts."""
    with (directory / "organisations.csv").open("w") as file:
        csv.writer(file).writerows(
            [
                ("uuid", "country", "currency", "timezone", "opening_balance", *contacts.LABELS),
                (CUSTOMER, "SG", "SGD", "Asia/Singapore", "100", *said),
            ]
        )


class Portal(RuleBasedStateMachine):
    """Every rule foretells by the model what an operation will do, does it, and lets the model follow."""

    world: World
    # What all examples together did: (verb, "done" or the refusal).
    tally: Counter[tuple[str, str]]

    def __init__(self) -> None:
        super().__init__()
        # A frame like that of a test case: operations, which own their transaction, may stand inside.
        self.frame = transaction.atomic()
        self.frame._from_testcase = True
        self.frame.__enter__()
        self.model = deepcopy(self.world.model)
        self.notes: dict[str, uuid.UUID] = {}
        self.popups: list[tuple[str, termination_operations.Seen]] = []
        self.last_form: Callable[[], Any] | None = None
        self.ways: list[dict[str, Any]] = []
        self.agents_first = False
        self.unverified = EVERY

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.everybody_leaves()
        finally:
            transaction.set_rollback(True)
            self.frame.__exit__(None, None, None)

    # --- helpers

    @property
    def at(self) -> dt.datetime:
        return dt.datetime.combine(self.model.today, dt.time(9), tzinfo=dt.UTC)

    @property
    def agent(self) -> Actor:
        return self.world.people[0]

    def expect(self, refusal: str, call: Callable[[], Any]) -> Any:
        """Make a call that is refused by the class of that name; by none where it is empty."""
        verb = call.func.__name__ if isinstance(call, partial) else "send a form again"
        self.tally[verb, refusal or "done"] += 1
        if not refusal:
            self.unverified += 1
            return call()
        with pytest.raises(REFUSALS[refusal]) as caught:
            call()
        assert type(caught.value) is REFUSALS[refusal]
        return None

    def sub(self, pick: int) -> str:
        return list(self.model.subs)[pick % len(self.model.subs)]

    def charge(self, pick: int) -> str:
        return list(self.model.charges)[pick % len(self.model.charges)]

    def note(self, pick: int) -> str:
        return list(self.model.notes)[pick % len(self.model.notes)]

    # --- time and settings

    @rule(days=st.sampled_from([1, 2, 4, 5, 9, 18, 31]))
    def days_pass(self, days: int) -> None:
        self.model.today += dt.timedelta(days=days)

    @rule(
        simplified=st.booleans(),
        allow_refund=st.sampled_from([True, True, False]),
        method=st.sampled_from(["remaining_months", "remaining_months", "remaining_days", "full", "none"]),
        window=st.sampled_from([14, 0, None]),
        reactivation=st.sampled_from([28, 10]),
        fee=st.sampled_from([None, FEE]),
    )
    def save_settings(self, simplified, allow_refund, method, window, reactivation, fee) -> None:
        current = settings_selectors.current_config()
        known = {f.name: getattr(current, f.name) for f in dataclasses.fields(settings_policies.Values)}
        values = settings_policies.Values(
            **{
                **known,
                "termination_method": "simplified" if simplified else "by_credit_note",
                "allow_refund": allow_refund,
                "refund_method": method,
                "full_refund_days": window,
                "reactivation_days": reactivation,
                "charge_administrative_fee": fee is not None,
                "fees": {"SGD": FEE},
            }
        )
        call = partial(
            settings_operations.save_config, values=values, seen_version=current.number, by=self.agent, at=self.at
        )
        saved = self.expect("", call)
        assert saved.number == current.number + bool(saved.changes)
        self.model.config = {
            "simplified": simplified,
            "allow_refund": allow_refund,
            "refund_method": method,
            "full_refund_days": window,
            "reactivation_days": reactivation,
            "fee": fee,
        }

    # --- the ends of subscriptions

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
            self.end_in(**(way | {"pick": pick}))
            self.the_database_agrees()

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
        if outcome in ("AlreadyTerminated", "NotTerminable"):
            self.expect(outcome, partial(self.preview, name))
            seen = seen or termination_operations.Seen(quote_id=uuid.uuid4(), document={})
            # Whoever applied it gets the first answer again, everybody else hears who it was.
            mine = self.model.subs[name].ended and self.model.subs[name].ended.get("quote_id") == seen.quote_id
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
        self.model.subs[name].ended["quote_id"] = seen.quote_id
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
        numbers = CreditNote.objects.values_list("number", flat=True)
        words = ("double", "difference", "nothing_today")
        keys = ["further", *(f"{word}:{number}" for number in numbers for word in words)]
        return partial(
            termination_operations.terminate,
            subscription_uuid=self.world.subs[name],
            request=(
                requested.ExpiredRequest("Expired long ago.")
                if self.model.case(name) == "expired"
                else steps.request(requested_on=self.model.today)
            ),
            choice=choice,
            acknowledged=keys if confirms else (),
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
        refusal = "RenewalRefused" if self.model.case(name) != "request" else ""
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

    # --- documents and money

    @rule(pick=PICK, amount=AMOUNT, is_another=st.booleans(), agrees=OFTEN)
    def pay(self, pick: int, amount: Decimal, is_another: bool, agrees: bool) -> None:
        key = self.charge(pick)
        charge = self.model.charges[key]
        surplus = max(ZERO, amount - charge.open)
        seen = (key, self.model.today, amount)
        refusal = "PaymentLikeAnother" if self.model.is_like_another(seen) and not is_another else ""
        if not refusal and surplus and not agrees:
            refusal = "ReceivedAboveOpen"
        form = partial(
            invoicing_operations.record_payment,
            invoice_uuid=self.world.invoices[key],
            amount=amount,
            method="bank_transfer",
            received_on=self.model.today,
            reference="",
            by_charge={},
            into_credits=surplus if agrees else ZERO,
            is_another=is_another,
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        made = self.expect(refusal, form)
        if not refusal:
            charge.paid += amount - surplus
            self.model.payments[made.pk] = seen
            self.model.standing[made.pk] = amount
            if surplus:
                self.model.entries.append(("top_up", surplus))
            self.last_form = form

    @rule(
        pick=PICK,
        amount=AMOUNT,
        tax=st.sampled_from([ZERO, Decimal("0.90"), Decimal("4.50")]),
        sends=st.sampled_from([True, True, False]),
    )
    def draft_a_note(self, pick: int, amount: Decimal, tax: Decimal, sends: bool) -> None:
        self.draft(self.charge(pick), net=max(ZERO, amount - tax), tax=tax, sends=sends)

    def draft(self, key: str, *, net: Decimal, tax: Decimal, sends: bool) -> str:
        """Draft a note and name it; "" where it is refused."""
        net_left, tax_left, left = self.model.creditable(key)
        refusal = "AboveTheCharge" if net > net_left or tax > tax_left or net + tax > left else ""
        form = partial(
            invoicing_operations.create_credit_note,
            invoice_uuid=self.world.invoices[key],
            amounts=[invoicing_operations.NoteAmount(line_id=self.world.lines[key], net=net, tax=tax)],
            reason="",
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        note = self.expect(refusal, form)
        if refusal:
            return ""
        name = f"note {len(self.notes)}"
        self.notes[name] = note.uuid
        self.model.notes[name] = Note(charge=key, net=net, tax=tax)
        self.last_form = form
        if sends:
            self.send(name)
        return name

    @rule(pick=PICK, amount=AMOUNT, fits=OFTEN)
    def import_a_free_note(self, pick: int, amount: Decimal, fits: bool) -> None:
        """A note from before the move that names no charge; often with the sum of a refund."""
        if fits:
            amount = self.model.expected(self.sub(pick), "") or amount
        organisation = Organisation.objects.get(uuid=self.world.organisation_uuid)
        name = f"note {len(self.notes)}"
        self.notes[name] = factories.credit_note(organisation, net=str(amount)).uuid
        self.model.notes[name] = Note(charge="", net=amount, tax=ZERO, status="sent")

    @precondition(lambda self: self.notes)
    @rule(pick=PICK)
    def send_a_note(self, pick: int) -> None:
        self.send(self.note(pick))

    def send(self, key: str) -> None:
        note = self.model.notes[key]
        refusal = ""
        if note.status != "draft":
            refusal = "NoteNotSendable"
        elif note.charge and note.total > self.model.creditable(note.charge)[2]:
            refusal = "AboveTheCharge"
        elif self.model.note_asks(note):
            refusal = "SendingAsks"
        self.expect(
            refusal,
            partial(
                invoicing_operations.mark_as_sent,
                is_confirmed=False,
                note_uuid=self.notes[key],
                reason="Agreed.",
                request_id=uuid.uuid4(),
                by=self.agent,
                at=self.at,
            ),
        )
        if not refusal:
            note.status = "sent"

    @precondition(lambda self: self.notes)
    @rule(pick=PICK)
    def void_a_note(self, pick: int) -> None:
        key = self.note(pick)
        note = self.model.notes[key]
        refusal = "NoteNotVoidable" if note.status == "void" or note.allocated or note.holds else ""
        self.expect(
            refusal,
            partial(
                invoicing_operations.void,
                note_uuid=self.notes[key],
                reason="Agreed.",
                request_id=uuid.uuid4(),
                by=self.agent,
                at=self.at,
            ),
        )
        if not refusal:
            note.status = "void"

    @precondition(lambda self: self.notes)
    @rule(pick=PICK, to=PICK, amount=AMOUNT, takes_all=st.booleans())
    def allocate(self, pick: int, to: int, amount: Decimal, takes_all: bool) -> None:
        key, to_key = self.note(pick), self.charge(to)
        note, charge = self.model.notes[key], self.model.charges[to_key]
        left = note.total - note.allocated
        amount = left if takes_all and left else amount
        if note.status not in ("sent", "partly_applied"):
            refusal = "NoteNotAllocatable"
        elif amount > left:
            refusal = "AmountAboveNote"
        elif not charge.open:
            refusal = "InvoiceNotPayable"
        else:
            refusal = "AmountAboveOpen" if amount > charge.open else ""
        form = partial(
            invoicing_operations.allocate,
            note_uuid=self.notes[key],
            invoice_uuid=self.world.invoices[to_key],
            amount=amount,
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if not refusal:
            note.allocated += amount
            note.status = "applied" if note.allocated == note.total else "partly_applied"
            charge.paid += amount
            self.last_form = form

    @rule(pick=PICK, which=PICK, amount=AMOUNT, takes_all=st.booleans())
    def take_back(self, pick: int, which: int, amount: Decimal, takes_all: bool) -> None:
        """Take back a part of a payment of a charge, whoever recorded it."""
        key = self.charge(pick)
        charge = self.model.charges[key]
        rows = list(PaymentLine.objects.filter(line_id=self.world.lines[key]).order_by("pk"))
        if not rows:
            return
        row = rows[which % len(rows)]
        left = self.left_of(row)
        amount = left if takes_all and left else amount
        refusal = ""
        if amount > left:
            refusal = "AboveWhatIsThere"
        elif charge.refunded + charge.put_in > charge.paid - amount:
            refusal = "CameBackAlready"
        form = partial(
            invoicing_operations.take_back_payment,
            payment_uuid=Payment.objects.get(pk=row.payment_id).uuid,
            parts={row.pk: amount},
            surplus=ZERO,
            reason="Bounced.",
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if not refusal:
            self.is_taken_back(row, amount, of=row.payment_id)
            charge.paid -= amount
            self.last_form = form

    @rule(pick=PICK, amount=AMOUNT, takes_all=st.booleans())
    def take_back_a_surplus(self, pick: int, amount: Decimal, takes_all: bool) -> None:
        """Take back what of a payment went into Available Credits."""
        rows = list(Payment.objects.filter(surplus__gt=0).order_by("pk"))
        if not rows:
            return
        row = rows[pick % len(rows)]
        left = row.surplus - self.model.taken_back.get(("invoicing_payment", row.pk), ZERO)
        amount = left if takes_all and left else amount
        refusal = "AboveWhatIsThere" if amount > left else ""
        if not refusal and amount > self.model.balance:
            refusal = "CreditsDoNotCover"
        form = partial(
            invoicing_operations.take_back_payment,
            payment_uuid=row.uuid,
            parts={},
            surplus=amount,
            reason="Bounced.",
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if not refusal:
            self.is_taken_back(row, amount, of=row.pk)
            self.model.entries.append(("top_up", -amount))
            self.last_form = form

    @precondition(lambda self: self.notes)
    @rule(pick=PICK)
    def put_into_credits(self, pick: int) -> None:
        """Press the button of billing's: pay what is open, and put the rest into Available Credits."""
        key = self.note(pick)
        settled = self.model.settled_by(key)
        others = self.model.charges_of(settled) if settled else []
        is_open = self.model.notes[key].status in ("sent", "partly_applied")
        refusal = "" if is_open and any(self.model.usable(key, others=others)) else "NoteNotAllocatable"
        form = partial(
            invoicing_operations.put_into_credits,
            note_uuid=self.notes[key],
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if not refusal:
            self.model.use(key, others=others)
            self.last_form = form

    @precondition(lambda self: self.notes)
    @rule(pick=PICK, which=PICK, amount=AMOUNT, takes_all=st.booleans())
    def take_back_of_a_note(self, pick: int, which: int, amount: Decimal, takes_all: bool) -> None:
        """Take back a part of what a note paid, or put into Available Credits."""
        key = self.note(pick)
        note = self.model.notes[key]
        rows: list[CreditNoteAllocation | CreditNotePutInLine] = [
            *CreditNoteAllocation.objects.filter(credit_note__uuid=self.notes[key]).order_by("pk"),
            *CreditNotePutInLine.objects.filter(put_in__credit_note__uuid=self.notes[key]).order_by("pk"),
        ]
        if not rows:
            return
        row = rows[which % len(rows)]
        is_put_in = isinstance(row, CreditNotePutInLine)
        name = next((name for name, line_id in self.world.lines.items() if line_id == row.line_id), "")
        left = self.left_of(row)
        amount = left if takes_all and left else amount
        refusal = ""
        if amount > left:
            refusal = "AboveWhatIsThere"
        elif is_put_in:
            refusal = "CreditsDoNotCover" if amount > self.model.balance else ""
        elif self.model.charges[name].refunded + self.model.charges[name].put_in > (
            self.model.charges[name].paid - amount
        ):
            refusal = "CameBackAlready"
        form = partial(
            invoicing_operations.take_back_of_note,
            note_uuid=self.notes[key],
            applied={} if is_put_in else {row.pk: amount},
            put_in={row.pk: amount} if is_put_in else {},
            reason="Wrong invoice.",
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect(refusal, form)
        if refusal:
            return
        self.is_taken_back(row, amount)
        if is_put_in:
            note.put_in[name] -= amount
            self.model.entries.append(("credit_note", -amount))
            if name:
                self.model.charges[name].put_in -= amount
        else:
            self.model.charges[name].paid -= amount
        note.allocated -= amount
        note.status = "partly_applied" if note.allocated else "sent"
        self.last_form = form

    def left_of(self, row: Any) -> Decimal:
        """Say what of a part was not taken back."""
        return row.amount - self.model.taken_back.get((row._meta.db_table, row.pk), ZERO)

    def is_taken_back(self, row: Any, amount: Decimal, *, of: int | None = None) -> None:
        """Let the model follow; `of` is the payment, where it is a part of one."""
        key = (row._meta.db_table, row.pk)
        self.model.taken_back[key] = self.model.taken_back.get(key, ZERO) + amount
        if of in self.model.standing:
            self.model.standing[of] -= amount

    # --- contacts, and what another system sends

    @rule(wanted=A_CONTACT, is_fresh=OFTEN)
    def change_contacts(self, wanted: tuple[str, str, str, str], is_fresh: bool) -> None:
        """Change the customer's contacts, sometimes in a form that was opened at the beginning."""
        now = self.model.contacts
        seen = now if is_fresh else CONTACTS
        refusal = "ContactsChanged" if now not in (seen, wanted) else ""
        call = partial(
            contacts.change_contacts,
            organisation_uuid=self.world.organisation_uuid,
            seen=contacts.Contacts(*seen),
            values=contacts.Contacts(*wanted),
            by=self.agent,
            at=self.at,
        )
        changed = self.expect(refusal, call)
        if not refusal:
            assert changed == (now != wanted)
            self.model.contacts = wanted
            # The double click.
            assert self.expect("", call) is False

    @rule(pick=PICK, said=A_CONTACT)
    def import_an_update(self, pick: int, said: tuple[str, str, str, str]) -> None:
        """Import contacts, and a number: of what ended here it is an exception, and the rest is written."""
        name = self.sub(pick)
        _write_organisation(self.world.directory, said)
        with (self.world.directory / "numbers.csv").open("w") as file:
            csv.writer(file).writerows(
                [("number", "subscription_uuid"), (NUMBERS[name], self.world.subs[name])],
            )
        told: list[bytes] = []
        call = partial(
            importing.import_directory,
            self.world.directory,
            at=self.at,
            update=True,
            on_exceptions=told.extend,
        )
        counts = {count.csv: count for count in self.expect("", call)}
        is_known = name in self.model.numbers
        is_exception = bool(not is_known and self.model.subs[name].ended)
        is_new = not is_known and not is_exception
        is_changed = said != self.model.imported
        assert counts == {
            "organisations.csv": importing.Count("organisations.csv", 0, not is_changed, changed=is_changed),
            "numbers.csv": importing.Count("numbers.csv", is_new, is_known, exceptions=is_exception),
        }
        assert len(list(csv.reader(b"".join(told).decode().splitlines()))) == 1 + is_exception
        if is_changed:
            self.model.contacts = self.model.imported = said
        if is_new:
            self.model.numbers.add(name)

    @rule(pick=PICK, amount=AMOUNT, takes=st.booleans(), fraction=st.sampled_from([ZERO, Decimal("0.000001")]))
    def correct(self, pick: int, amount: Decimal, takes: bool, fraction: Decimal) -> None:
        """Mend a termination, or nothing that ended."""
        moved = -(amount + fraction) if takes else amount + fraction
        common = {
            "amount": moved,
            "reason": "Counted wrongly.",
            "seen_seq": len(self.model.entries),
            "request_id": uuid.uuid4(),
            "by": self.agent,
            "at": self.at,
        }
        ended = [name for name, sub in self.model.subs.items() if sub.ended]
        name = ended[pick % len(ended)] if ended else ""
        refusal = "GivesBackAboveCharged" if name and self.model.is_above_charged(name, moved) else ""
        if name:
            termination = Termination.objects.get(subscription__uuid=self.world.subs[name])
            form = partial(
                record_operations.correct_termination,
                termination_uuid=termination.uuid,
                is_confirmed=False,
                **common,
            )
        else:
            form = partial(
                customers_operations.post_correction,
                organisation_uuid=self.world.organisation_uuid,
                cause_id=None,
                **common,
            )
        self.expect(refusal, form)
        if not refusal:
            self.model.entries.append(("correction", moved))
            self.model.corrections.append((name, moved))
            self.last_form = form

    @rule(amount=AMOUNT)
    def top_up(self, amount: Decimal) -> None:
        form = partial(
            customers_operations.post_top_up,
            organisation_uuid=self.world.organisation_uuid,
            amount=amount,
            reason="Paid at the counter.",
            seen_seq=len(self.model.entries),
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect("", form)
        self.model.entries.append(("top_up", amount))
        self.last_form = form

    @precondition(lambda self: self.last_form)
    @rule()
    def send_the_last_form_again(self) -> None:
        """The lost answer: nothing may be written twice."""
        assert self.last_form
        self.expect("", lambda: self.last_form and self.last_form())

    # --- what is always true

    @invariant()
    def the_database_agrees(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        self.check_money()
        self.check_endings()
        self.check_contacts()
        # The long look. A fault stays, so looking at every third write finds it too; refusals moved nothing.
        if self.unverified >= EVERY:
            assert list(verification.faults(at=self.at)) == []
            self.unverified = 0

    def check_money(self) -> None:
        entries = LedgerEntry.objects.filter(account_id=self.world.account_id).order_by("seq")
        assert list(entries.values_list("kind", "amount")) == self.model.entries
        account = CreditAccount.objects.get(pk=self.world.account_id)
        assert (account.balance, account.last_seq) == (self.model.balance, len(self.model.entries))
        rows = {line.pk: line for line in ChargeLine.objects.select_related("invoice")}
        for key, charge in self.model.charges.items():
            line = rows[self.world.lines[key]]
            kept = (line.paid, line.noted, line.waived, line.refunded, line.put_in)
            noted = self.model.noted(key)
            assert kept == (charge.paid, noted, charge.waived, charge.refunded, charge.put_in), key
            assert line.noted + line.waived + line.refunded <= charge.charged
            assert line.paid + line.waived <= charge.charged
            assert line.refunded + line.put_in <= line.paid
            assert line.invoice.status == ("awaiting_payment" if charge.open else "paid")
        notes = {note.uuid: note for note in CreditNote.objects.prefetch_related("held_by")}
        assert set(notes) == set(self.notes.values())
        for key, wanted in self.model.notes.items():
            note = notes[self.notes[key]]
            assert (note.status, note.allocated, note.holds) == (wanted.status, wanted.allocated, len(wanted.holds))
            assert sorted(hold.kind for hold in note.held_by.all()) == sorted(kind for kind, _ in wanted.holds)

    def check_endings(self) -> None:
        rows = {sub.uuid: sub for sub in Subscription.objects.select_related("termination", "termination__entry")}
        terminations = 0
        for name, wanted in self.model.subs.items():
            sub = rows[self.world.subs[name]]
            assert (sub.status, sub.auto_renew) == (wanted.status, wanted.auto_renew), name
            made = getattr(sub, "termination", None)
            assert (made is not None) == (wanted.ended is not None)
            if made is not None and wanted.ended:
                terminations += 1
                expected = {name: value for name, value in wanted.ended.items() if name != "quote_id"}
                assert {name: getattr(made, name) for name in expected} == expected
                # Whole or not at all: what was credited is its entry, in the same breath.
                assert (made.entry.amount if made.entry else None) == made.credited
        assert Termination.objects.count() == terminations

    def check_contacts(self) -> None:
        organisation = Organisation.objects.get(uuid=self.world.organisation_uuid)
        assert dataclasses.astuple(contacts.contacts_of(organisation)) == self.model.contacts
        keys = SearchKey.objects.filter(organisation=organisation).exclude(kind__in=("uuid", "number"))
        assert sorted(keys.values_list("text", flat=True)) == sorted(
            text.fold(value) for value in self.model.contacts if value
        )
        numbers = PhoneNumber.objects.values_list("number", flat=True)
        assert sorted(numbers) == sorted(NUMBERS[name] for name in self.model.numbers)


@pytest.fixture
def tally() -> Counter[tuple[str, str]]:
    return Counter()


@pytest.fixture
def machine(make_user: Callable[..., Any], tally: Counter[tuple[str, str]], tmp_path: Path) -> type[Portal]:
    # The world is made once; each example goes back to it.
    return type("InThisWorld", (Portal,), {"world": _world(make_user, tmp_path), "tally": tally})


@pytest.mark.django_db
def test_the_portal_does_what_the_model_does(machine: type[Portal], tally: Counter[tuple[str, str]]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=300 if IS_FULL else 20,
            stateful_step_count=40 if IS_FULL else 30,
            deadline=None,
            derandomize=not IS_FULL,
            suppress_health_check=list(HealthCheck),
        ),
    )
    for verb in sorted({verb for verb, _ in tally}):
        print(f"\n{verb}: " + ", ".join(f"{count} {how}" for (of, how), count in tally.most_common() if of == verb))
    # A net that has worn thin is none.
    assert sum(tally["ended", what] for what in ENOUGH) >= ENOUGH_OF_A_SAMPLE
    if IS_FULL:
        few = {what: tally["ended", what] for what, least in ENOUGH.items() if tally["ended", what] < least}
        assert few == {}


@pytest.mark.django_db
def test_a_day_comes_to_each_ending(machine: type[Portal], tally: Counter[tuple[str, str]]) -> None:
    """The same steps as in random days, dealt by hand: one for each ending, and a preview that changed."""
    day = machine()
    long, short, past, yearly, plain = range(5)
    config = {"simplified": False, "method": "remaining_months", "window": 14, "reactivation": 28, "fee": None}
    way = {"note": 0, "part": 1, "confirms": True, "uses": False}
    try:
        day.begin(pick=long, ways=[], agents_first=False)
        day.save_settings(**config, allow_refund=False)
        day.end(how="popup", pick=0, **way)
        day.the_database_agrees()
        assert tally["terminate", "QuoteChanged"] == 1
        day.end(how="refund", pick=plain, **way)
        day.the_database_agrees()
        assert tally["ended", "request, nothing_due"] == 1
        day.save_settings(**config, allow_refund=True)
        day.open_popups(pick=long)
        day.end(how="popup", pick=1, **way)
        day.the_database_agrees()
        assert tally["ended", "request, credited"] == tally["ended", "from an open popup"] == 1
        day.end(how="new note", pick=yearly, **way)
        day.the_database_agrees()
        assert tally["ended", "request, credit_note_linked"] == 1
        day.days_pass(days=31)
        day.end(how="refund", pick=past, **way)
        day.the_database_agrees()
        assert tally["ended", "expired, nothing_due"] == 1
        day.clean_up(days=60, also_renewing=True)
        day.the_database_agrees()
        assert tally["ended", "by the clean-up"] == 1
        assert {name for name, sub in day.model.subs.items() if not sub.ended} == set()
    finally:
        day.teardown()


@pytest.mark.django_db
def test_a_day_comes_to_each_use_of_a_note(machine: type[Portal], tally: Counter[tuple[str, str]]) -> None:
    """Put a note in, take back what it paid and put in, and let a file and an agent change the contacts."""
    day = machine()
    long, short, past, yearly, plain = range(5)
    free, named, settling = range(3)
    way = {"part": 1, "confirms": True, "uses": False}
    cent = Decimal("0.01")
    try:
        # A note of no charge goes into Available Credits whole; what was spent of them stays there.
        day.import_a_free_note(pick=long, amount=Decimal(30), fits=False)
        day.put_into_credits(pick=free)
        day.put_into_credits(pick=free)
        day.correct(pick=0, amount=Decimal(120), takes=True, fraction=ZERO)
        day.take_back_of_a_note(pick=free, which=0, amount=cent, takes_all=True)
        day.take_back_of_a_note(pick=free, which=0, amount=Decimal(10), takes_all=False)
        day.the_database_agrees()
        # One that names a charge pays what is open on it first; the rest is what was paid for it.
        charge = list(day.model.charges).index("long1")
        key = day.draft("long1", net=Decimal(100), tax=ZERO, sends=True)
        assert day.model.usable(key, others=[]) == ({"long1": Decimal("63.49")}, {"long1": Decimal("36.51")})
        day.put_into_credits(pick=named)
        day.the_database_agrees()
        day.take_back_of_a_note(pick=named, which=1, amount=cent, takes_all=False)
        day.take_back_of_a_note(pick=named, which=0, amount=Decimal(64), takes_all=False)
        day.take_back_of_a_note(pick=named, which=0, amount=cent, takes_all=True)
        day.the_database_agrees()
        # A settling note pays what is open on the charges of what it settled.
        day.import_a_free_note(pick=yearly, amount=Decimal(400), fits=False)
        day.end(how="link", pick=yearly, note=settling, **way)
        day.put_into_credits(pick=settling)
        day.the_database_agrees()
        assert day.model.charges["yearly0"].open == 0
        # A payment's surplus goes back the same way.
        day.pay(pick=charge, amount=Decimal(200), is_another=True, agrees=True)
        day.take_back_a_surplus(pick=0, amount=Decimal(200), takes_all=False)
        day.take_back_a_surplus(pick=0, amount=cent, takes_all=True)
        # A like payment asks while something of the first is there, and no longer.
        again = {"pick": charge, "amount": Decimal(200), "is_another": False, "agrees": True}
        day.pay(**again)
        paid = PaymentLine.objects.filter(line_id=day.world.lines["long1"])
        last = list(paid.order_by("pk")).index(paid.latest("pk"))
        day.take_back(pick=charge, which=last, amount=cent, takes_all=True)
        day.pay(**again)
        day.the_database_agrees()
        # What ended here is an exception, and stops no new contacts; an agent's form from before is refused.
        other = ("Lim & Söhne", "", "office@lim.example", "L-2")
        day.import_an_update(pick=yearly, said=other)
        day.import_an_update(pick=plain, said=other)
        day.change_contacts(wanted=("Lim Trading", "", "", ""), is_fresh=False)
        day.change_contacts(wanted=("Lim Trading", "", "", ""), is_fresh=True)
        day.import_an_update(pick=plain, said=other)
        assert day.model.contacts[0] == "Lim Trading", "the row is the one that was imported before"
        day.the_database_agrees()
        assert {
            (verb, how): count
            for (verb, how), count in tally.items()
            if verb.startswith(("put_into", "take_back", "change_contacts", "record_payment"))
        } == {
            ("put_into_credits", "done"): 3,
            ("put_into_credits", "NoteNotAllocatable"): 1,
            ("take_back_of_note", "done"): 3,
            ("take_back_of_note", "CreditsDoNotCover"): 1,
            ("take_back_of_note", "AboveWhatIsThere"): 1,
            ("record_payment", "done"): 2,
            ("record_payment", "PaymentLikeAnother"): 1,
            ("take_back_payment", "done"): 2,
            ("take_back_payment", "AboveWhatIsThere"): 1,
            ("change_contacts", "done"): 2,
            ("change_contacts", "ContactsChanged"): 1,
        }
    finally:
        day.teardown()


def test_notes_count_in_the_model_as_they_do_in_the_portal() -> None:
    assert {str(status) for status in CreditNote.COUNTED} == set(COUNTED)
