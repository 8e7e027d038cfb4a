"""Subscriptions: the termination, the cycles with their charges, and what a terminated one must have let go."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check
from subscriptions.checks.names import SUBSCRIPTION

registry.declare(
    __name__,
    400,
    Check(
        "termination_missing",
        "it is terminated, but there is no termination",
        f"""
        SELECT {SUBSCRIPTION} AS place FROM subscriptions_subscription s
        LEFT JOIN subscriptions_termination t ON t.subscription_id = s.id
        WHERE s.status = 'terminated' AND t.id IS NULL ORDER BY s.id
        """,
    ),
    Check(
        "termination_not_applied",
        "there is a termination, but the subscription is {status} and points at {ref}",
        f"""
        SELECT {SUBSCRIPTION} AS place, s.status,
               CASE WHEN s.termination_ref IS NULL THEN 'none'
                    WHEN s.termination_ref = t.id THEN 'it' ELSE 'another one' END AS ref
        FROM subscriptions_subscription s JOIN subscriptions_termination t ON t.subscription_id = s.id
        WHERE s.status <> 'terminated' OR s.termination_ref IS DISTINCT FROM t.id ORDER BY s.id
        """,
    ),
    Check(
        "termination_renews",
        "it is terminated, but would renew",
        f"""
        SELECT {SUBSCRIPTION} AS place FROM subscriptions_subscription s
        WHERE s.status = 'terminated' AND s.auto_renew ORDER BY s.id
        """,
    ),
    Check(
        # A stored "active" may lag behind until the nightly run; "expired" before its time can't be.
        "status",
        "its stored status is expired, but it is usable through {expires_on}",
        f"""
        SELECT {SUBSCRIPTION} AS place, s.expires_on FROM subscriptions_subscription s
        WHERE s.status = 'expired' AND s.expires_on >= %(latest_today)s ORDER BY s.id
        """,
    ),
    Check(
        "expiry",
        "it expires on {expires_on}, its last cycle ends on {last_day}",
        f"""
        SELECT {SUBSCRIPTION} AS place, s.expires_on, c.day_after - 1 AS last_day
        FROM subscriptions_subscription s
        JOIN (SELECT subscription_id, max(day_after) AS day_after FROM subscriptions_cycle GROUP BY 1) c
            ON c.subscription_id = s.id
        WHERE s.expires_on <> c.day_after - 1 ORDER BY s.id
        """,
    ),
    Check(
        "cycle_length",
        "the cycle from {first_day} has {months} months, so it ends before {wanted}, not before {day_after}",
        f"""
        SELECT {SUBSCRIPTION} AS place, c.first_day, c.months, c.day_after, w.wanted
        FROM subscriptions_cycle c JOIN subscriptions_subscription s ON s.id = c.subscription_id
        CROSS JOIN LATERAL (
            SELECT (date_trunc('month', c.first_day::timestamp) + make_interval(months => c.months)) AS month) m
        CROSS JOIN LATERAL (
            -- The anchor day, or the last day of a month that is too short for it.
            SELECT least((m.month + interval '1 month' - interval '1 day')::date,
                         m.month::date + extract(day FROM s.started_on)::int - 1) AS wanted) w
        WHERE c.day_after <> w.wanted ORDER BY s.id, c.first_day
        """,
    ),
    Check(
        "cycle_without_charge",
        "nothing was charged for the cycle from {first_day}",
        f"""
        SELECT {SUBSCRIPTION} AS place, c.first_day
        FROM subscriptions_cycle c JOIN subscriptions_subscription s ON s.id = c.subscription_id
        LEFT JOIN subscriptions_cyclecharge h ON h.cycle_id = c.id
        WHERE h.id IS NULL ORDER BY s.id, c.first_day
        """,
    ),
    Check(
        "cycle_charge",
        "invoice {number}, line {line} charges for days outside the cycle from {first_day}, or in another currency",
        f"""
        SELECT {SUBSCRIPTION} AS place, c.first_day, i.number, l.id AS line
        FROM subscriptions_cyclecharge h
        JOIN subscriptions_cycle c ON c.id = h.cycle_id
        JOIN subscriptions_subscription s ON s.id = c.subscription_id
        JOIN invoicing_chargeline l ON l.id = h.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE h.first_day < c.first_day OR h.day_after > c.day_after OR l.currency <> s.currency
        ORDER BY s.id, c.first_day, l.id
        """,
    ),
    Check(
        "cycle_charge_kind",
        "invoice {number}, line {line} is {kind}, which no cycle is charged by",
        f"""
        SELECT {SUBSCRIPTION} AS place, i.number, l.id AS line, l.kind
        FROM subscriptions_cyclecharge h
        JOIN subscriptions_cycle c ON c.id = h.cycle_id
        JOIN subscriptions_subscription s ON s.id = c.subscription_id
        JOIN invoicing_chargeline l ON l.id = h.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE l.kind IN ('activation_fee', 'usage') ORDER BY s.id, l.id
        """,
    ),
    Check(
        "number_in_use",
        "number {number} is in use, but its subscription is terminated",
        f"""
        SELECT {SUBSCRIPTION} AS place, n.number
        FROM subscriptions_phonenumber n JOIN subscriptions_subscription s ON s.id = n.subscription_id
        WHERE s.status = 'terminated' AND n.status = 'in_use' ORDER BY n.id
        """,
    ),
    Check(
        "contract_item",
        "its place in contract {reference} is not freed, but the subscription is terminated",
        f"""
        SELECT {SUBSCRIPTION} AS place, c.reference
        FROM subscriptions_contractitem i JOIN subscriptions_subscription s ON s.id = i.subscription_id
        JOIN subscriptions_contract c ON c.id = i.contract_id
        WHERE s.status = 'terminated' AND i.freed_on IS NULL ORDER BY i.id
        """,
    ),
    Check(
        "assignment",
        "{email} is still assigned to it, but it is terminated",
        f"""
        SELECT {SUBSCRIPTION} AS place, m.email
        FROM subscriptions_assignment g JOIN subscriptions_subscription s ON s.id = g.subscription_id
        JOIN customers_member m ON m.id = g.member_id
        WHERE s.status = 'terminated' AND g.ended_on IS NULL ORDER BY g.id
        """,
    ),
)
