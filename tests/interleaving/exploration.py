"""Go through the orders of two operations, each from the same state of the database.

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
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.interleaving.effects import Step, are_dependent
from tests.interleaving.scheduler import Answer, SchedulerLost, Table

_TRIES = 3


class NotRepeated(SchedulerLost):
    """Say that an order took another way than the time before."""


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
        """Run the order that `points` lead to, and on from there; None where it turns out to be a known one.

        Whom PostgreSQL rolls back in a deadlock is up to its clock: an order that went otherwise is run again.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._once(points, is_reduced=is_reduced, chance=chance, serial=serial)
            except NotRepeated:
                self.table.abandon()
        return self._once(points, is_reduced=is_reduced, chance=chance, serial=serial)

    def _once(
        self, points: list[_Point], *, is_reduced: bool, chance: random.Random | None, serial: str
    ) -> Run | None:
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
                raise NotRepeated(f"an order did not repeat itself at step {place}: {step}")
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
