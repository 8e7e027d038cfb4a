"""The bench of nights runs, and what it looks at finds what is wrong."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from django.db import connection, transaction

from bench import books, facts, nights_daily, nights_renewals
from bench.nights_run import Night
from customers.models import CreditAccount
from invoicing.models import Invoice
from portal import embedded
from subscriptions.models import CycleCharge
from tests.subscriptions.life.nights import due as made_due
from tests.subscriptions.life.nights import made_here, renew
from tests.support import migrated


def test_a_killed_night_is_started_again() -> None:
    with migrated.begun() as (place, begin):
        sizes = ("--renewals=0", "--kills=1", "--nights=0", "--customers=30", f"--begin={begin}", "--json")
        ended = subprocess.run(
            [sys.executable, "-m", "bench.nights", *sizes],
            cwd=embedded.ROOT,
            env={**os.environ, "TMPDIR": str(place)},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert list(place.iterdir()) == []
    result = json.loads(ended.stdout)
    assert (result["violations"], result["details"], result["kills"]["kills"]) == (0, [], 1)
    assert result["kills"]["facts"] > 100


# ---- Facts -------------------------------------------------------------------------------------------------------


def test_what_each_run_makes_anew_is_masked() -> None:
    ours, new = "0b7d1a4e-0000-4000-8000-000000000001", "0b7d1a4e-0000-4000-8000-000000000002"
    said = f"{ours} got IN-0000275 at 2026-03-10T09:30:00+00:00, {new}; from 2026-03-10 on +6531234567"
    assert facts.masked(said, known={ours}) == f"{ours} got NUMBER at INSTANT, UUID; from 2026-03-10 on +6531234567"


def test_a_fact_too_much_and_one_missing_are_told() -> None:
    def of(**rows: Counter[tuple[str, ...]]) -> facts.Facts:
        return {name: rows.get(name, Counter()) for name in facts.STATEMENTS}

    through = of(cycle=Counter({("a", "1"): 1, ("b", "1"): 1}), entry=Counter({("c",): 2}))
    killed = of(cycle=Counter({("a", "1"): 2}), entry=Counter({("c",): 2}))
    assert list(facts.differences(killed, through)) == ["cycle, too much: a | 1", "cycle, missing: b | 1"]
    assert list(facts.differences(through, through)) == []


@pytest.mark.django_db(transaction=True)
def test_two_nights_of_the_same_differ_by_what_only_one_of_them_did(now) -> None:
    made_here()
    made_due()
    connection.ensure_connection()
    before = facts.of(connection.connection)
    renew(now)
    after = facts.of(connection.connection)
    told = {words.partition(",")[0] for words in facts.differences(after, before)}
    assert told >= {"subscription", "cycle", "charge", "document", "payment", "entry", "account", "event", "series"}
    assert facts.counted(after) > facts.counted(before)
    assert list(facts.differences(after, facts.of(connection.connection))) == []


# ---- The books ---------------------------------------------------------------------------------------------------


def _charge_a_day_twice() -> None:
    first = CycleCharge.objects.order_by("pk")[0]
    CycleCharge.objects.filter(pk=first.pk).update(day_after=first.day_after.replace(day=first.day_after.day + 1))


def _move_a_balance() -> None:
    CreditAccount.objects.update(balance=999)


def _lose_an_entry() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_ledgerentry SET kind = 'correction' WHERE kind = 'charge'")


def _lose_a_payment() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE invoicing_paymentline SET amount = amount - 1")


def _reopen_an_invoice() -> None:
    Invoice.objects.filter(status="paid").update(status="awaiting_payment")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (_charge_a_day_twice, "no day is charged twice"),
        (_move_a_balance, "opening + top-ups + refunds + notes put in + corrections - charges = balance"),
        (_lose_an_entry, "what entries say was charged and refunded is what documents and terminations say"),
        (_lose_a_payment, "charged = paid + waived + open, and an invoice with nothing open is paid"),
        (_reopen_an_invoice, "charged = paid + waived + open, and an invoice with nothing open is paid"),
    ],
)
def test_the_books_tell_what_does_not_hold(plant, found: str, now) -> None:
    made_here()
    made_due()
    renew(now)
    connection.ensure_connection()
    assert list(books.faults(connection.connection)) == []
    with transaction.atomic():
        for model in (CycleCharge, CreditAccount, Invoice):
            _without_guards(model._meta.db_table)
        for table in ("customers_ledgerentry", "invoicing_paymentline"):
            _without_guards(table)
        plant()
        told = [words.partition(": ")[0] for words in books.faults(connection.connection)]
        transaction.set_rollback(True)
    assert found in told


def _without_guards(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'f')
            """,
            [table],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


# ---- What is counted ---------------------------------------------------------------------------------------------


def _night(*, renewed: int, seconds: float, carried_out: int = 0, carrying: float = 0) -> Night:
    counts = {"renew": {"counts": {"renewed": renewed}}, "carry_out": {"counts": {"carried_out": carried_out}}}
    return Night(counts, {"renew": seconds, "carry_out": carrying, "verify": 100.0})


def test_nights_that_get_slower_are_told_by_seconds_per_act() -> None:
    catching_up = _night(renewed=9000, seconds=1)
    first = [_night(renewed=10, seconds=1, carried_out=1, carrying=1)] * 10
    assert nights_daily.grown([catching_up, *first, *first]) == 1
    slower = [_night(renewed=20, seconds=3, carried_out=1, carrying=1.5)] * 10
    assert nights_daily.grown([catching_up, *first, *slower]) == pytest.approx(1.5)
    more_of_what_takes_long = [_night(renewed=10, seconds=1, carried_out=9, carrying=9)] * 10
    assert nights_daily.grown([catching_up, *first, *more_of_what_takes_long]) == pytest.approx(1)


def test_too_few_nights_say_nothing() -> None:
    assert nights_daily.grown([_night(renewed=10, seconds=1)] * 2) is None
    assert nights_daily.grown([_night(renewed=0, seconds=1)] * 30) is None


def test_what_was_found_otherwise_than_expected_is_told() -> None:
    found = nights_renewals.unlike("a night", {"renewed": (9_999, 10_000), "refused": (0, 0)})
    assert list(found) == ["a night: 9,999 renewed, expected 10,000"]
