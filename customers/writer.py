"""How customers come into the portal, and money onto their accounts. *Units*: amounts of the account's currency."""

from __future__ import annotations

from portal.postgresql.writer import Writer

ORGANISATIONS = Writer(
    "customers_organisation",
    {
        "uuid": "uuid",
        "name": "varchar",
        "status": "varchar",
        "country": "varchar",
        "currency": "varchar",
        "timezone": "varchar",
        "payment_mode": "varchar",
        "owner_email": "varchar",
        "billing_email": "varchar",
        "customer_reference": "varchar",
        "created_on": "date",
        "row_sha256": "varchar",
    },
)
MEMBERS = Writer(
    "customers_member",
    {
        "organisation_id": "bigint",
        "email": "varchar",
        "name": "varchar",
        "role": "varchar",
        "row_sha256": "varchar",
    },
)
# Texts are folded. An organisation has each text of a kind once.
SEARCH_KEYS = Writer("customers_searchkey", {"organisation_id": "bigint", "kind": "varchar", "text": "varchar"})
# An account begins empty: balance and head follow its entries.
ACCOUNTS = Writer(
    "customers_creditaccount",
    {"organisation_id": "bigint", "currency": "varchar", "credit_limit": "numeric"},
    made={"balance": "0", "reserved": "0"},
)
# Entries that have their places: each follows the one before it by `before` and `previous_sha256`.
ENTRIES = Writer(
    "customers_ledgerentry",
    {
        "account_id": "bigint",
        "seq": "bigint",
        "currency": "varchar",
        "before": "numeric",
        "amount": "numeric",
        "after": "numeric",
        "kind": "varchar",
        "cause_id": "uuid",
        "is_unbilled": "boolean",
        "at": "timestamptz",
        "on": "date",
        "description": "varchar",
        "actor": "varchar",
        "request_id": "uuid",
        "previous_sha256": "bytea",
    },
)

# What moves Available Credits, before it has its place. `place` says which comes first, over all accounts.
MOVEMENTS = {
    "organisation_id": "bigint",
    "place": "bigint",
    "amount": "numeric",
    "kind": "varchar",
    "cause_id": "uuid",
    "is_unbilled": "boolean",
    "at": "timestamptz",
    "on": "date",
    "description": "varchar",
    "actor": "varchar",
    "request_id": "uuid",
}


def _sha256(e: str) -> str:
    """Write the hash of an entry `e`, as the table makes it: the next entry names it before it is there."""
    return f"""sha256(({e}.account_id::text || '|' || {e}.seq::text || '|' || {e}.amount::text
        || '|' || {e}.currency || '|' || {e}.kind || '|' || coalesce({e}.cause_id::text, '')
        || '|' || (extract(epoch FROM {e}.at AT TIME ZONE 'UTC') * 1000000)::bigint::text
        || '|' || coalesce(encode({e}.previous_sha256, 'hex'), ''))::bytea)"""


def in_turn(movements: str) -> str:
    """Write the relation of the entries that movements become, each after the last one of its account.

    An account may be moved several times. Accounts are locked before, by a statement of its own.
    *Shape*: a relation of `MOVEMENTS`; gives one of `ENTRIES`, in the order of `place`.
    """
    return f"""(
    WITH RECURSIVE moved AS MATERIALIZED (
        SELECT a.id AS account_id, a.currency, a.head, row_number() OVER turn AS turn,
               coalesce(a.last_seq, 0) + row_number() OVER turn AS seq,
               a.balance + sum(m.amount) OVER turn - m.amount AS before, m.amount::numeric(20, 6) AS amount,
               a.balance + sum(m.amount) OVER turn AS after, m.kind, m.cause_id, m.is_unbilled, m.at, m."on",
               m.description, m.actor, m.request_id, m.place
        FROM {movements} m JOIN customers_creditaccount a ON a.organisation_id = m.organisation_id
        WINDOW turn AS (PARTITION BY a.id ORDER BY m.place ROWS UNBOUNDED PRECEDING)
    ), chain AS (
        SELECT m.*, m.head AS previous_sha256 FROM moved m WHERE m.turn = 1
        UNION ALL
        SELECT m.*, {_sha256("c")}
        FROM chain c JOIN moved m ON m.account_id = c.account_id AND m.turn = c.turn + 1
    )
    SELECT * FROM chain ORDER BY place)"""  # noqa: S608 - a relation of the caller's
