"""Two operations at the same time, in every order of their statements.

`pytest tests/interleaving` runs the pairs that share rows and a sample of the others (INTERLEAVING_SEED chooses
another one); with TEST_FULL=1 every pair, with INTERLEAVING_ORDERS orders of each at the most, as `exploration`
explains. At the end it prints pairs, interleavings and violations.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection

from invoicing import operations as invoicing_operations
from invoicing.models import Invoice
from invoicing.operations import documents
from portal import verification
from subscriptions.life import writer as life_writer
from subscriptions.termination import operations as termination_operations
from tests.interleaving import pairs
from tests.interleaving import start as starts
from tests.interleaving import world as worlds
from tests.interleaving.exploration import Exploration, Run
from tests.interleaving.never import NEVER
from tests.interleaving.pairs import Pair
from tests.interleaving.repertoire import repertoire
from tests.interleaving.scheduler import Table

pytestmark = pytest.mark.django_db(transaction=True)

IS_FULL = os.environ.get("TEST_FULL") == "1"
SEED = int(os.environ.get("INTERLEAVING_SEED", "1"))
# Each is a test of its own, which may not take longer than any other.
PARTS = 48
ORDERS_IN_A_SAMPLE = 2
# Of two runs of a night there are thousands.
MOST_ORDERS_OF_A_PAIR = int(os.environ.get("INTERLEAVING_ORDERS", "40"))
BY_LOT = 3
# Pairs that are short enough to run each of their orders, so that the reduction can be compared with none.
SHORT = (
    ("post a correction", "post a correction"),
    ("record a payment", "record a payment"),
    ("record a payment", "allocate a free note"),
    ("switch refunds off", "keep expired ones longer"),
    ("send a note", "void a draft"),
    ("send a note", "send another note"),
    ("unsubscribe", "unsubscribe"),
)
MOST_ORDERS = 4000
# Locks: where each is taken, what stands there when it is left out, and the pair that must not come through then.
LEFT_OUT: tuple[tuple[Any, str, Any, str], ...] = (
    (termination_operations, "_lock_money", lambda *_, **__: None, "terminate, automatic | record a payment"),
    (termination_operations, "_lock_money", lambda *_, **__: None, "terminate, chosen note | void a free note"),
    (
        documents,
        "locked_invoice",
        lambda invoice_uuid: Invoice.objects.select_related("organisation").get(uuid=invoice_uuid),
        "record a payment | record a payment",
    ),
    (invoicing_operations, "lock_invoices", lambda _: None, "correct a termination | correct a termination"),
    (life_writer, "_LOCK_ACCOUNTS", "SELECT 1", "top up | renew_due"),
)
FORMS = (uuid.UUID(int=1), uuid.UUID(int=2))


@dataclass(frozen=True)
class Outcome:
    """What came of an order: what both were told, and what is in the database."""

    answers: tuple[tuple[str, ...], tuple[str, ...]]
    digest: str


@dataclass
class Bench:
    """Run pairs on one world and collect what must never be."""

    world: worlds.World
    start: starts.Start
    table: Table
    orders: int = 0
    cut: int = 0
    serial: int = 0
    waits: int = 0
    by_lot: int = 0
    unreduced: int = 0
    violations: list[str] = field(default_factory=list)
    _rows: starts.Rows | None = None
    _looked_at: set[tuple[str, Outcome]] = field(default_factory=set)
    _faults: dict[str, list[str]] = field(default_factory=dict)
    _verified: set[str] = field(default_factory=set)

    def run(
        self,
        pair: Pair,
        *,
        limit: int | None,
        seed: int | None,
        is_short: bool = False,
        by_lot: int = 0,
        until_violated: bool = False,
    ) -> None:
        """Run the orders of a pair: one after the other first, then all (or a sample), each compared."""
        people = (self.world.first, self.world.first if pair.is_again else self.world.second)
        forms = (FORMS[0], FORMS[0] if pair.is_again else FORMS[1])
        played = (pair.first, pair.second)
        exploration = Exploration(
            self.table,
            (played[0].job(by=people[0], form=forms[0]), played[1].job(by=people[1], form=forms[1])),
            self._reset,
        )

        def outcome(run: Run) -> Outcome:
            return self._outcome(pair, run, people=people, forms=forms)

        serial = {outcome(run) for run in self._counted(exploration.one_after_the_other(is_whole=True), "serial")}
        found = set(serial)
        # An operation of several transactions may let the other one in between: looked at when it is needed.
        between = self._counted(exploration.one_after_the_other(is_whole=False), "serial")

        def is_serial(came: Outcome) -> bool:
            while came not in serial and (other := next(between, None)) is not None:
                serial.add(outcome(other))
            return came in serial

        for run in self._counted(exploration.explore(limit=limit, seed=seed), "orders"):
            came = outcome(run)
            found.add(came)
            if not is_serial(came):
                self._violated(pair, run, "is the outcome of no order of whole transactions")
            if until_violated and self.violations:
                return
        self.cut += exploration.cut
        if is_short:
            complete = Exploration(self.table, exploration.jobs, self._reset)
            runs = complete.explore(is_reduced=False, limit=MOST_ORDERS)
            self._compared(pair, runs, "unreduced", outcome, found)
            if not complete.is_complete:
                self.violations.append(f"{pair}: has more than {MOST_ORDERS} orders, so it is not short")
        if by_lot:
            lot = exploration.wander(times=by_lot, seed=SEED)
            if exploration.is_complete:
                self._compared(pair, lot, "by_lot", outcome, found)
            for run in self._counted(lot, "by_lot"):
                if not is_serial(outcome(run)):
                    self._violated(pair, run, "is the outcome of no order of whole transactions")

    def _compared(
        self, pair: Pair, runs: Iterator[Run], count: str, outcome: Callable[[Run], Outcome], found: set[Outcome]
    ) -> None:
        for run in self._counted(runs, count):
            if outcome(run) not in found:
                self._violated(pair, run, "is an outcome that the reduced exploration did not find")

    def _counted(self, runs: Iterator[Run], count: str) -> Iterator[Run]:
        for run in runs:
            setattr(self, count, getattr(self, count) + 1)
            self.waits += run.waits
            yield run

    def _reset(self) -> None:
        self.start.bring_back(self.start.changed() if self._rows is None else self._rows)
        self._rows = None

    def _outcome(self, pair: Pair, run: Run, *, people: tuple[Any, ...], forms: tuple[Any, ...]) -> Outcome:
        self._rows = self.start.changed()
        outcome = Outcome(run.answers, self.start.digest(self._rows))
        if run.deadlocks:
            self._violated(pair, run, "ended in a deadlock")
        if any(answer[0] == "failed" for answer in run.answers):
            self._violated(pair, run, "ended in an error that the operation does not name")
        elif (str(pair), outcome) not in self._looked_at:
            # The state is the same for every order with this outcome, so it is looked at once.
            self._looked_at.add((str(pair), outcome))
            self._look_at_state(pair, run, digest=outcome.digest, people=people, forms=forms)
        return outcome

    def _look_at_state(
        self, pair: Pair, run: Run, *, digest: str, people: tuple[Any, ...], forms: tuple[Any, ...]
    ) -> None:
        # Where pairs end alike, the rows are the same, and so is what is wrong with them.
        if digest not in self._faults:
            self._faults[digest] = list(self._wrong(pair))
        for sentence in self._faults[digest]:
            self._violated(pair, run, sentence)
        for index, played in enumerate((pair.first, pair.second)):
            if run.answers[index][0] == "done" and not played.is_whole(people[index], forms[index]):
                self._violated(pair, run, f"“{played.name}” said it was done, but not all of it is there")

    def _wrong(self, pair: Pair) -> Iterator[str]:
        # Every check of the ledger takes as long as several orders. In a sample it is done until it has seen what
        # each operation leaves behind: orders that end as serial ones leave nothing else, and all others are told.
        names = {pair.first.name, pair.second.name}
        if IS_FULL or not names <= self._verified:
            self._verified |= names
            for fault in verification.faults(at=worlds.NOW):
                yield f"{fault.kind}, {fault.where}: {fault.detail}"
        with connection.cursor() as cursor:
            cursor.execute(NEVER)
            yield from [sentence for (sentence,) in cursor.fetchall()]

    def _violated(self, pair: Pair, run: Run, what: str) -> None:
        self.violations.append(f"{pair}: order {run.order} {what}; they were told {run.answers}")


@pytest.fixture
def bench() -> Iterator[Bench]:
    world = worlds.build()
    start = starts.Start(known=FORMS)
    with Table() as table:
        yield Bench(world, start, table)
    start.close()


def _pairs(bench: Bench) -> list[Pair]:
    return pairs.every(repertoire(bench.world))


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _tell(bench: Bench, record: Callable[[str, object], None], *, pairs: int) -> None:
    for name in ("orders", "cut", "serial", "waits", "by_lot", "unreduced"):
        record(name, getattr(bench, name))
    record("pairs", pairs)
    record("violations", len(bench.violations))


@pytest.mark.parametrize("part", range(PARTS) if IS_FULL else [0])
def test_every_order_ends_as_one_after_the_other_would(bench, part, record_property):
    deadlocks = _deadlocks()
    every = _pairs(bench)
    chosen = every[part::PARTS] if IS_FULL else pairs.sample(every, seed=SEED)
    for pair in chosen:
        bench.run(
            pair,
            limit=MOST_ORDERS_OF_A_PAIR if IS_FULL else ORDERS_IN_A_SAMPLE,
            seed=SEED,
            is_short=IS_FULL and not pair.is_again and (pair.first.name, pair.second.name) in SHORT,
            by_lot=BY_LOT if IS_FULL else 0,
        )
    _tell(bench, record_property, pairs=len(chosen))
    assert not bench.violations, "\n".join(bench.violations[:20])
    assert _deadlocks() == deadlocks


def test_what_must_not_be_is_found(bench, record_property):
    """The net of the test above: the reduction leaves nothing out, and each lock that is taken away is told.

    One test, for making the world is most of its time.
    """
    every = {str(pair): pair for pair in _pairs(bench)}
    # Short enough for every order in each `./test`.
    bench.run(every["record a payment | record a payment"], limit=None, seed=None, is_short=True)
    _tell(bench, record_property, pairs=1)
    assert not bench.violations, "\n".join(bench.violations[:20])
    assert bench.unreduced > bench.orders > 2, "every order, more than the reduced ones, more than the serial ones"
    assert bench.waits, "some of them have to wait for a lock"
    for place, name, instead, wanted in LEFT_OUT:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, name, instead)
            bench.run(every[wanted], limit=40, seed=None, until_violated=True)
        assert bench.violations, f"{wanted}: nobody misses {name}"
        bench.violations.clear()
