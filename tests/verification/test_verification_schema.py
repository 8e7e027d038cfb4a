"""verify_ledger sees what was done to the guards of the tables: each kind of fault, made by hand."""

import io
import json

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection

from portal import embedded, verification
from portal.postgresql import schema
from portal.verification.schema import KINDS
from tests.support import superuser

pytestmark = pytest.mark.django_db
FUNCTION = "CREATE OR REPLACE FUNCTION invoicing_count_holds() RETURNS trigger LANGUAGE plpgsql"
NOTHING = "AS $$ BEGIN RETURN NULL; END $$"
CAP = "paid_and_waived_stay_within_the_charge"

# What is done, and what is told: kind and place.
CASES = [
    ("ALTER TABLE subscriptions_termination DISABLE TRIGGER a_termination_is_never_changed",
     "trigger_off", "trigger a_termination_is_never_changed on subscriptions_termination"),
    ("ALTER TABLE audit_auditentry ENABLE REPLICA TRIGGER an_audit_entry_is_never_changed",
     "trigger_off", "trigger an_audit_entry_is_never_changed on audit_auditentry"),
    ("DROP TRIGGER a_ledger_entry_is_never_changed ON customers_ledgerentry",
     "guard_missing", "trigger a_ledger_entry_is_never_changed on customers_ledgerentry"),
    (f"ALTER TABLE invoicing_chargeline DROP CONSTRAINT {CAP}",
     "guard_missing", f"constraint {CAP} on invoicing_chargeline"),
    ("ALTER TABLE subscriptions_termination DROP CONSTRAINT a_termination_has_its_own_entry",
     "guard_missing", "constraint a_termination_has_its_own_entry on subscriptions_termination"),
    ("ALTER TABLE invoicing_invoice ALTER COLUMN organisation_id DROP NOT NULL",
     "guard_missing", "not null organisation_id on invoicing_invoice"),
    ("ALTER TABLE customers_ledgerentry ALTER COLUMN sha256 DROP EXPRESSION",
     "guard_missing", "generated sha256 on customers_ledgerentry"),
    (f"ALTER TABLE invoicing_chargeline DROP CONSTRAINT {CAP}, ADD CONSTRAINT {CAP} CHECK (paid >= 0)",
     "guard_changed", f"constraint {CAP} on invoicing_chargeline"),
    ("DROP TRIGGER a_finished_run_never_changes ON jobs_run; "
     "CREATE TRIGGER a_finished_run_never_changes BEFORE UPDATE ON jobs_run FOR EACH ROW "
     "WHEN (false) EXECUTE FUNCTION portal_refuse_change('a_finished_run_never_changes')",
     "guard_changed", "trigger a_finished_run_never_changes on jobs_run"),
    ("DROP FUNCTION invoicing_count_holds() CASCADE", "function_missing", "function invoicing_count_holds"),
    (f"{FUNCTION} {NOTHING}", "function_changed", "function invoicing_count_holds"),
    ("ALTER FUNCTION portal_refuse_change() SECURITY DEFINER", "function_changed", "function portal_refuse_change"),
    ("DROP INDEX outbox_due", "index_missing", "index outbox_due on outbox_delivery"),
    (f"ALTER TABLE invoicing_chargeline DROP CONSTRAINT {CAP}, "
     f"ADD CONSTRAINT {CAP} CHECK (net >= ((paid + waived) - tax)) NOT VALID",
     "constraint_not_valid", f"constraint {CAP} on invoicing_chargeline"),
]  # fmt: skip


def _do(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_database_that_was_only_migrated_has_no_fault():
    assert list(verification.schema_faults()) == []


@pytest.mark.parametrize(
    ("statement", "kind", "where"),
    CASES,
    ids=lambda value: value if value in KINDS else "",
)
def test_each_fault_is_named(statement, kind, where):
    _do(statement)
    found = list(verification.schema_faults())
    assert (kind, where) in {(fault.kind, fault.where) for fault in found}
    assert all(fault.detail and "{" not in fault.detail for fault in found)


def test_a_constraint_that_is_only_not_valid_is_not_changed():
    statement = next(case[0] for case in CASES if case[1] == "constraint_not_valid")
    _do(statement)
    assert {fault.kind for fault in verification.schema_faults()} == {"constraint_not_valid"}


def test_every_kind_has_a_case():
    assert {kind for _, kind, _ in CASES} | {"index_not_valid"} == set(KINDS)


@pytest.mark.django_db(transaction=True)
def test_an_index_that_was_never_finished_is_told():
    _do("INSERT INTO settings_app_terminationreason (code, label, needs_ticket, is_active, position)"
        " VALUES ('a', 'A', true, true, 9), ('b', 'B', true, true, 9)")  # fmt: skip
    with pytest.raises(IntegrityError):
        _do("CREATE UNIQUE INDEX CONCURRENTLY unfinished ON settings_app_terminationreason (position)")
    found = [(fault.kind, fault.where) for fault in verification.schema_faults()]
    _do("DROP INDEX unfinished")
    assert found == [("index_not_valid", "index unfinished on settings_app_terminationreason")]


@pytest.mark.django_db(transaction=True)
def test_a_foreign_key_that_is_switched_off_is_told():
    """Only who owns the whole server may do that."""
    own = connection.get_connection_params()
    own = {key: own[key] for key in ("dbname", "user", "password", "host", "port") if own.get(key)}
    connect = superuser.connect if embedded.is_used() else psycopg.connect
    table, key = "subscriptions_termination", "a_termination_has_its_own_entry"
    with connect(**own, autocommit=True) as other:
        try:
            other.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        except psycopg.errors.InsufficientPrivilege:
            # On a server of one's own the portal's role should not be allowed to, and then nobody here is.
            assert not embedded.is_used()
            return
        try:
            found = {(fault.kind, fault.where) for fault in verification.schema_faults()}
        finally:
            other.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    assert ("trigger_off", f"trigger {key} on {table}") in found


def test_triggers_switched_off_for_every_session_are_told(monkeypatch):
    """By ALTER ROLE ... SET, which a role that may do it would rather not do to all tests at once."""
    statement = schema._SWITCHED_OFF_FOR_ALL.replace(
        "FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) setting",
        "FROM (SELECT 0::oid AS setdatabase, '{work_mem=4MB,session_replication_role=replica}'::text[] AS set) s"
        " CROSS JOIN unnest(s.set) setting",
    )
    monkeypatch.setattr(schema, "_SWITCHED_OFF_FOR_ALL", statement)
    assert [(fault.kind, fault.where) for fault in verification.schema_faults()] == [
        ("trigger_off", "trigger session_replication_role=replica")
    ]


def test_the_command_tells_them_first():
    _do("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify_ledger", "--json", stdout=out)
    assert end.value.code == 1
    faults = json.loads(out.getvalue())["faults"]
    assert {fault["kind"] for fault in faults} == {"trigger_off"}
    assert faults[0]["detail"] == "it is switched off, so what it guards may have been changed meanwhile"
