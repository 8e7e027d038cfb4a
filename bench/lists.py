"""How long every list takes, page by page, beside the list of invoices of an older checkout on the same database.

For each page of ours the older list's first page is asked for, by turns: what else the machine does falls on both.
Whatever seems too slow is asked for again, three times as often, so that chance does not decide.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest import mock

import psycopg

from bench import compare, listed
from bench.client import Client
from bench.figures import Figure, Measured
from bench.world import PASSWORD, SUPERUSER, World, say
from portal import embedded

if TYPE_CHECKING:
    from bench.asked import Asked  # it reads models

AT_MOST = 1.5
FIGURES = (Figure(name="lists_worst_ratio", says="a page of a list, times the list of invoices", at_most=AT_MOST),)

ROUNDS = 9
"""How often each page is asked for."""
_WARM_UP = 2
_AGAIN = 3
_THOROUGH = 20_000
"""Organisations from which on values and rounds are not cut short: below, it is only shown that all works."""
INVOICES = "/invoices/"


@dataclass(frozen=True)
class Timed:
    """What a page took, and the list of invoices beside it. *Units*: medians in seconds."""

    asked: Asked
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


def measure(world: World) -> list[Measured]:
    """Ask for each page of each list on a copy that has rows for all of them."""
    is_thorough = world.rows >= _THOROUGH
    with world.copy() as url:
        with world.connect(url) as connection:
            listed.write(connection)
        with _django_on(url):
            from bench import asked

            pages = list(asked.every(is_thorough=is_thorough))
        say(f"    {len(pages)} pages of lists")
        with _browsers(world, url) as (ours, theirs):
            if not is_thorough:
                return [_told(timed_by_turns(pages, ours, theirs, 1, 0, pages_a_turn=len(pages)))]
            rounds, warm_up = ROUNDS, _WARM_UP
            found = {timed.asked: timed for timed in timed_by_turns(pages, ours, theirs, rounds, warm_up)}
            if slow := [page for page in pages if found[page].ratio > AT_MOST]:
                again = timed_by_turns(slow, ours, theirs, rounds * _AGAIN, warm_up)
                found |= {timed.asked: timed for timed in again}
    return [_told(list(found.values()))]


def timed_by_turns(
    pages: Sequence[Asked], ours: Client, theirs: Client, rounds: int, warm_up: int, *, pages_a_turn: int = 1
) -> list[Timed]:
    """Ask for all pages round by round, in turn with the list of invoices: a page a turn, or more of them."""
    times: list[list[tuple[float, float]]] = [[] for _ in pages]
    peer = 0.0
    for number in range(-warm_up, rounds):
        for place, (page, taken) in enumerate(zip(pages, times, strict=True)):
            seconds = ours.get(page.address).seconds
            if place % pages_a_turn == 0:
                peer = theirs.get(INVOICES).seconds
            if number >= 0:
                taken.append((seconds, peer))
    return [
        Timed(page, *(statistics.median(side) for side in zip(*taken, strict=True)))
        for page, taken in zip(pages, times, strict=True)
    ]


@contextlib.contextmanager
def _browsers(world: World, url: str) -> Iterator[tuple[Client, Client]]:
    """Serve this checkout and the other one; where no other is given, this one is its own peer."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(world.serve(url))
        other = port
        if world.beside != embedded.ROOT:
            side = compare.Side(name="beside", root=world.beside, world=world, url=url)
            other = stack.enter_context(side.serve(url))
        ours, theirs = Client(port), Client(other)
        for browser in (ours, theirs):
            browser.log_in(SUPERUSER, PASSWORD)
        yield ours, theirs


@contextlib.contextmanager
def _django_on(url: str) -> Iterator[None]:
    """Let Django in this process read another database than that of N organisations."""
    from django.db import connection

    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with mock.patch.dict(connection.settings_dict, NAME=name):
        connection.close()
        try:
            yield
        finally:
            connection.close()


def table(every: Sequence[Timed]) -> str:
    """Lay out what each page took, the slowest first, as Markdown."""
    lines = ["| Ratio | ms | Invoices, ms | List | Asked for |", "|---|---|---|---|---|"]
    lines += [
        f"| {timed.ratio:.2f} | {timed.ours * 1000:.1f} | {timed.theirs * 1000:.1f} | {timed.asked.list} "
        f"| {timed.asked.words} |"
        for timed in every
    ]
    return "\n".join(lines)


def summary(every: Sequence[Timed]) -> str:
    """Lay out each list in a line, that of the slowest page first."""
    lines = ["| List | Pages | Median ratio | Worst | ms | Asked for |", "|---|---|---|---|---|---|"]
    for name in dict.fromkeys(timed.asked.list for timed in every):
        own = [timed for timed in every if timed.asked.list == name]
        median = statistics.median(timed.ratio for timed in own)
        lines.append(
            f"| {name} | {len(own)} | {median:.2f} | {own[0].ratio:.2f} | {own[0].ours * 1000:.1f} "
            f"| {own[0].asked.words} |"
        )
    return "\n".join(lines)


def _told(found: Sequence[Timed]) -> Measured:
    """Tell what each page took, and give the figure of the slowest."""
    every = sorted(found, key=lambda timed: timed.ratio, reverse=True)
    say(table(every))
    say(summary(every))
    worst = every[0]
    slow = sum(timed.ratio > AT_MOST for timed in every)
    return Measured(
        name="lists_worst_ratio",
        value=worst.ratio,
        ours=f"{worst.asked.list}, {worst.asked.words}: {worst.ours * 1000:.1f} ms; {slow} of {len(every)} pages "
        f"above {AT_MOST}, median ratio {statistics.median(timed.ratio for timed in every):.2f}",
        peer=f"{worst.theirs * 1000:.1f} ms",
    )
