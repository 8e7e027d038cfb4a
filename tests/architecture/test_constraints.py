"""PostgreSQL refuses each illegal state, and the refusal has the name of a sentence.

Every case takes a world of legal rows and breaks one thing in plain SQL, as nobody in the portal would. The
last tests read the names from the database: a constraint that no case tries fails them.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from customers.models import Organisation
from portal.audit.models import Unnumbered
from settings_app.models import PortalConfigVersion
from tests.architecture.illegal_additions import ADDED, NEW_CAUSE, NEXT_ENTRY, NEXT_SEAL
from tests.architecture.illegal_changes import CHANGED, DELETED
from tests.architecture.illegal_requests import ANOTHER
from tests.architecture.tables import KEYS, MADE_BY_TRIGGERS, OF_THE_AUDIT, OF_THE_FRAME, OURS, TABLES
from tests.support import factories, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(kept_world: SimpleNamespace) -> SimpleNamespace:
    return kept_world


# What a copy gets without being told, so that the keys nobody speaks of do not refuse it first.
_FRESH = {"uuid": "gen_random_uuid()", "message_id": "gen_random_uuid()", "request_id": "NULL"}
_FRESH_HERE = {"subscriptions_termination": {"quote_id": "gen_random_uuid()"}}


@transaction.atomic
def _commit(statement: str) -> None:
    """Run a statement as if it were committed."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class _Keys(dict[str, object]):
    """The primary keys of a world's rows, as a statement's `{name}` asks for them."""

    def __init__(self, world: SimpleNamespace) -> None:
        super().__init__()
        self.world = world

    def __missing__(self, name: str) -> object:
        made = {
            "bare": lambda: Organisation.objects.create(
                name="Bare", country="SG", currency="SGD", timezone="Asia/Singapore"
            ),
            "others_line": lambda: factories.invoice(
                factories.OrganisationFactory.create(), amounts=[("9", "0")], paid=["0"]
            ).lines.get(),
            "earlier_version": lambda: PortalConfigVersion.objects.create(number=0, created_at=timezone.now()),
            "stranger_note": lambda: factories.credit_note(self.world.stranger),
            "own_invoice_line": lambda: self.world.own_invoice.lines.get(),
            "noted": lambda: Unnumbered.objects.latest("event"),
        }
        return _Key(made[name]() if name in made else getattr(self.world, name))


class _Key:
    def __init__(self, row: Any) -> None:
        self.row = row

    def __getattr__(self, name: str) -> "_Key":
        return _Key(getattr(self.row, name))

    def __str__(self) -> str:
        return str(self.row.pk)


def _copy(table: str, key: object, changes: dict[str, str]) -> str:
    """Write the INSERT of a copy that differs in some columns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = %s AND is_generated = 'NEVER' AND column_name <> 'id'",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall()]
    assert set(changes) <= set(columns)
    changes = {**_FRESH, **_FRESH_HERE.get(table, {}), **changes}
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changes.get(name, f'"{name}"') for name in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {_key_of(table)} = {key}"


def _key_of(table: str) -> str:
    return KEYS.get(table, "id")


def _by_table(cases: Sequence[tuple[Any, ...]]) -> pytest.MarkDecorator:
    """Give a test all cases of a table: most of what a test takes is its beginning and its end."""
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for case in cases:
        tables.setdefault(TABLES[case[1]], []).append(case)
    return pytest.mark.parametrize("cases", tables.values(), ids=tables)


@contextmanager
def _undone() -> Iterator[None]:
    """Take back what is written within, so that the next case begins with the world as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@_by_table(CHANGED)
def test_a_change_is_refused(world, subtests, cases):
    for name, row, setting in cases:
        with subtests.test(name, setting=setting), _undone():
            changes = setting.format_map(_Keys(world))
            with refused.by(name):
                _commit(
                    f"UPDATE {TABLES[row]} SET {changes} WHERE {_key_of(TABLES[row])} = {getattr(world, row).pk}"
                )


@_by_table(DELETED)
def test_a_deletion_is_refused(world, subtests, cases):
    for name, row in cases:
        with subtests.test(name), _undone(), refused.by(name):
            _commit(f"DELETE FROM {TABLES[row]} WHERE {_key_of(TABLES[row])} = {getattr(world, row).pk}")


@_by_table(ADDED)
def test_an_addition_is_refused(world, subtests, cases):
    for name, row, changes in cases:
        with subtests.test(name, changes=changes), _undone():
            keys = _Keys(world)
            written = {column: value.format_map(keys) for column, value in changes.items()}
            with refused.by(name):
                _commit(_copy(TABLES[row], getattr(world, row).pk, written))


HELD = "a_termination_holds_the_note_it_links"
NAMED = "a_request_names_what_carries_it_out"
END = "UPDATE subscriptions_subscription s SET status = 'terminated', termination_ref = t.id FROM t"


def test_a_termination_holds_the_note_it_links(world):
    """Otherwise the note could be voided behind it."""
    copy = _copy(
        "subscriptions_termination",
        world.by_note.pk,
        {"subscription_id": str(world.neighbour.pk), "credit_note_id": str(world.note.pk)},
    )
    with refused.by(HELD):
        _commit(f"WITH t AS ({copy} RETURNING id) {END} WHERE s.id = {world.neighbour.pk}")


def test_a_request_names_what_carries_it_out(world):
    """Otherwise it would stay open."""
    changes = {**ANOTHER, "request_id": str(world.asked.pk), "terminated_on": "'2026-03-31'"}
    copy = _copy(
        "subscriptions_termination",
        world.termination.pk,
        {name: value.format_map(_Keys(world)) for name, value in changes.items()},
    )
    with refused.by(NAMED):
        _commit(f"WITH t AS ({copy} RETURNING id) {END} WHERE s.id = {world.neighbour.pk}")


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        ("entry", {**NEXT_ENTRY}),
        ("hold", {**NEW_CAUSE, "kind": "'taken_off'", "credit_note_id": "{note}"}),
        ("waiver", {**NEW_CAUSE, "amount": "23"}),
        ("charge_refund", {**NEW_CAUSE, "net": "40"}),
        ("cycle", {"first_day": "day_after", "day_after": "day_after + 30"}),
        ("allocation", {"amount": "3"}),
        ("termination", ANOTHER),
        ("seal", NEXT_SEAL),
    ],
)
def test_what_the_copies_start_from_is_legal(world, row, changes):
    """Refusals would prove nothing if the unbroken copy were refused as well; only the deferred keys are left."""
    written = {column: value.format_map(_Keys(world)) for column, value in changes.items()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_copy(TABLES[row], getattr(world, row).pk, written))
        cursor.execute("SELECT 1")
        transaction.set_rollback(True)


def test_a_new_entry_takes_its_account_along(world):
    with connection.cursor() as cursor:
        cursor.execute(_copy("customers_ledgerentry", world.entry.pk, NEXT_ENTRY))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    world.account.refresh_from_db()
    assert (world.account.last_seq, world.account.balance) == (3, 120)


# Named for what other tables' composite keys point at; they refuse nothing that `id` alone would not.
HELPER_KEYS = {
    "organisation_and_currency",
    "account_and_currency",
    "a_seal_its_end_and_hash",
    "an_entry_its_balance_and_hash",
    "an_entry_its_cause_and_amount",
    "invoice_and_currency",
    "charge_line_and_currency",
    "payment_and_currency",
    "put_in_and_currency",
    "take_back_and_currency",
    "note_and_currency",
    "note_and_organisation",
    "plan_and_currency",
    "request_and_its_day",
    "request_and_termination",
    "subscription_and_termination",
    "termination_and_subscription",
}
# They keep sums, counts and states; tests/invoicing tries them.
BOOKKEEPING = {
    "sum_insert",
    "sum_update",
    "sum_delete",
    "sum_invoice",
    "sum_allocations",
    "sum_put_in",
    "take_back_surplus",
    "note_status_changed",
    "count_holds",
    "take_account_along",
    # They make the search tables of the keys; tests/customers/search/test_search_tables.py tries them.
    "search_keys_added",
    "search_keys_changed",
    "search_keys_removed",
    "a_search_text_is_made_of_its_keys",
    "a_search_word_is_made_of_a_search_text",
    # They hold what a transaction has marked and told; tests/audit/test_marks.py tries them.
    "note_entry",
    "a_mark_needs_its_audit_entry",
    "a_transaction_has_one_open_mark",
    "an_open_mark_is_kept_by_triggers",
    # They hold which events have no position yet; tests/audit/test_numbering.py tries them.
    "wait_for_a_position",
    "what_waits_for_a_position_is_kept_by_triggers",
}
UNMARKED = {"unmarked_insert", "unmarked_update", "unmarked_delete"}
# What Django names by itself: primary and foreign keys, unique columns, and positive numbers.
_PLAIN = r"(_pkey|_key|_fk_|_uniq|_check$|_[0-9a-f]{8}$|_not_null$)"


def _names_in_the_database() -> dict[str, set[str]]:
    """Read every name that a person gave: *Shape*: name to tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE conrelid::regclass::text ~ %(ours)s
            UNION ALL
            SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index
            WHERE indisunique AND indrelid::regclass::text ~ %(ours)s
            UNION ALL
            SELECT tgname, tgrelid::regclass::text FROM pg_trigger
            WHERE NOT tgisinternal AND tgrelid::regclass::text ~ %(ours)s
            UNION ALL
            -- What a trigger refuses by another name than its own.
            SELECT (regexp_matches(p.prosrc, 'CONSTRAINT = ''([a-z_]+)''', 'g'))[1], t.tgrelid::regclass::text
            FROM pg_proc p JOIN pg_trigger t ON t.tgfoid = p.oid WHERE t.tgrelid::regclass::text ~ %(ours)s
            """,
            {"ours": OURS},
        )
        found: dict[str, set[str]] = {}
        for name, table in cursor.fetchall():
            if not re.search(_PLAIN, name):
                found.setdefault(name, set()).add(table)
    return found


def test_no_trigger_joins_the_rows_before_and_after():
    """A plan is kept from its first call, which may be about no row at all, and would compare each with each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE prorettype = 'trigger'::regtype AND prosrc ~* 'JOIN +(old|new)_rows'"
        )
        assert cursor.fetchall() == []


def test_every_name_is_tried():
    tried = {case[0] for cases in (CHANGED, DELETED, ADDED) for case in cases} | {HELD, NAMED}
    # A table needs a trigger for each verb; what it refuses has one name.
    found = {re.sub(r"_(insert|update|delete)$", "", n) if n[:-7] in tried else n for n in _names_in_the_database()}
    assert sorted(found - tried - HELPER_KEYS - BOOKKEEPING - UNMARKED) == []
    assert sorted(HELPER_KEYS - found) == []
    assert sorted(name for name in tried - found if not re.search(_PLAIN, name)) == []


def test_every_code_is_one_of_those_that_are_known():
    """A field that has choices is held to them by a CHECK, not by forms alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
        )
        checks = cursor.fetchall()
    free = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.db_table in TABLES.values()
        for field in model._meta.local_concrete_fields
        if field.choices
        and not any(
            table == model._meta.db_table
            and field.column in check
            and all(f"'{value}'" in check for value, _ in field.flatchoices if value)
            for table, check in checks
        )
    ]
    assert free == []


def test_every_table_notices_a_write_from_outside():
    found = _names_in_the_database()
    tables = set(TABLES.values()) - OF_THE_AUDIT
    assert {name: tables - found[name] for name in UNMARKED} == {name: set() for name in UNMARKED}


def test_the_world_has_a_row_of_every_table():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s", [OURS])
        assert {name for (name,) in cursor.fetchall()} == set(TABLES.values()) | MADE_BY_TRIGGERS | OF_THE_FRAME
