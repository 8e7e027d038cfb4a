"""Random days of a portal, step by step beside a plain model: every write operation, in any order.

Each example is rolled back to the same small world. The sample is the same in every run, `TEST_FULL=1` draws new
and far more ones. With -s each verb is printed with how often it was done and refused, and by which refusal.
"""

import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from invoicing.models import CreditNote, PaymentLine
from tests.subscriptions.termination.model_rows import COUNTED, ZERO
from tests.subscriptions.termination.random_days.checks import Checks
from tests.subscriptions.termination.random_days.customer import Customer
from tests.subscriptions.termination.random_days.day import IS_FULL
from tests.subscriptions.termination.random_days.documents import Documents
from tests.subscriptions.termination.random_days.endings import Endings
from tests.subscriptions.termination.random_days.living import Living
from tests.subscriptions.termination.random_days.taking_back import TakingBack
from tests.subscriptions.termination.random_days.world import build_world

# How often random days have to come to each end of a subscription. A sample is too small to promise more than that
# it ends some: what it draws depends on the sources around it. `test_a_day_comes_to_each_ending` has them all.
ENOUGH = {
    "request, credited": 10,
    "request, credit_note_linked": 10,
    "request, nothing_due": 10,
    "expired, nothing_due": 10,
    "by the clean-up": 10,
    "from an open popup": 10,
    "on its day, by the night": 10,
    "on its day, by a person": 10,
}
ENOUGH_OF_A_SAMPLE = 5


class Portal(Endings, Living, Documents, TakingBack, Customer, Checks):
    """Every rule foretells by the model what an operation will do, does it, and lets the model follow."""

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.everybody_leaves()
        finally:
            transaction.set_rollback(True)
            self.frame.__exit__(None, None, None)


@pytest.fixture
def tally() -> Counter[tuple[str, str]]:
    return Counter()


@pytest.fixture
def machine(make_user: Callable[..., Any], tally: Counter[tuple[str, str]], tmp_path: Path) -> type[Portal]:
    # The world is made once; each example goes back to it.
    return type("InThisWorld", (Portal,), {"world": build_world(make_user, tmp_path), "tally": tally})


@pytest.mark.django_db
def test_the_portal_does_what_the_model_does(machine: type[Portal], tally: Counter[tuple[str, str]]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=300 if IS_FULL else 3,
            stateful_step_count=40 if IS_FULL else 25,
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
    config = {
        "simplified": False,
        "method": "remaining_months",
        "window": 14,
        "reactivation": 28,
        "fee": None,
        "here": True,
    }
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


@pytest.mark.django_db
def test_a_day_comes_to_each_act_of_a_life(machine: type[Portal], tally: Counter[tuple[str, str]]) -> None:
    """Renew, refuse, recover, ask, withdraw, carry out and remind, dealt by hand."""
    day = machine()
    long, short, past, yearly, plain = range(5)
    first_asked, second_asked = range(2)
    try:
        day.ask(pick=past, days=1, is_last_day=False)
        day.switch_renewal(pick=plain, wanted=True)
        day.recover(pick=plain, is_kept=False)
        # On 24 February the renewal of one is due; its tax is that of a younger rate, or none.
        day.days_pass(days=14)
        day.add_a_tax_rate(per_cent=Decimal("8.5"))
        day.add_a_tax_rate(per_cent=Decimal(9))
        day.look_at_a_renewal(pick=plain)
        day.exempt(wanted=True)
        day.recover(pick=plain, is_kept=True)
        day.exempt(wanted=False)
        day.recover(pick=plain, is_kept=True)
        day.the_database_agrees()
        assert day.model.entries[-1] == ("charge", Decimal("-21.70"))
        # In March two are one document, in April too; in May there is not enough for both, so none is renewed.
        day.renew(days=0)
        day.renew(days=28)
        day.the_database_agrees()
        assert day.model.entries[-1] == ("charge", Decimal("-32.60"))
        assert (tally["renewals", "renewed"], tally["renewals", "refused"]) == (2, 0)
        day.renew(days=31)
        day.renew(days=30)
        day.the_database_agrees()
        assert (tally["renewals", "renewed"], tally["renewals", "refused"]) == (4, 2)
        day.recover(pick=plain, is_kept=False)
        day.the_database_agrees()
        # On 24 May two ends are asked for the 27th; beside one stands a note that may be the refund.
        day.ask(pick=short, days=3, is_last_day=False)
        day.ask(pick=short, days=3, is_last_day=False)
        day.ask(pick=long, days=25, is_last_day=False)
        day.ask(pick=long, days=0, is_last_day=False)
        day.ask(pick=yearly, days=3, is_last_day=False)
        day.import_a_free_note(pick=yearly, amount=Decimal(1), fits=True)
        day.carry_out(pick=first_asked, confirms=True)
        day.days_pass(days=2)
        day.days_pass(days=1)
        day.switch_renewal(pick=short, wanted=False)
        day.end(how="refund", pick=short, note=0, part=1, confirms=True, uses=False)
        day.the_database_agrees()
        day.carry_out_due(days=1)
        day.the_database_agrees()
        assert (tally["ended", "on its day, by the night"], tally["carry_out_due", "waits for a person"]) == (1, 1)
        day.carry_out(pick=second_asked, confirms=False)
        day.carry_out(pick=second_asked, confirms=True)
        day.carry_out(pick=second_asked, confirms=True)
        day.the_database_agrees()
        # What expires on the 31st and is not renewed is told once.
        day.remind(days=0)
        day.remind(days=1)
        assert tally["write_due", "messages"] == 1
        day.ask(pick=plain, days=1, is_last_day=False)
        day.withdraw(pick=2)
        day.withdraw(pick=2)
        day.the_database_agrees()
        assert {
            (verb, how): count
            for (verb, how), count in tally.items()
            if verb in ("ask", "seen", "withdraw", "recover", "preview_of", "add_tax_rate", "set_auto_renew")
        } == {
            ("seen", "NotActive"): 1,
            ("seen", "AskedAlready"): 1,
            ("seen", "AfterExpiry"): 1,
            ("seen", "NotAhead"): 1,
            ("ask", "done"): 3,
            ("withdraw", "done"): 1,
            ("withdraw", "NoneOpen"): 1,
            ("preview_of", "NotRenewable"): 1,
            ("preview_of", "InsufficientCredits"): 1,
            ("preview_of", "done"): 3,
            ("recover", "RenewalChanged"): 1,
            ("recover", "done"): 1,
            ("add_tax_rate", "done"): 1,
            ("add_tax_rate", "RateTaken"): 1,
            ("set_auto_renew", "done"): 1,
            ("set_auto_renew", "EndHasCome"): 1,
        }
        ended = {how: count for (verb, how), count in tally.items() if verb == "terminate" and how != "done"}
        assert ended == {"DayNotOver": 1, "EndHasCome": 1, "AcknowledgementMissing": 1, "AlreadyTerminated": 1}
    finally:
        day.teardown()


def test_notes_count_in_the_model_as_they_do_in_the_portal() -> None:
    assert {str(status) for status in CreditNote.COUNTED} == set(COUNTED)
