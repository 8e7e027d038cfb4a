"""Renewals at the same time as other writes, with real transactions; rows that the database refuses."""

import datetime as dt
import threading
import time
from decimal import Decimal

import pytest
from django.db import connection, transaction

from customers import operations as customers_operations
from customers.models import LedgerEntry
from invoicing.models import Invoice
from portal import frame
from portal.jobs.models import Run, RunItem
from subscriptions.models import Cycle, RenewalRefusal, Subscription, Termination
from tests.invoicing import booking
from tests.subscriptions.life.nights import balance, due, organisation, renew, why
from tests.support import factories
from tests.support.factories import C
from tests.support.races import apply_by, at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = frame.Actor("agent", "agent-1")


@pytest.fixture(autouse=True)
def _here(configure):
    configure(renewals_are_made_here=True)


def wait_for_a_wait(cursor):
    """Wait until another connection waits for something that this one holds."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))")
        if cursor.rowcount:
            return


def correct(owner, amount, now):
    return customers_operations.post_correction(
        organisation_uuid=owner.uuid,
        amount=Decimal(amount),
        reason="A correction.",
        cause_id=None,
        seen_seq=None,
        request_id=owner.uuid,
        by=BY,
        at=now,
    )


def test_two_nights_at_once_renew_each_once(now):
    owners = [organisation("100") for _ in range(6)]
    made = [due(owner) for owner in owners for _ in range(2)]
    at_once(*[lambda: renew(now, batch_size=2)] * 3)
    renew(now)
    assert {Cycle.objects.filter(subscription=one).count() for one in made} == {2}
    assert {balance(owner) for owner in owners} == {0}
    own = Invoice.objects.filter(series__isnull=False).order_by("sequence_number")
    assert [invoice.sequence_number for invoice in own] == list(range(1, 7))
    assert LedgerEntry.objects.filter(kind="charge").count() == 6


def test_a_renewal_and_a_termination_never_both_have_their_way_half(now, make_user):
    owner = organisation("1000")
    made = due(owner)
    apply = apply_by(made, frame.Actor.of(make_user("agent")), at=now)
    outcome, counts = at_once(apply, lambda: renew(now))
    again = renew(now)
    made.refresh_from_db()
    renewed = counts.renewed + again.renewed
    assert renewed == Cycle.objects.filter(subscription=made).count() - 1
    if isinstance(outcome, Exception):
        # The quote was another one: it saw no renewal.
        assert (type(outcome).__name__, renewed, made.status) == ("QuoteChanged", 1, "active")
    else:
        assert (renewed, made.status, Termination.objects.count()) == (0, "terminated", 1)


def test_a_renewal_and_a_withdrawal_of_credit_spend_it_once(now):
    owner = organisation("60")
    made = due(owner, net="50")
    at_once(lambda: renew(now), lambda: correct(owner, "-30", now))
    is_renewed = Cycle.objects.filter(subscription=made).count() == 2
    assert balance(owner) == (-20 if is_renewed else 30)
    assert RenewalRefusal.objects.count() == (0 if is_renewed else 1)


def test_what_is_taken_while_a_renewal_waits_is_not_spent_again(now):
    """Somebody holds the account and lowers it while the night comes to it: it decides by what is left."""
    owner = organisation("50")
    made = due(owner, net="50")
    is_taken = threading.Event()

    def take():
        with frame.operation("post_correction"), connection.cursor() as cursor:
            customers_operations.write_correction(
                organisation_uuid=owner.uuid,
                amount=Decimal(-30),
                reason="A correction.",
                cause_id=None,
                seen_seq=None,
                request_id=owner.uuid,
                by=BY,
                at=now,
            )
            is_taken.set()
            wait_for_a_wait(cursor)

    def night():
        is_taken.wait(timeout=30)
        return renew(now)

    at_once(take, night)
    assert (Cycle.objects.filter(subscription=made).count(), balance(owner)) == (1, 20)
    assert why(made) == ["insufficient_credits"]


@pytest.mark.parametrize("turn", range(4))
def test_a_renewal_and_a_payment_of_its_last_cycle(now, turn):
    """A payment for the invoice of the last cycle, of which 30.00 go into Available Credits: enough to renew."""
    owner = organisation("20")
    made = due(owner, cycles=(C("2026-02-15", paid="0"),))
    line = factories.charge_of(made)
    counts, paid = at_once(
        lambda: renew(now),
        lambda: booking.pay(line.invoice, 80, now, into_credits=Decimal(30)),
    )
    line.refresh_from_db()
    assert (paid.amount, line.paid) == (80, 50)
    cycles = Cycle.objects.filter(subscription=made).count()
    # Whichever was first at the account: what came in later renews tomorrow, and is not taken for it today.
    if counts.renewed:
        assert (cycles, balance(owner), why(made)) == (2, 0, [])
    else:
        assert (counts.refused, cycles, balance(owner), why(made)) == (1, 1, 50, ["insufficient_credits"])
        renew(now + dt.timedelta(days=1))
    assert (Cycle.objects.filter(subscription=made).count(), balance(owner)) == (2, 0)
    assert LedgerEntry.objects.filter(kind="charge").count() == 1


def test_an_organisation_of_which_one_is_locked_waits_for_its_turn(now):
    """Its date is one charge, so none of it is renewed without the other; the others do not wait."""
    held, free = organisation("1000"), organisation("1000")
    first, second, other = due(held), due(held), due(free)
    locked, let_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Subscription.objects.select_for_update(no_key=True).get(pk=first.pk)
            locked.set()
            let_go.wait(timeout=30)

    def night():
        locked.wait(timeout=30)
        try:
            return renew(now)
        finally:
            let_go.set()

    _, counts = at_once(hold, night)
    assert counts.renewed == 1
    assert [Cycle.objects.filter(subscription=one).count() for one in (first, second, other)] == [1, 1, 2]
    counts = renew(now)
    assert (counts.renewed, counts.documents) == (2, 1)


def test_what_the_database_refuses_is_narrowed_to_its_organisation(now):
    owners = [organisation("100") for _ in range(5)]
    made = [due(owner) for owner in owners]
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE audit_auditentry ADD CONSTRAINT test_refusal"
            f" CHECK (subject_uuid <> '{made[2].uuid}' OR kind <> 'subscription.renewed')"
        )
    try:
        counts = renew(now)
        assert (counts.renewed, counts.documents, counts.failed) == (4, 4, 1)
        item = RunItem.objects.get()
        assert (item.subject_uuid, item.outcome) == (made[2].uuid, "failed")
        assert "test_refusal" in item.sentence
        assert [balance(owner) for owner in owners] == [50, 50, 100, 50, 50]
        assert Run.objects.get().count("failed") == 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_auditentry DROP CONSTRAINT test_refusal")
    # Numbers without a gap, and the next night does the rest.
    assert renew(now + dt.timedelta(hours=1)).renewed == 1
    own = Invoice.objects.filter(series__isnull=False).order_by("sequence_number")
    assert [invoice.sequence_number for invoice in own] == [1, 2, 3, 4, 5]
