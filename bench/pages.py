"""How long the server takes for the pages that agents open, deep in a list as well, beside Django's admin.

Times are those of one browser over a connection that is kept, from the first byte sent to the last one read: the
server's time and the little that this machine adds between two of its processes.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

from bench import figures, walk
from bench.client import Client
from bench.figures import Figure, Measured
from bench.world import AGENTS, AUDITOR, PASSWORD, SUPERUSER, World

FIGURES = (
    Figure(name="pages_p95_ms", says="a page of the portal, p95", at_most=25),
    Figure(name="pages_deep_ratio", says="a list after 500,000 rows, times its first page", at_most=1.1),
    Figure(name="pages_vs_admin", says="lists, times quicker than the admin's of the same rows", at_least=10),
)

ROUNDS = 40
"""How often each page is asked for; a different customer each time."""

ADMIN_ROUNDS = 5
_WARM_UP = 5
"""Rounds before those that count, for the admin's lists too."""
DEPTH = 500_000


@dataclass(frozen=True)
class _List:
    """A list of 50 rows. *Shape*: `deep` is the key that its deep page begins at."""

    name: str
    address: str
    model: str
    table: str
    deep: int


_LISTS = (
    ("invoices", "/invoices/", "invoicing.Invoice", "invoicing_invoice"),
    ("notes", "/credit-notes/", "invoicing.CreditNote", "invoicing_creditnote"),
    ("audit", "/audit/", "audit.AuditEntry", "audit_auditentry"),
)


def measure(world: World) -> list[Measured]:
    """Ask for every page again and again, the first and the deep ones in turns."""
    lists, customers = _what_there_is(world)
    warm_up, theirs_most = world.warm_up(_WARM_UP), min(ADMIN_ROUNDS, world.times(ROUNDS))
    port = world.serve_readers()
    agent, auditor = Client(port), Client(port)
    agent.log_in(AGENTS[0], PASSWORD)
    auditor.log_in(AUDITOR, PASSWORD)
    times: dict[str, list[float]] = {}
    for number in range(-warm_up, world.times(ROUNDS)):
        uuid, subscription = customers[number]
        for name, address in (
            ("organisation", f"/customers/{uuid}/"),
            ("subscriptions tab", f"/customers/{uuid}/subscriptions/"),
            ("sidebar", f"/subscriptions/{subscription}/"),
            *((entry.name, entry.address) for entry in lists),
            *((f"{entry.name}, deep", f"{entry.address}?after={entry.deep}") for entry in lists),
        ):
            headers = walk.HTMX if name == "sidebar" else {}
            # Agents see no audit.
            browser = auditor if name.startswith("audit") else agent
            seconds = browser.get(address, headers=headers).seconds
            if number >= 0:
                times.setdefault(name, []).append(seconds)
    theirs, plain = _beside(lists, rounds=theirs_most, warm_up=warm_up)
    return _figures(times, theirs, plain)


def _beside(lists: Sequence[_List], *, rounds: int, warm_up: int) -> tuple[dict[str, float], float]:
    """Give the seconds of Django's own admin for the lists, and what share is left without filters and dates.

    It is no part of the portal, so both are asked for in this process, in turns: without HTTP, which ours include.
    """
    from django.apps import apps
    from django.conf import settings
    from django.contrib.auth.models import User

    from bench import stock_admin

    # The server may have files of an installation, and this process none.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    superuser = User.objects.get(username=SUPERUSER)
    theirs: dict[str, float] = {}
    plain = 0.0
    for entry in lists:
        page = stock_admin.page_of(apps.get_model(entry.model))

        def ask(page: Any = page) -> float:
            started = time.perf_counter()
            stock_admin.render(page, superuser)
            return time.perf_counter() - started

        both = []
        for _ in range(-warm_up, rounds):
            as_it_is = ask()
            with mock.patch.multiple(page, list_filter=(), date_hierarchy=None):
                both.append((as_it_is, ask()))
        theirs[entry.name] = statistics.median(seconds for seconds, _ in both[warm_up:])
        plain += statistics.median(seconds for _, seconds in both[warm_up:])
    return theirs, plain / sum(theirs.values())


def _figures(times: dict[str, list[float]], theirs: dict[str, float], plain: float) -> list[Measured]:
    ours = {name: statistics.median(values) for name, values in times.items()}
    worst = max(ours, key=lambda name: figures.p95(times[name]))
    ratios = {name: ours[f"{name}, deep"] / ours[name] for name in theirs}
    deepest = max(ratios, key=lambda name: ratios[name])
    together, peers = sum(ours[name] for name in theirs), sum(theirs.values())
    every = [seconds for values in times.values() for seconds in values]
    slowest = figures.p95(times[worst]) * 1000
    return [
        Measured(
            name="pages_p95_ms",
            value=figures.p95(every) * 1000,
            ours=f"slowest: {worst} {slowest:.1f} ms; medians "
            + ", ".join(f"{name} {seconds * 1000:.1f}" for name, seconds in ours.items()),
        ),
        Measured(
            name="pages_deep_ratio",
            value=ratios[deepest],
            ours=f"{deepest} {ours[f'{deepest}, deep'] * 1000:.1f} ms",
            peer=f"{ours[deepest] * 1000:.1f} ms",
        ),
        Measured(
            name="pages_vs_admin",
            value=peers / together,
            ours=f"{together * 1000:.0f} ms for the three lists",
            peer=f"{peers * 1000:.0f} ms ("
            + ", ".join(f"{name} {seconds * 1000:.0f}" for name, seconds in theirs.items())
            + f"); without its filters and dates {peers * plain / together:.1f} times",
        ),
    ]


def _what_there_is(world: World) -> tuple[list[_List], list[tuple[str, str]]]:
    """Find the deep keys of the lists, and customers with a subscription, all over the database."""
    with world.connect() as connection:
        lists = []
        for name, address, model, table in _LISTS:
            row = connection.execute(
                # As deep as there are rows for a whole page, where there are not as many.
                f"SELECT id FROM {table} ORDER BY id DESC"
                f" OFFSET (SELECT greatest(0, least({DEPTH}, count(*) - 51)) FROM {table}) LIMIT 1"
            ).fetchone()
            lists.append(_List(name, address, model, table, row[0] if row else 0))
        customers = connection.execute(
            """
            SELECT o.uuid::text, s.uuid::text FROM subscriptions_subscription s
            JOIN customers_organisation o ON o.id = s.organisation_id
            ORDER BY md5(s.id::text) LIMIT %s
            """,
            [ROUNDS + 5],
        ).fetchall()
    return lists, [customers[number % len(customers)] for number in range(ROUNDS + 5)]
