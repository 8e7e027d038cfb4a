"""All files but those of the customers: their columns, what a value and a row must be."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from customers.imports.files import ORGANISATIONS
from portal.audit import names
from portal.importing import columns, values
from portal.importing.shapes import Column, Declared, File, Row
from portal.lib import money
from subscriptions.imports import known

LARGEST = Decimal("999999999999.9999")
# What all of an organisation's charges, its balance and its limit may come to: an account holds what comes back.
MOST_OF_ALL = 10**13


def _plan(row: Row) -> Iterator[tuple[str, str]]:
    currency, price = row["currency"], row["price_per_month"]
    if currency and price:
        digits = money.minor_digits(currency)
        given = len(price.partition(".")[2])
        if given > digits:
            yield "price_per_month", f"{given} decimals, expected at most the {digits} of {currency}"


def _contract(row: Row) -> Iterator[tuple[str, str]]:
    starts_on, ends_on = row["starts_on"], row["ends_on"]
    if starts_on and ends_on and ends_on < starts_on:
        yield "ends_on", f"the contract ends before it starts, expected {starts_on} or later"


def _subscription(row: Row) -> Iterator[tuple[str, str]]:
    status, started_on = row["status"], row["started_on"]
    ended_on, expires_on = row["terminated_on"], row["expires_on"]
    if status == "terminated" and not ended_on:
        yield "terminated_on", "missing, expected the day the subscription was terminated"
    if status in ("active", "expired"):
        if ended_on:
            yield "terminated_on", f"given for the status {status}, expected nothing"
        if row["termination_reason"]:
            yield "termination_reason", f"given for the status {status}, expected nothing"
    if ended_on and started_on and ended_on < started_on:
        yield "terminated_on", f"before the subscription started, expected {started_on} or later"
    if expires_on and started_on and expires_on < started_on:
        yield "expires_on", f"before the subscription started, expected {started_on} or later"


def _cycle(row: Row) -> Iterator[tuple[str, str]]:
    net, tax, paid = row["net"], row["tax"], row["paid"]
    if net and tax:
        charged = Decimal(net) + Decimal(tax)
        if charged > LARGEST:
            yield "tax", "net and tax together are too large, expected at most 12 digits before the point"
        elif paid and Decimal(paid) > charged:
            yield "paid", f"{paid} is above net + tax, expected at most {charged}"


def _credit_note(row: Row) -> Iterator[tuple[str, str]]:
    net, tax = row["net"], row["tax"]
    if net and tax and Decimal(net) + Decimal(tax) > LARGEST:
        yield "tax", "net and tax together are too large, expected at most 12 digits before the point"
    pair = ("subscription_uuid", "cycle_starts_on")
    for given, missing in (pair, reversed(pair)):
        if row[given] and not row[missing]:
            yield missing, f"missing while {given} is given, expected both or neither"


PLANS = File(
    "plans",
    names.SUBSCRIPTIONS,
    (
        columns.text("sku", 100),
        columns.text("product", 120),
        columns.text("name", 200),
        Column("currency", values.currency),
        columns.amount("price_per_month"),
    ),
    key=("sku",),
    faulted="sku",
    kept=known.PLANS,
    rule=_plan,
)
CONTRACTS = File(
    "contracts",
    names.SUBSCRIPTIONS,
    (
        columns.text("reference", 100),
        columns.uuid("organisation_uuid", refers=ORGANISATIONS),
        columns.code("billing_plan", "as_incurred", "milestone"),
        columns.day("starts_on"),
        columns.day("ends_on"),
        columns.optional_code(
            "status", "pending", "ready", "in_progress", "completed", "cancelled", default="pending"
        ),
    ),
    key=("reference",),
    faulted="reference",
    kept=known.CONTRACTS,
    rule=_contract,
)
SUBSCRIPTIONS = File(
    "subscriptions",
    names.SUBSCRIPTIONS,
    (
        columns.uuid("uuid"),
        columns.uuid("organisation_uuid", refers=ORGANISATIONS),
        columns.text("sku", 100, refers=PLANS),
        columns.code("status", "active", "expired", "terminated"),
        columns.day("started_on"),
        columns.boolean("auto_renew"),
        columns.boolean("trial"),
        columns.optional_text("contract_reference", 100, refers=CONTRACTS),
        columns.optional_day("expires_on", values.last_day),
        columns.optional_day("terminated_on", values.last_day),
        Column("termination_reason", values.paragraph(2000), required=False),
    ),
    key=("uuid",),
    faulted="uuid",
    kept=known.SUBSCRIPTIONS,
    rule=_subscription,
)
CYCLES = File(
    "cycles",
    names.SUBSCRIPTIONS,
    (
        columns.uuid("subscription_uuid", refers=SUBSCRIPTIONS),
        columns.day("starts_on"),
        Column("months", values.months, "integer"),
        columns.amount("net"),
        columns.amount("tax"),
        columns.amount("paid"),
        columns.text("invoice_number", 60),
        columns.optional_day("invoice_issued_on"),
        columns.optional_amount("activation_fee", values.amount),
        columns.boolean("external_invoice"),
    ),
    key=("subscription_uuid", "starts_on"),
    faulted="starts_on",
    kept=known.CYCLES,
    rule=_cycle,
)
NUMBERS = File(
    "numbers",
    names.SUBSCRIPTIONS,
    (
        Column("number", values.phone_number),
        columns.uuid("subscription_uuid", refers=SUBSCRIPTIONS),
        columns.boolean("ported_in"),
    ),
    key=("number", "subscription_uuid"),
    faulted="number",
    kept=known.NUMBERS,
)
CREDIT_NOTES = File(
    "credit_notes",
    names.INVOICES,
    (
        columns.text("number", 60),
        columns.uuid("organisation_uuid", refers=ORGANISATIONS),
        columns.amount("net"),
        columns.amount("tax"),
        columns.code("status", "draft", "sent", "applied", "void"),
        columns.optional_day("issued_on"),
        columns.optional_uuid("subscription_uuid", refers=SUBSCRIPTIONS),
        columns.optional_day("cycle_starts_on"),
    ),
    key=("number",),
    faulted="number",
    kept=known.CREDIT_NOTES,
    rule=_credit_note,
)

FILES = (PLANS, CONTRACTS, SUBSCRIPTIONS, CYCLES, NUMBERS, CREDIT_NOTES)


def owners(declared: Declared) -> str:
    """Write the query of the organisations whose subscriptions the directory names, without naming them."""
    return f"""
        SELECT o.uuid FROM ({declared.keys_of(SUBSCRIPTIONS)}) n
        JOIN subscriptions_subscription p ON p.uuid = n.uuid
        JOIN customers_organisation o ON o.id = p.organisation_id
    """  # noqa: S608 - from the declarations
