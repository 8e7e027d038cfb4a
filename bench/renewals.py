"""A night of renewals beside the same writes by hand, each one statement over everything, in one transaction.

In each copy of the database everything that has not ended expires in three days, renews, and can pay. Ours and the
floor leave the same rows, or nothing counts.
"""

from __future__ import annotations

import json
import statistics
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench import population, renewals_floor
from bench.figures import Figure, Measured, in_turns
from bench.world import World, say

FIGURES = (
    Figure(name="renewals_vs_floor", says="renewals a second, times one transaction by hand", at_least=0.6),
    Figure(name="renewals_memory_mb", says="memory above that of a tenth of them", at_most=20),
)

# Cycles go by a long way first: on their way to their new days they would meet others of their subscription.
_AWAY = 36_525
_TABLES = (
    "subscriptions_subscription",
    "subscriptions_cycle",
    "subscriptions_cyclecharge",
    "subscriptions_contractitem",
    "customers_organisation",
    "customers_creditaccount",
    "settings_app_portalconfigversion",
)
_PREPARE = (
    *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in _TABLES),
    """
    CREATE TEMPORARY TABLE moved AS
    SELECT id, current_date + 3 - expires_on AS by FROM subscriptions_subscription WHERE status <> 'terminated'
    """,
    f"""
    UPDATE subscriptions_cycle c SET first_day = first_day + {_AWAY}, day_after = day_after + {_AWAY}
    FROM moved m WHERE m.id = c.subscription_id
    """,
    f"""
    UPDATE subscriptions_cycle c
    SET first_day = first_day + m.by - {_AWAY}, day_after = day_after + m.by - {_AWAY}
    FROM moved m WHERE m.id = c.subscription_id
    """,
    """
    UPDATE subscriptions_cyclecharge g SET first_day = g.first_day + m.by, day_after = g.day_after + m.by
    FROM subscriptions_cycle c JOIN moved m ON m.id = c.subscription_id WHERE c.id = g.cycle_id
    """,
    """
    UPDATE subscriptions_subscription s
    SET expires_on = expires_on + m.by, started_on = started_on + m.by, status = 'active', auto_renew = true,
        is_trial = false
    FROM moved m WHERE m.id = s.id
    """,
    "DELETE FROM subscriptions_contractitem",
    "UPDATE customers_organisation SET status = 'active'",
    "UPDATE customers_creditaccount SET credit_limit = 1000000000",
    """
    UPDATE settings_app_portalconfigversion SET renewals_are_made_here = true
    WHERE id = (SELECT version_id FROM settings_app_confighead)
    """,
    *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in _TABLES),
)

# What a night leaves behind, as far as it is not made up by chance or by the clock.
_LEFT = """
SELECT 'subscriptions', status, count(*), sum(expires_on - current_date)::numeric FROM subscriptions_subscription
    GROUP BY 2
UNION ALL SELECT 'cycles', months::text, count(*), sum(day_after - first_day) FROM subscriptions_cycle GROUP BY 2
UNION ALL SELECT 'charges', l.kind, count(*), sum(l.net + l.tax + l.paid) FROM subscriptions_cyclecharge g
    JOIN invoicing_chargeline l ON l.id = g.line_id GROUP BY 2
UNION ALL SELECT 'invoices', kind || status, count(*), sum(charged + paid) + max(sequence_number)
    FROM invoicing_invoice GROUP BY 2
UNION ALL SELECT 'payments', method, count(*), sum(amount) FROM invoicing_payment GROUP BY 2
UNION ALL SELECT 'entries', kind || is_unbilled, count(*), sum(amount) FROM customers_ledgerentry GROUP BY 2
UNION ALL SELECT 'accounts', '', count(*), sum(balance) FROM customers_creditaccount
UNION ALL SELECT 'events', coalesce(kind, ''), count(*), sum(hashtextextended(data ->> 'first_day', 0))
    FROM audit_auditentry WHERE kind = 'subscription.renewed' GROUP BY 2
ORDER BY 1, 2
"""


def measure(world: World) -> list[Measured]:
    """Renew copies of the database, and of one of a tenth."""
    at = datetime.now(UTC)
    small = world.tenth()
    ours: list[dict[str, Any]] = []
    tenth: list[dict[str, Any]] = []
    left: list[Any] = []

    def night(where: World, answers: list[dict[str, Any]]) -> float:
        with where.copy() as url:
            _prepare(where, url)
            answers.append(json.loads(where.python("-m", "bench.night", "renew", at.isoformat(), url=url)))
            say(f"    ours: {answers[-1]['seconds']:.1f} s for {answers[-1]['renewed']:,}")
            if where is world:
                left.append(_left(where, url))
        return float(answers[-1]["seconds"])

    def floor() -> float:
        with world.copy() as url:
            _prepare(world, url)
            seconds = renewals_floor.run(world, url, at=at)
            say(f"    by hand: {seconds:.1f} s")
            left.append(_left(world, url))
        return seconds

    one, by_hand, _ = in_turns(lambda: night(world, ours), floor, lambda: night(small, tenth), turns=world.turns)
    for other in left[1:]:
        if other != left[0]:
            raise RuntimeError(f"what was left differs: {set(left[0]) ^ set(other)}")
    renewed, documents = ours[0]["renewed"], ours[0]["documents"]
    peak, small_peak = (statistics.median(run["peak_mb"] for run in runs) for runs in (ours, tenth))
    return [
        Measured(
            name="renewals_vs_floor",
            value=by_hand / one,
            ours=f"{renewed / one:,.0f} a second, {renewed:,} on {documents:,} documents in {one:.1f} s",
            peer=f"{renewed / by_hand:,.0f} a second, {by_hand:.1f} s",
        ),
        Measured(
            name="renewals_memory_mb",
            value=peak - small_peak,
            ours=f"{peak:.1f} MB for {renewed:,}, {small_peak:.1f} for {tenth[0]['renewed']:,}",
        ),
    ]


def _prepare(world: World, url: str) -> None:
    """Let everything be due, and read what a night reads, as after a day's work."""
    with world.connect(url) as connection:
        for statement in _PREPARE:
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
        for table in population.TABLES:
            connection.execute(psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table)))


def _left(world: World, url: str) -> list[Any]:
    with world.connect(url) as connection:
        return connection.execute(_LEFT).fetchall()
