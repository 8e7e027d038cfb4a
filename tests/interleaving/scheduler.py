"""Run two operations in two real transactions and decide, statement by statement, who goes next.

**What is one order.** Each player (a thread with its own connection) stops before every statement and before
every commit and rollback; whoever the scheduler names goes on to its next stop. A statement that waits for a
lock is recognised by PostgreSQL's own word (`pg_blocking_pids`); then the other player has to go on, and after
each of its steps the scheduler looks whether the wait is over. So "began, waited, went on with what it had seen"
and "began only after the commit" are two orders, as they are two things for PostgreSQL: under READ COMMITTED a
statement sees what was committed when it began.

**What is not here.** When a commit wakes a waiting statement, that statement finishes before anybody takes the
next step; that the other player's *next transaction* overtakes it on the same row is not tried (only
`terminate_expired` has more than one).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connection

from tests.interleaving import effects
from tests.interleaving.effects import Step

PATIENCE = 30.0
LOOK_EVERY = 0.01

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
        # The stubs know neither.
        own: Any = connection
        commit, rollback = own._commit, own._rollback

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

        own._commit, own._rollback = stop_and_commit, stop_and_roll_back
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
            own._commit, own._rollback = commit, rollback
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


def _all_stand(players: list[Player]) -> bool:
    return all(player.state != "running" for player in players)


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

    def settle(self) -> None:
        """Wait until every player stands before a step, has finished, or waits for a lock of the other."""
        end = time.monotonic() + PATIENCE
        first_look = True
        while True:
            with self.changed:
                # Who has just moved is waited for first: only its step can end the other's wait.
                watched = [p for p in self.players if p.state == "running" and not p.is_waiting]
                if watched:
                    self.changed.wait_for(partial(_all_stand, watched), LOOK_EVERY)
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
