"""organisations.csv and members.csv: their columns, and what a value must be."""

from __future__ import annotations

from customers.imports import known
from portal.audit import names
from portal.importing import columns, values
from portal.importing.shapes import Column, File

ORGANISATIONS = File(
    "organisations",
    names.CUSTOMERS,
    (
        columns.uuid("uuid"),
        columns.text("name", 200),
        Column("country", values.country),
        Column("currency", values.currency),
        Column("timezone", values.timezone),
        columns.optional_code("status", "active", "suspended", default="active"),
        columns.optional_code("payment_mode", "prepaid", "postpaid", default="prepaid"),
        columns.optional_amount("credit_limit", values.limit),
        columns.optional_amount("opening_balance", values.balance),
        Column("owner_email", values.email, required=False),
        Column("billing_email", values.email, required=False),
        columns.optional_text("customer_reference", 100),
        columns.optional_day("created_on"),
    ),
    key=("uuid",),
    faulted="uuid",
    kept=known.ORGANISATIONS,
    derived=tuple(columns.folded(name) for name in ("name", "owner_email", "billing_email", "customer_reference")),
    required=True,
)
MEMBERS = File(
    "members",
    names.CUSTOMERS,
    (
        columns.uuid("organisation_uuid", refers=ORGANISATIONS),
        Column("email", values.email),
        columns.text("name", 200),
        columns.optional_code("role", "owner", "admin", "member", default="member"),
    ),
    key=("organisation_uuid", "email"),
    faulted="email",
    kept=known.MEMBERS,
    derived=(columns.folded("name"), columns.folded("email")),
)

FILES = (ORGANISATIONS, MEMBERS)
