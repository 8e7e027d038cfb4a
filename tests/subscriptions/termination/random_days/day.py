"""A portal beside its model: what every rule uses, and the rules of time and settings."""

import dataclasses
import datetime as dt
import os
import uuid
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from customers.contacts import operations as contacts
from invoicing import refusals as invoicing_refusals
from invoicing.models import CreditNote
from portal.frame import Actor
from settings_app import operations as settings_operations
from settings_app import policies as settings_policies
from settings_app import selectors as settings_selectors
from settings_app.operations import tax_rates
from subscriptions.life import refusals as life_refusals
from subscriptions.record import refusals as record_refusals
from subscriptions.requests import refusals as requests_refusals
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import refusals
from tests.subscriptions.termination.model_life import Life
from tests.subscriptions.termination.random_days.drawn import FEE, OFTEN
from tests.subscriptions.termination.random_days.world import World

IS_FULL = os.environ.get("TEST_FULL") == "1"
# verify_ledger is asked after a termination and after so many other writes.
EVERY = 1 if IS_FULL else 3

REFUSALS = {
    refusal.__name__: refusal
    for refusal in (
        refusals.AcknowledgementMissing,
        life_refusals.AlreadySo,
        refusals.AlreadyTerminated,
        refusals.CreditNoteChanged,
        refusals.CreditNoteNotUsable,
        life_refusals.EndIsScheduled,
        life_refusals.HasExpired,
        life_refusals.NotRenewable,
        life_refusals.RenewalChanged,
        refusals.DayNotOver,
        refusals.EndHasCome,
        refusals.NotScheduled,
        requests_refusals.AfterExpiry,
        requests_refusals.AskedAlready,
        requests_refusals.NoneOpen,
        requests_refusals.NotActive,
        requests_refusals.NotAhead,
        tax_rates.RateTaken,
        invoicing_refusals.InsufficientCredits,
        refusals.NotYetTerminable,
        refusals.QuoteChanged,
        invoicing_refusals.AboveTheCharge,
        invoicing_refusals.AmountAboveNote,
        invoicing_refusals.AmountAboveOpen,
        invoicing_refusals.InvoiceNotPayable,
        invoicing_refusals.NoteAboveCharge,
        invoicing_refusals.NoteNotAllocatable,
        invoicing_refusals.NoteNotSendable,
        invoicing_refusals.NoteNotVoidable,
        invoicing_refusals.NothingToPutIn,
        invoicing_refusals.PaymentLikeAnother,
        invoicing_refusals.ReceivedAboveOpen,
        invoicing_refusals.SendingAsks,
        invoicing_refusals.AboveWhatIsThere,
        invoicing_refusals.CameBackAlready,
        invoicing_refusals.CreditsDoNotCover,
        contacts.ContactsChanged,
        record_refusals.GivesBackAboveCharged,
    )
}


class Day(RuleBasedStateMachine):
    """A portal beside its model: what every rule uses, time, settings, and the last form sent again."""

    world: World
    # What all examples together did: (verb, "done" or the refusal).
    tally: Counter[tuple[str, str]]

    def __init__(self) -> None:
        super().__init__()
        # A frame like that of a test case: operations, which own their transaction, may stand inside.
        self.frame = transaction.atomic()
        self.frame._from_testcase = True  # type: ignore[attr-defined]  # as Django's test cases do
        self.frame.__enter__()
        self.model = deepcopy(self.world.model)
        self.life = Life(self.model)
        # What renewals charge is added to it.
        self.world = dataclasses.replace(
            self.world, lines=dict(self.world.lines), invoices=dict(self.world.invoices)
        )
        # Of the last request of each subscription, and of the last dialog of “Recover”.
        self.asked: dict[str, uuid.UUID] = {}
        self.dialogs: dict[str, dict[str, Any]] = {}
        self.notes: dict[str, uuid.UUID] = {}
        self.popups: list[tuple[str, termination_operations.Seen]] = []
        self.last_form: Callable[[], Any] | None = None
        self.ways: list[dict[str, Any]] = []
        self.agents_first = False
        self.unverified = EVERY

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

    def lone_charge(self, pick: int) -> str:
        """Choose one that is alone on its invoice."""
        alone = [key for key, charge in self.model.charges.items() if not charge.is_shared]
        return alone[pick % len(alone)]

    def note(self, pick: int) -> str:
        return list(self.model.notes)[pick % len(self.model.notes)]

    def acknowledgements(self) -> list[str]:
        """Every key that may have to be acknowledged."""
        numbers = CreditNote.objects.values_list("number", flat=True)
        words = ("double", "difference", "nothing_today")
        return ["further", *(f"{word}:{number}" for number in numbers for word in words)]

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
        here=OFTEN,
    )
    def save_settings(self, simplified, allow_refund, method, window, reactivation, fee, here) -> None:
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
                "renewals_are_made_here": here,
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
            "here": here,
        }

    @precondition(lambda self: self.last_form)
    @rule()
    def send_the_last_form_again(self) -> None:
        """The lost answer: nothing may be written twice."""
        assert self.last_form
        self.expect("", lambda: self.last_form and self.last_form())
