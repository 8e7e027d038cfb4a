"""Run two operations in two real transactions and decide, statement by statement, who goes next.

**What is one order.** Each player (a thread with its own connection) stops before every statement and before
every commit and rollback; whoever the scheduler names goes on to its next stop. A statement that waits for a
lock is recognised by PostgreSQL's own word (`pg_blocking_pids`); then the other player has to go on, and after
each of its steps the scheduler looks whether the wait is over. So "began, waited, went on with what it had seen"
and "began only after the commit" are two orders, as they are two things for PostgreSQL: under READ COMMITTED a
statement sees what was committed when it began.

**What all orders are.** The exploration goes depth first and runs every order again from the same state of the
database. `explore(..., is_reduced=False)` runs each order there is. Otherwise orders that can't differ are run
once: steps of different transactions that touch nothing of each other (see `effects.are_dependent`) may change
places without anybody noticing, so of all orders that differ in nothing else one is enough. This is dynamic
partial order reduction as Flanagan and Godefroid give it (POPL 2005), with sleep sets:

- after each step the last step of the other player that it could have changed places with is looked for: one
  that is dependent and does not come before it for another reason (program order, or the end of a wait). At that
  point the other choice is to be tried as well;
- a player whose step was tried at a point sleeps behind the later choices of that point until a dependent step
  wakes it; where everybody sleeps, the rest of the order is one that was already run.

It is sound where dependence is told on the safe side: `effects` tells by table (by row where a statement is about
one id), follows triggers and foreign keys from PostgreSQL's catalogue, and takes a statement for what it sees when
it begins. That is also tried: for short pairs the tests run each order without the reduction, for all of them
random orders, and every outcome must be one that the reduced exploration found.

**What is not here.** When a commit wakes a waiting statement, that statement finishes before anybody takes the
next step; that the other player's *next transaction* overtakes it on the same row is not tried (only
`terminate_expired` has more than one).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from tests.interleaving import effects
from tests.interleaving.effects import Step, are_dependent

PATIENCE = 30.0
LOOK_EVERY = 0.002

Answer = tuple[str, ...]


class SchedulerLost(AssertionError):
    """Say that the players did not do what was expected of them: a fault of the test, not of an operation."""


class _Abandoned(BaseException):
    """End an operation from inside; it rolls back as after any exception."""


@dataclass(eq=False)
class Player:
    """Run one operation after the other in a thread with its own connection, stopping before each step."""

    name: str
    table: Table
    next: Step | None = None
    state: str = "idle"  # running, stopped, finished, idle
    is_waiting: bool = False
    answer: Answer = ()
    pid: int = 0
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _job: Callable[[], Answer] | None = None
    _is_abandoned: bool = False
    _transaction: effects.Transaction = field(default_factory=effects.Transaction)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._live, name=self.name, daemon=True)
        self._thread.start()

    def begin(self, job: Callable[[], Answer]) -> None:
        """Start an operation; it stops before its first statement."""
        self._job, self._is_abandoned, self.is_waiting, self.answer = job, False, False, ()
        self._transaction = effects.Transaction()
        self.state = "running"
        self._go.release()

    def go(self) -> None:
        """Take the step it stands before."""
        self.state = "running"
        self._go.release()

    def abandon(self) -> None:
        """Let the operation roll back as soon as it moves again."""
        self._is_abandoned = True

    def leave(self) -> None:
        """End the thread."""
        self._job = None
        self._go.release()
        self._thread.join(PATIENCE)

    def _live(self) -> None:
        connection.ensure_connection()
        self.pid = connection.connection.info.backend_pid
        with connection.cursor() as cursor:
            # Whether a commit waits for the disk makes no difference to who sees what.
            cursor.execute("SET synchronous_commit TO off")
        commit, rollback = connection._commit, connection._rollback

        def stop_and_commit() -> None:
            try:
                self._stop(self._transaction.commit())
            except _Abandoned:
                # Django rolls back after a commit that PostgreSQL refused, not after this.
                rollback()
                raise
            commit()

        def stop_and_roll_back() -> None:
            self._stop(self._transaction.rollback())
            rollback()

        connection._commit, connection._rollback = stop_and_commit, stop_and_roll_back
        self._tell("idle")
        try:
            with connection.execute_wrapper(self._before):
                while True:
                    self._go.acquire()
                    if self._job is None:
                        return
                    try:
                        self.answer = self._job()
                    except _Abandoned:
                        self.answer = ("abandoned",)
                    except Exception as error:  # noqa: BLE001 - whatever it is, it is this order's outcome
                        self.answer = ("failed", type(error).__name__, str(error).strip())
                    self.next = None
                    self._tell("finished")
        finally:
            connection._commit, connection._rollback = commit, rollback
            connection.close()

    def _before(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self._stop(self._transaction.before(str(sql), params, is_alone=not connection.in_atomic_block))
        result = execute(sql, params, many, context)
        if context["cursor"].rowcount == 0:
            self._transaction.found_nothing(str(sql))
        return result

    def _stop(self, step: Step) -> None:
        if self._is_abandoned:
            if step.words.startswith(("ROLLBACK", "RELEASE")):
                return
            raise _Abandoned
        self.next = step
        self._tell("stopped")
        self._go.acquire()
        if self._is_abandoned and not step.words.startswith("ROLLBACK"):
            raise _Abandoned

    def _tell(self, state: str) -> None:
        with self.table.changed:
            self.state = state
            self.table.changed.notify()


@dataclass(eq=False)
class Table:
    """Sit two players at one table and look after them."""

    players: list[Player] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    deadlocks: int = 0

    def __enter__(self) -> Table:
        effects.schema()  # before anybody's statements are watched
        self.players = [Player(name=name, table=self) for name in ("first", "second")]
        with self.changed:
            self.changed.wait_for(lambda: all(p.state == "idle" for p in self.players), PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()
        for player in self.players:
            player.leave()

    def abandon(self) -> None:
        """Let every operation that has not ended roll back."""
        for player in self.players:
            player.abandon()
        for player in self.players:
            if player.state == "stopped":
                player.go()
        with self.changed:
            if not self.changed.wait_for(
                lambda: all(p.state in ("finished", "idle") for p in self.players), PATIENCE
            ):
                raise SchedulerLost("an abandoned operation did not end")

    def settle(self, *, moved: int | None = None) -> None:
        """Wait until every player stands before a step, has finished, or waits for a lock of the other."""
        end = time.monotonic() + PATIENCE
        first_look = True
        while True:
            with self.changed:
                # Who has just moved is waited for first: only its step can end the other's wait.
                watched = [p for p in self.players if p.state == "running" and not p.is_waiting]
                if watched:
                    self.changed.wait_for(lambda w=watched: all(p.state != "running" for p in w), LOOK_EVERY)
            running = [p for p in self.players if p.state == "running"]
            for player in self.players:
                if player.state != "running":
                    player.is_waiting = False
            if not running:
                return
            for player in running:
                player.is_waiting = player.state == "running" and self._waits(player)
            if all(p.is_waiting for p in running):
                if len(running) < len(self.players):
                    return
                if first_look:
                    # Both wait, for each other: PostgreSQL will end one of them.
                    self.deadlocks += 1
                    first_look = False
                time.sleep(0.05)
                for player in running:
                    player.is_waiting = False
            if time.monotonic() > end:
                raise SchedulerLost(f"still running: {[(p.name, p.next and p.next.words) for p in running]}")

    def _waits(self, player: Player) -> bool:
        others = [p.pid for p in self.players if p is not player]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_blocking_pids(%s) && %s::int[]", [player.pid, others])
            return bool(cursor.fetchone()[0])

    def may_move(self) -> list[int]:
        """List the players that stand before a step."""
        return [index for index, player in enumerate(self.players) if player.state == "stopped"]


@dataclass(frozen=True)
class Run:
    """Hold one order that was run to its end: who took each step, what it waited for, and what came of it."""

    order: str
    answers: tuple[Answer, Answer]
    deadlocks: int
    words: tuple[str, ...]
    waits: int


@dataclass(eq=False)
class _Point:
    """A point of the current order, before its step is taken."""

    may_move: list[int]
    next: dict[int, Step]
    chosen: int
    sleeping: set[int]
    to_try: set[int]
    tried: set[int] = field(default_factory=set)


@dataclass(eq=False)
class Exploration:
    """Go through the orders of two operations.

    *Shape*: `jobs` gives the two operations; `reset` brings the database back to the start.
    """

    table: Table
    jobs: tuple[Callable[[], Answer], Callable[[], Answer]]
    reset: Callable[[], None]
    runs: int = 0
    cut: int = 0
    is_complete: bool = False

    def explore(
        self, *, is_reduced: bool = True, limit: int | None = None, seed: int | None = None
    ) -> Iterator[Run]:
        """Run order after order; `limit` ends it early, a `seed` chooses which orders come first."""
        chance = random.Random(seed) if seed is not None else None
        points: list[_Point] = []
        while True:
            run = self._run(points, is_reduced=is_reduced, chance=chance)
            if run is None:
                self.cut += 1
            else:
                self.runs += 1
                yield run
            while points:
                point = points[-1]
                point.tried.add(point.chosen)
                left = sorted(point.to_try - point.tried - point.sleeping)
                if left:
                    point.chosen = left[0]
                    break
                points.pop()
            if not points:
                self.is_complete = True
                return
            if limit is not None and self.runs + self.cut >= limit:
                return

    def wander(self, *, times: int, seed: int) -> Iterator[Run]:
        """Run orders drawn by lot, without any reduction."""
        chance = random.Random(seed)
        for _ in range(times):
            run = self._run([], is_reduced=False, chance=chance)
            if run is None:
                raise SchedulerLost("an order was cut without a reduction")
            self.runs += 1
            yield run

    def one_after_the_other(self, *, is_whole: bool) -> Iterator[Run]:
        """Run the orders in which no transaction begins while another one is open.

        With `is_whole` these are two, one operation after the other; otherwise an operation of several
        transactions lets the other in between them.
        """
        points: list[_Point] = []
        while True:
            run = self._run(
                points, is_reduced=False, chance=None, serial="operation" if is_whole else "transaction"
            )
            if run is None:
                raise SchedulerLost("an order was cut without a reduction")
            yield run
            while points:
                point = points[-1]
                point.tried.add(point.chosen)
                left = sorted(point.to_try - point.tried)
                if left:
                    point.chosen = left[0]
                    break
                points.pop()
            if not points:
                return

    def _run(
        self,
        points: list[_Point],
        *,
        is_reduced: bool,
        chance: random.Random | None,
        serial: str = "",
    ) -> Run | None:
        """Run the order that `points` lead to, and on from there; None where it turns out to be a known one."""
        table, players = self.table, self.table.players
        self.reset()
        deadlocks = table.deadlocks
        for player, job in zip(players, self.jobs, strict=True):
            player.begin(job)
        table.settle()
        taken: list[tuple[int, Step]] = []
        known = [-1, -1]  # the last step of the other that certainly came before, for each player
        waits = 0
        inside: int | None = None  # who may not be interrupted, in a serial order
        while may_move := table.may_move():
            place = len(taken)
            if place == len(points):
                allowed = [inside] if inside in may_move else may_move
                point = self._next_point(points, allowed, is_reduced=is_reduced, taken=taken, chance=chance)
                if point is None:
                    table.abandon()
                    return None
                if not is_reduced:
                    point.to_try = set(allowed)
                points.append(point)
            point = points[place]
            who = point.chosen
            step = players[who].next
            if step is None or who not in may_move or step.words != point.next[who].words:
                raise SchedulerLost(f"an order did not repeat itself at step {place}: {step}")
            # Rows that are made on the way have another id each time.
            point.next = {index: again for index in may_move if (again := players[index].next) is not None}
            if is_reduced:
                self._mark_race(points, taken, who=who, step=step, known=known)
            taken.append((who, step))
            were_waiting = [index for index, player in enumerate(players) if player.is_waiting]
            players[who].go()
            table.settle()
            waits += players[who].is_waiting
            for index in were_waiting:
                if not players[index].is_waiting:
                    known[index] = place
            if serial:
                inside = None if step.ends and serial == "transaction" else who
        if any(player.state != "finished" for player in players):
            raise SchedulerLost(f"nobody can move: {[(p.state, p.is_waiting) for p in players]}")
        return Run(
            order="".join("AB"[who] for who, _ in taken),
            answers=(players[0].answer, players[1].answer),
            deadlocks=table.deadlocks - deadlocks,
            words=tuple(f"{'AB'[who]}: {step.words}" for who, step in taken),
            waits=waits,
        )

    def _next_point(
        self,
        points: list[_Point],
        may_move: list[int],
        *,
        is_reduced: bool,
        taken: list[tuple[int, Step]],
        chance: random.Random | None,
    ) -> _Point | None:
        players = self.table.players
        next_steps = {index: step for index in may_move if (step := players[index].next) is not None}
        sleeping: set[int] = set()
        if is_reduced and points:
            before = points[-1]
            step = taken[-1][1]
            sleeping = {
                index
                for index in (before.sleeping | before.tried) - {before.chosen}
                if index in next_steps and not are_dependent(before.next[index], step)
            }
        awake = [index for index in may_move if index not in sleeping]
        if not awake:
            return None
        if chance is not None:
            chosen = chance.choice(awake)
        else:
            last = taken[-1][0] if taken else 0
            chosen = last if last in awake else awake[0]
        return _Point(may_move, next_steps, chosen, sleeping, {chosen})

    def _mark_race(
        self, points: list[_Point], taken: list[tuple[int, Step]], *, who: int, step: Step, known: list[int]
    ) -> None:
        for place in range(len(taken) - 1, known[who], -1):
            other, earlier = taken[place]
            if other != who and are_dependent(earlier, step):
                point = points[place]
                point.to_try |= {who} if who in point.may_move else set(point.may_move)
                known[who] = place
                return


__all__ = ["Answer", "Exploration", "Player", "Run", "SchedulerLost", "Table"]
