"""Races in bulk: many at once on one subscription, one note wanted twice, and everything together for a while.

PostgreSQL itself is asked whether two transactions ever waited for each other. TEST_FULL=1 runs longer.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction

from customers.models import CreditAccount, LedgerEntry, Organisation
from invoicing.models import ChargeLine, CreditNoteHold
from portal import embedded, verification
from portal.audit.models import AuditEntry
from portal.frame import Actor
from portal.outbox.models import Delivery
from subscriptions.models import Subscription, Termination
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import refusals
from subscriptions.termination.quote import quotes
from tests.subscriptions.clean_up.mix import Mix
from tests.support import factories
from tests.support.factories import C
from tests.support.races import apply_by, at_once
from tests.support.terminations import preview, seen_of

pytestmark = pytest.mark.django_db(transaction=True)

IS_FULL = os.environ.get("TEST_FULL") == "1"
APPLIES = 50 if IS_FULL else 20
ROUNDS = 60 if IS_FULL else 5
SECONDS = 30.0 if IS_FULL else 4.0
THREADS = 8


def test_many_people_apply_at_once(now, configure):
    configure(notification_address="provider@example.com")
    made = factories.subscription(
        cycles=(C("2026-03-01"), C("2026-04-01", paid="20")), numbers=("+6561234567",), auto_renew=True
    )
    people = User.objects.bulk_create(User(username=f"agent-{n}") for n in range(APPLIES))
    answers = at_once(*(apply_by(made, Actor.of(user), at=now) for user in people))
    (done,) = [a for a in answers if isinstance(a, termination_operations.Outcome)]
    refused = [str(a) for a in answers if isinstance(a, refusals.AlreadyTerminated)]
    who = done.termination.actor
    assert len(refused) == APPLIES - 1, answers
    assert set(refused) == {
        f"This subscription was already terminated by {who} on 10 March 2026 at 17:00 (Asia/Singapore). "
        "A termination cannot be undone."
    }
    termination = Termination.objects.get()
    entry = LedgerEntry.objects.get()
    assert (termination.entry_id, entry.cause_id, entry.amount, entry.actor) == (
        entry.pk,
        termination.uuid,
        70,
        who,
    )
    assert CreditAccount.objects.get().balance == 70
    assert [line.waived for line in ChargeLine.objects.order_by("pk")] == [0, 30]
    assert Delivery.objects.count() == 1
    assert AuditEntry.objects.filter(event="Subscription terminated").get().actor == who
    assert not list(verification.faults(at=now))


def test_the_same_seal_many_times_is_one_termination(agent, now):
    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    answers = at_once(*(apply_by(made, agent, at=now, seen=seen) for _ in range(APPLIES)))
    assert sum(not a.is_repeat for a in answers) == 1, answers
    assert {a.termination.pk for a in answers} == {Termination.objects.get().pk}
    assert LedgerEntry.objects.get().amount == 50


def test_one_note_wanted_by_two_subscriptions_round_after_round(agent, now):
    organisation = factories.OrganisationFactory.create()
    winners: Counter[int] = Counter()
    for round_ in range(ROUNDS):
        both = [factories.subscription(organisation=organisation) for _ in range(2)]
        note = factories.credit_note(organisation, net="50", number=f"CN-ROUND-{round_}")
        choice = quotes.LinkNote(note.number)
        answers = at_once(*(apply_by(made, agent, at=now, choice=choice) for made in both))
        (winner,) = [i for i, a in enumerate(answers) if isinstance(a, termination_operations.Outcome)]
        loser = answers[1 - winner]
        assert isinstance(loser, refusals.QuoteChanged | refusals.CreditNoteNotUsable), loser
        hold = CreditNoteHold.objects.get(credit_note=note)
        assert (hold.kind, hold.cause_id) == ("settles", answers[winner].termination.uuid)
        assert Subscription.objects.get(pk=both[1 - winner].pk).status == "active"
        winners[winner] += 1
    assert Termination.objects.count() == ROUNDS
    assert not LedgerEntry.objects.exists()
    assert not list(verification.faults(at=now))


def deadlocks() -> int:
    """Ask PostgreSQL how often it had to end one of two transactions that waited for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def told_since(place: int) -> str:
    """Read the log of the embedded PostgreSQL from a place on; nothing for one of your own."""
    if not embedded.is_used():
        return ""
    with (embedded.data_directory() / "postgres.log").open("rb") as log:
        log.seek(place)
        return log.read().decode(errors="replace")


def end_of_log() -> int:
    return (embedded.data_directory() / "postgres.log").stat().st_size if embedded.is_used() else 0


def test_everything_at_once_never_waits_for_itself(now):
    organisations = [factories.OrganisationFactory.create(account="5") for _ in range(3)]
    for number in range(60 if not IS_FULL else 600):
        organisation = organisations[number % 3]
        if number % 6 == 5:
            factories.subscription(organisation=organisation, cycles=(C("2026-01-01"),))
            continue
        made = factories.subscription(
            organisation=organisation, cycles=(C("2026-03-01", net="46", tax="4"), C("2026-04-01", paid="20"))
        )
        if number % 3 == 0:
            factories.credit_note(organisation, net="5", line=factories.charge_of(made, "2026-03-01"))
        factories.credit_note(organisation, net="7", number=f"N-{number}")
    people = [Actor.of(User.objects.create_user(f"person-{n}")) for n in range(THREADS)]
    mixes = [Mix(seed=n, by=person, now=now) for n, person in enumerate(people)]
    before, place = deadlocks(), end_of_log()
    end = time.monotonic() + SECONDS
    calls: list[Callable[[], None]] = [partial(mix.go_on_until, end) for mix in mixes]
    answers = at_once(*calls)
    done: Counter[str] = sum((mix.done for mix in mixes), Counter())
    print(f"\n{sum(done.values())} done, {sum(sum(m.refused.values()) for m in mixes)} refused: {dict(done)}")
    assert answers == [None] * THREADS
    assert not [failure for mix in mixes for failure in mix.failed]
    assert len(done) == 10, f"every verb was carried out: {done}"
    assert deadlocks() == before
    assert "deadlock detected" not in told_since(place)
    assert not list(verification.faults(at=now))


def test_a_deadlock_would_be_counted(now):
    """The net of the test above: two transactions that do wait for each other are seen by both counts."""
    one, other = (factories.OrganisationFactory.create().pk for _ in range(2))
    before, place = deadlocks(), end_of_log()
    both_hold_one = threading.Barrier(2)

    def lock(first: int, second: int) -> Callable[[], None]:
        def run() -> None:
            with transaction.atomic():
                list(Organisation.objects.select_for_update().filter(pk=first))
                both_hold_one.wait(timeout=30)
                list(Organisation.objects.select_for_update().filter(pk=second))

        return run

    answers = at_once(lock(one, other), lock(other, one))
    assert [type(a) for a in answers if a is not None] == [OperationalError], answers
    end = time.monotonic() + 10
    while deadlocks() == before and time.monotonic() < end:
        time.sleep(0.1)
    assert deadlocks() == before + 1
    assert not embedded.is_used() or "deadlock detected" in told_since(place)
