"""The import format as data: which files there are, their columns, what a value and a row must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from portal.audit import names
from portal.importing import values
from portal.importing.values import Parser
from portal.lib import money, text

# Canonical values by column, None where nothing usable was given.
Row = dict[str, str | None]
# What is wrong within a row: the column, and the sentence.
RowRule = Callable[[Row], Iterator[tuple[str, str]]]

LARGEST = Decimal("999999999999.9999")
# What all of an organisation's charges, its balance and its limit may come to: an account holds what comes back.
MOST_OF_ALL = 10**13


@dataclass(frozen=True)
class Column:
    """One column. *Shape*: `sql` is its type when staged; `normal` writes a value the one way it is hashed."""

    name: str
    parse: Parser
    sql: str = "text"
    required: bool = True
    default: str | None = None
    normal: Parser = str


@dataclass(frozen=True)
class File:
    """One file. *Shape*: `key` names the columns of the key, `faulted` the one its faults are named by.

    `derived` are columns computed for staging from the row: name, function.
    """

    name: str
    app: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    faulted: str
    rule: RowRule | None = None
    derived: tuple[tuple[str, Callable[[Row], str | None]], ...] = ()
    required: bool = False

    @property
    def csv(self) -> str:
        return f"{self.name}.csv"

    @property
    def table(self) -> str:
        return f"import_{self.name}"


def _text(name: str, longest: int) -> Column:
    return Column(name, values.line(longest))


def _optional_text(name: str, longest: int) -> Column:
    return Column(name, values.line(longest), required=False)


def _uuid(name: str) -> Column:
    return Column(name, values.uuid, "uuid")


def _optional_uuid(name: str) -> Column:
    return Column(name, values.uuid, "uuid", required=False)


def _day(name: str) -> Column:
    return Column(name, values.day, "date")


def _optional_day(name: str, parse: Parser = values.day) -> Column:
    return Column(name, parse, "date", required=False)


def _code(name: str, *codes: str) -> Column:
    return Column(name, values.one_of(*codes))


def _optional_code(name: str, *codes: str, default: str) -> Column:
    return Column(name, values.one_of(*codes), required=False, default=default)


def _boolean(name: str) -> Column:
    return Column(name, values.boolean, "boolean", required=False, default="false")


def _amount(name: str) -> Column:
    return Column(name, values.amount, "numeric", normal=values.plain_amount)


def _optional_amount(name: str, parse: Parser) -> Column:
    return Column(name, parse, "numeric", required=False, default="0", normal=values.plain_amount)


def _folded(column: str) -> tuple[str, Callable[[Row], str | None]]:
    # An expanded name may be longer than the column of search keys.
    return f"folded_{column}", lambda row: text.fold(row[column] or "")[:400].strip()


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


ORGANISATIONS = File(
    "organisations",
    names.CUSTOMERS,
    (
        _uuid("uuid"),
        _text("name", 200),
        Column("country", values.country),
        Column("currency", values.currency),
        Column("timezone", values.timezone),
        _optional_code("status", "active", "suspended", default="active"),
        _optional_code("payment_mode", "prepaid", "postpaid", default="prepaid"),
        _optional_amount("credit_limit", values.limit),
        _optional_amount("opening_balance", values.balance),
        Column("owner_email", values.email, required=False),
        Column("billing_email", values.email, required=False),
        _optional_text("customer_reference", 100),
        _optional_day("created_on"),
    ),
    key=("uuid",),
    faulted="uuid",
    derived=tuple(_folded(name) for name in ("name", "owner_email", "billing_email", "customer_reference")),
    required=True,
)
MEMBERS = File(
    "members",
    names.CUSTOMERS,
    (
        _uuid("organisation_uuid"),
        Column("email", values.email),
        _text("name", 200),
        _optional_code("role", "owner", "admin", "member", default="member"),
    ),
    key=("organisation_uuid", "email"),
    faulted="email",
    derived=(_folded("name"), _folded("email")),
)
PLANS = File(
    "plans",
    names.SUBSCRIPTIONS,
    (
        _text("sku", 100),
        _text("product", 120),
        _text("name", 200),
        Column("currency", values.currency),
        _amount("price_per_month"),
    ),
    key=("sku",),
    faulted="sku",
    rule=_plan,
)
CONTRACTS = File(
    "contracts",
    names.SUBSCRIPTIONS,
    (
        _text("reference", 100),
        _uuid("organisation_uuid"),
        _code("billing_plan", "as_incurred", "milestone"),
        _day("starts_on"),
        _day("ends_on"),
        _optional_code("status", "pending", "ready", "in_progress", "completed", "cancelled", default="pending"),
    ),
    key=("reference",),
    faulted="reference",
    rule=_contract,
)
SUBSCRIPTIONS = File(
    "subscriptions",
    names.SUBSCRIPTIONS,
    (
        _uuid("uuid"),
        _uuid("organisation_uuid"),
        _text("sku", 100),
        _code("status", "active", "expired", "terminated"),
        _day("started_on"),
        _boolean("auto_renew"),
        _boolean("trial"),
        _optional_text("contract_reference", 100),
        _optional_day("expires_on", values.last_day),
        _optional_day("terminated_on", values.last_day),
        Column("termination_reason", values.paragraph(2000), required=False),
    ),
    key=("uuid",),
    faulted="uuid",
    rule=_subscription,
)
CYCLES = File(
    "cycles",
    names.SUBSCRIPTIONS,
    (
        _uuid("subscription_uuid"),
        _day("starts_on"),
        Column("months", values.months, "integer"),
        _amount("net"),
        _amount("tax"),
        _amount("paid"),
        _text("invoice_number", 60),
        _optional_day("invoice_issued_on"),
        _optional_amount("activation_fee", values.amount),
        _boolean("external_invoice"),
    ),
    key=("subscription_uuid", "starts_on"),
    faulted="starts_on",
    rule=_cycle,
)
NUMBERS = File(
    "numbers",
    names.SUBSCRIPTIONS,
    (
        Column("number", values.phone_number),
        _uuid("subscription_uuid"),
        _boolean("ported_in"),
    ),
    key=("number", "subscription_uuid"),
    faulted="number",
)
CREDIT_NOTES = File(
    "credit_notes",
    names.INVOICES,
    (
        _text("number", 60),
        _uuid("organisation_uuid"),
        _amount("net"),
        _amount("tax"),
        _code("status", "draft", "sent", "applied", "void"),
        _optional_day("issued_on"),
        _optional_uuid("subscription_uuid"),
        _optional_day("cycle_starts_on"),
    ),
    key=("number",),
    faulted="number",
    rule=_credit_note,
)

# What an update may change of an organisation that is known.
CONTACTS = ("name", "owner_email", "billing_email", "customer_reference")

# In the order in which they are read, and in which faults are printed.
FILES = (ORGANISATIONS, MEMBERS, PLANS, CONTRACTS, SUBSCRIPTIONS, CYCLES, NUMBERS, CREDIT_NOTES)
