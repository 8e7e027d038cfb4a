"""How long the server takes for the pages that agents open, deep in a list as well, beside Django's admin.

Times are those of one browser over a connection that is kept, from the first byte sent to the last one read: the
server's time and the little that this machine adds between two of its processes.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from tests.bench import figures
from tests.bench.client import Client
from tests.bench.figures import Figure, Measured
from tests.bench.world import PASSWORD, SUPERUSER, World

FIGURES = (
    Figure(name="pages_p95_ms", says="a page of the portal, p95", at_most=25),
    Figure(name="pages_deep_ratio", says="a list after 500,000 rows, times its first page", at_most=1.1),
    Figure(name="pages_vs_admin", says="lists, times quicker than the admin's of the same rows", at_least=10),
)

ROUNDS = 40
"""How often each page is asked for; a different customer each time."""

ADMIN_ROUNDS = 5
DEPTH = 500_000


@dataclass(frozen=True)
class _List:
    """A list of 50 rows. *Shape*: `deep` is the key that its deep page begins at."""

    name: str
    address: str
    admin: str
    table: str
    deep: int


_LISTS = (
    ("invoices", "/invoices/", "/admin/invoicing/invoice/", "invoicing_invoice"),
    ("notes", "/credit-notes/", "/admin/invoicing/creditnote/", "invoicing_creditnote"),
    ("audit", "/audit/", "/admin/audit/auditentry/", "audit_auditentry"),
)


def measure(world: World) -> list[Measured]:
    """Ask for every page again and again, the first and the deep ones in turns."""
    lists, customers = _what_there_is(world)
    with world.serve() as port:
        browser = Client(port)
        browser.log_in(SUPERUSER, PASSWORD)
        times: dict[str, list[float]] = {}
        for number in range(-5, ROUNDS):  # the first ones warm up both web processes
            uuid, subscription = customers[number]
            for name, address in (
                ("organisation", f"/customers/{uuid}/"),
                ("subscriptions tab", f"/customers/{uuid}/subscriptions/"),
                ("sidebar", f"/subscriptions/{subscription}/"),
                *((entry.name, entry.address) for entry in lists),
                *((f"{entry.name}, deep", f"{entry.address}?before={entry.deep}") for entry in lists),
            ):
                headers = {"HX-Request": "true"} if name == "sidebar" else {}
                seconds = browser.get(address, **headers).seconds
                if number >= 0:
                    times.setdefault(name, []).append(seconds)
        theirs = {
            entry.name: statistics.median(browser.get(entry.admin).seconds for _ in range(ADMIN_ROUNDS))
            for entry in lists
        }
    return _figures(times, theirs)


def _figures(times: dict[str, list[float]], theirs: dict[str, float]) -> list[Measured]:
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
            + ")",
        ),
    ]


def _what_there_is(world: World) -> tuple[list[_List], list[tuple[str, str]]]:
    """Find the deep keys of the lists, and customers with a subscription, all over the database."""
    with world.connect() as connection:
        lists = []
        for name, address, admin, table in _LISTS:
            row = connection.execute(
                # As deep as there are rows for a whole page, where there are not as many.
                f"SELECT id FROM {table} ORDER BY id DESC"
                f" OFFSET (SELECT greatest(0, least({DEPTH}, count(*) - 51)) FROM {table}) LIMIT 1"
            ).fetchone()
            lists.append(_List(name, address, admin, table, row[0] if row else 0))
        customers = connection.execute(
            """
            SELECT o.uuid::text, s.uuid::text FROM subscriptions_subscription s
            JOIN customers_organisation o ON o.id = s.organisation_id
            ORDER BY md5(s.id::text) LIMIT %s
            """,
            [ROUNDS + 5],
        ).fetchall()
    return lists, [customers[number % len(customers)] for number in range(ROUNDS + 5)]
