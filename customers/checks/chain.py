"""Go through the ledger once, entry by entry, and recompute its links, balances and hashes.

One statement, so one state of the database, read through a cursor of the server: nothing is held in memory but
some entries and the account they belong to.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction

from customers import policies
from portal.verification import registry
from portal.verification.check import Asked, Walk
from portal.verification.heads import Head, Kept
from portal.verification.shapes import Fault, plain

_FETCHED_AT_ONCE = 2000

SAYS = {
    "entry_order": "its place is {seq}, but it is entry {counted} of the account",
    "entry_link": "it starts from {before}, the entry before it ends with {ended}",
    "entry_sum": "{before} and {amount} do not make {after}",
    "entry_currency": "it is in {entry}, the account in {account}",
    "entry_chain": "it follows an entry with the hash {named}, the entry before it has {previous}",
    "entry_hash": "its hash is {kept}, what it says makes {made}",
    "account_currency": "its account is in {account}, it is in {organisation}",
    "account_balance": (
        "the account says {balance} at entry {last_seq}, its last entry is {seq} and ends with {after}"
    ),
    "account_head": "the account's head is {head}, its last entry has {last}",
}

# An instant is read as a number: what was broken by hand may be later than any date of Python.
_ENTRIES = """
    SELECT o.uuid, o.currency, a.id, a.currency, a.balance, a.last_seq, a.head,
           e.seq, e.currency, e.before, e.amount, e.after, e.kind, e.cause_id,
           extract(epoch FROM e.at) * 1000000, e.previous_sha256, e.sha256
    FROM customers_creditaccount a
    JOIN customers_organisation o ON o.id = a.organisation_id
    LEFT JOIN customers_ledgerentry e ON e.account_id = a.id
    ORDER BY a.id, e.seq
"""


class _Row(NamedTuple):
    """Hold an entry beside its account; an account without entries has one row, whose `seq` is None."""

    organisation: uuid.UUID
    organisation_currency: str
    account_id: int
    account_currency: str
    balance: Decimal
    last_seq: int | None
    head: bytes | None
    seq: int | None
    currency: str
    before: Decimal
    amount: Decimal
    after: Decimal
    kind: str
    cause_id: uuid.UUID | None
    at_microseconds: Decimal
    previous_sha256: bytes | None
    sha256: bytes


def faults(asked: Asked) -> Iterator[Fault]:
    """Recompute every entry and go through what does not agree; `on_head` is told each account's last entry."""
    # The cursor lives as long as its transaction.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_ENTRIES)
        for _, rows in itertools.groupby(_rows(cursor), key=lambda row: row.account_id):
            yield from _account(rows, on_head=asked.on_head)


def _rows(cursor: Any) -> Iterator[_Row]:
    while fetched := cursor.fetchmany(_FETCHED_AT_ONCE):
        yield from map(_Row._make, fetched)


def _account(rows: Iterable[_Row], *, on_head: Callable[[Kept], None]) -> Iterator[Fault]:
    """Walk along one account."""
    last: _Row | None = None
    for counted, row in enumerate(rows, start=1):
        if row.seq is None:
            yield from _against_account(row, last=None)
            return
        yield from _entry(row, counted=counted, previous=last)
        last = row
    if last is not None:
        yield from _against_account(last, last=last)
        on_head(Head(organisation=last.organisation, seq=last.seq or 0, sha256=last.sha256))


def _entry(row: _Row, *, counted: int, previous: _Row | None) -> Iterator[Fault]:
    """Check one entry by itself and against the one before it."""
    place = f"organisation {row.organisation}, entry {row.seq}"
    if row.seq != counted:
        yield _fault("entry_order", place, seq=row.seq, counted=counted)
    ended = previous.after if previous else Decimal(0)
    if row.before != ended:
        yield _fault("entry_link", place, before=row.before, ended=ended)
    if row.before + row.amount != row.after:
        yield _fault("entry_sum", place, before=row.before, amount=row.amount, after=row.after)
    if row.currency != row.account_currency:
        yield _fault("entry_currency", place, entry=row.currency, account=row.account_currency)
    previous_sha256 = previous.sha256 if previous else None
    if row.previous_sha256 != previous_sha256:
        yield _fault("entry_chain", place, named=row.previous_sha256 or "none", previous=previous_sha256 or "none")
    made = policies.entry_sha256(
        account_id=row.account_id,
        seq=row.seq or 0,
        amount=row.amount,
        currency=row.currency,
        kind=row.kind,
        cause_id=row.cause_id,
        at_microseconds=row.at_microseconds,
        previous=row.previous_sha256,
    )
    if row.sha256 != made:
        yield _fault("entry_hash", place, kept=row.sha256 or "none", made=made)


def _against_account(row: _Row, *, last: _Row | None) -> Iterator[Fault]:
    """Check what an account says about its last entry."""
    place = f"organisation {row.organisation}"
    seq, after, sha256 = (last.seq, last.after, last.sha256) if last else (None, Decimal(0), None)
    if row.account_currency != row.organisation_currency:
        yield _fault(
            "account_currency", place, account=row.account_currency, organisation=row.organisation_currency
        )
    if (row.balance, row.last_seq) != (after, seq):
        yield _fault(
            "account_balance", place, balance=row.balance, last_seq=row.last_seq or 0, seq=seq or 0, after=after
        )
    if row.head != sha256:
        yield _fault("account_head", place, head=row.head or "none", last=sha256 or "none")


def _fault(kind: str, place: str, **values: object) -> Fault:
    said = {name: plain(value) for name, value in values.items()}
    return Fault(kind=kind, where=place, detail=SAYS[kind].format(**said))


registry.declare(__name__, 100, Walk(tuple(SAYS), faults))
