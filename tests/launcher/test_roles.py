"""Two roles: one owns the tables and migrates, the other works with them and owns nothing."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal import embedded
from portal.postgresql import owner
from tests.launcher.roles import ask, manage
from tests.support import migrated, one_customer, superuser
from tests.support.commands import run_each
from tests.support.one_customer import ORGANISATION
from tests.support.places import Place, eventually

PASSWORD = "a secret word 7\n"
# What the role that works is to be kept from.
REFUSED = [
    "CREATE TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION citext",
    "ALTER TABLE customers_organisation ADD COLUMN mine int",
    "ALTER TABLE customers_ledgerentry DROP CONSTRAINT an_entry_adds_up",
    "ALTER TABLE customers_ledgerentry DISABLE TRIGGER USER",
    "CREATE TRIGGER mine BEFORE INSERT ON customers_organisation EXECUTE FUNCTION portal_refuse_change()",
    "DROP TRIGGER an_audit_entry_is_never_changed ON audit_auditentry",
    "DROP TABLE subscriptions_termination",
    "TRUNCATE audit_auditentry",
    "DROP FUNCTION portal_analyze(regclass)",
    "ALTER FUNCTION portal_sort_in(regclass) RESET search_path",
    "SET session_replication_role = replica",
    "SET ROLE portal",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION portal",
    "CREATE ROLE mine",
    "ALTER ROLE portal PASSWORD 'mine'",
    "ALTER SYSTEM SET fsync = off",
    "CREATE DATABASE mine",
    "DELETE FROM django_migrations",
    "COPY customers_organisation TO PROGRAM 'cat'",
    "SELECT pg_read_file('pg_hba.conf')",
]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with migrated.place("roles") as here:
        keeper = here.user()
        keeper.url()
        yield here


@pytest.fixture(scope="module")
def superusers(place: Place) -> None:
    """Somebody who may do everything: with no one, a server would make the demo."""
    done = manage(place, "create_staff", "eve", "--role", "superuser", "--password-stdin", said=PASSWORD)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def directory(place: Place) -> Path:
    """Files of an import, with one customer and a subscription."""
    # So many that the import looks at the table while it fills it.
    members = [f"{ORGANISATION},m{number}@roles.example,Member {number}" for number in range(1_200)]
    return one_customer.write(place.data / "csv", members=["organisation_uuid,email,name", *members])


# ---- The embedded server -------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", REFUSED)
def test_the_role_that_works_may_not(place: Place, statement: str) -> None:
    with (
        psycopg.connect(embedded.runtime_url(place.data), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_role_that_works_owns_nothing_and_is_nobody_elses_member(place: Place) -> None:
    url = embedded.runtime_url(place.data)
    for catalogue, column in (
        *(("pg_class", "relowner"), ("pg_proc", "proowner"), ("pg_namespace", "nspowner"), ("pg_type", "typowner")),
        *(("pg_database", "datdba"), ("pg_extension", "extowner"), ("pg_auth_members", "member")),
    ):
        assert ask(url, f"SELECT count(*) FROM {catalogue} WHERE {column} = current_user::regrole") == [(0,)]
    assert ask(
        url,
        "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles "
        "WHERE rolname = current_user",
    ) == [("portal_runtime", *[False] * 5)]


@pytest.mark.parametrize("role", ["postgres", "portal"])
def test_its_address_leads_to_no_other_role(place: Place, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="rejects connection|no password supplied"):
        psycopg.connect(embedded.runtime_url(place.data), user=role)


def test_the_password_is_the_owners_alone_and_in_no_log(place: Place) -> None:
    file = place.data / "owner_password"
    assert file.stat().st_mode & 0o777 == 0o600
    password = file.read_text().strip()
    assert len(password) > 60
    assert password not in (place.data / "postgres.log").read_text()


def test_the_role_that_works_imports_and_counts_the_rows(place: Place, directory: Path) -> None:
    done = manage(place, "import_data", str(directory))
    assert (done.returncode, done.stderr) == (0, "")
    url = embedded.runtime_url(place.data)
    assert ask(url, "SELECT name FROM customers_organisation") == [("Away Ltd",)]
    counted = (
        "SELECT relname, reltuples FROM pg_class WHERE relname ~ '^customers_(organisation|member)$' ORDER BY 1"
    )
    assert ask(url, counted) == [("customers_member", 1_200), ("customers_organisation", 1)]
    again, verified = run_each(place, [["import_data", str(directory), "--update"], ["verify_ledger"]])
    assert (again.returncode, again.stderr) == (0, "")
    assert (verified.returncode, verified.stdout) == (
        0,
        "1 organisations, 0 ledger entries. Everything agrees.\n",
    )


@pytest.mark.usefixtures("superusers")
def test_the_mark_of_a_removed_demo_lets_only_the_owner_end_the_last_superuser(place: Place) -> None:
    statements = (
        "SET LOCAL portal.operation = 'remove_demo'; UPDATE auth_user SET is_active = false;"
        "SET CONSTRAINTS ALL IMMEDIATE"
    )
    with psycopg.connect(embedded.runtime_url(place.data)) as connection:
        with pytest.raises(psycopg.errors.RestrictViolation) as refused:
            connection.execute(statements)
        assert refused.value.diag.constraint_name == "the_last_active_superuser_stays"
        connection.rollback()
    with psycopg.connect(embedded.owner_url(place.data)) as connection:
        connection.execute(statements)
        connection.rollback()


def test_the_password_of_the_owner_is_hashed_once_for_it_was_drawn(place: Place) -> None:
    with superuser.connect(data=place.data) as other:
        row = other.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'portal'").fetchone()
    assert row is not None
    assert row[0].startswith("SCRAM-SHA-256$1:")


@pytest.mark.usefixtures("superusers")
def test_a_server_knows_the_role_that_works_and_no_other(place: Place) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = place.environment(PORT=port, DJANGO_SETTINGS_MODULE="tests.settings", WEB_CONCURRENCY="1")
    environment[owner.VARIABLE] = "postgresql://somebody:secret@/else"
    with (place.data / "web.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, embedded.ROOT / "manage.py", "serve"], env=environment, stdout=log, stderr=log
        )
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    try:
        assert eventually(
            lambda: b"gunicorn" in _file(server.pid, "cmdline") and bool(children.read_text()), seconds=60
        )
        for process in (server.pid, *map(int, children.read_text().split())):
            known = _file(process, "environ").decode()
            assert f"{embedded.URL_VARIABLE}=postgresql://portal_runtime@/portal?" in known
            assert owner.VARIABLE not in known
            assert (place.data / "owner_password").read_text().strip() not in known
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _file(process: int, name: str) -> bytes:
    return Path(f"/proc/{process}/{name}").read_bytes()


# ---- A database of one's own ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(place: Place) -> Iterator[dict[str, str]]:
    """A database made by the statements of docs/operations.md, under another name; the two addresses of it."""
    page = (embedded.ROOT / "docs" / "operations.md").read_text()
    (block,) = re.findall(r"```sql\n(CREATE ROLE portal .*?)```", page, flags=re.S)
    statements = [line.replace("portal", "own") for line in block.splitlines()]
    assert len(statements) == 3
    sockets = embedded.runtime_url(place.data).partition("?")[2]
    with superuser.connect(data=place.data) as other:
        for statement in statements:
            other.execute(statement)
    yield {
        "DATABASE_URL": f"postgresql://own_runtime:runtime-password@/own?{sockets}",
        owner.VARIABLE: f"postgresql://own:owner-password@/own?{sockets}",
    }
    with superuser.connect(data=place.data) as other:
        other.execute("DROP DATABASE own WITH (FORCE)")
        other.execute("DROP ROLE own, own_runtime")


def test_the_three_statements_make_a_database_of_ones_own_whose_rights_are_kept(
    place: Place, directory: Path, own: dict[str, str]
) -> None:
    works = {"DATABASE_URL": own["DATABASE_URL"]}
    # Who works may not set it up, and is told who may.
    done = manage(place, "migrate", **works)
    assert done.returncode == 1
    assert done.stderr.startswith("The database does not let this role work (permission denied for schema public)")
    assert "DATABASE_OWNER_URL=" in done.stderr
    assert done.stderr.count("\n") == 1
    # The owner may make all that there is. A dump of it takes less than migrating from nothing, which is done to a
    # database of the same statements in tests/launcher/operations, with TEST_FULL=1.
    migrated.restore(own[owner.VARIABLE], place=place)
    assert manage(place, "migrate", **own).returncode == 0
    done = manage(place, "import_data", str(directory), **works)
    assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(works["DATABASE_URL"]) as connection:
        for statement in ("TRUNCATE audit_auditentry", "CREATE TABLE mine ()", "DELETE FROM django_migrations"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)
    # Rights that are missing are told, and those beyond are taken back.
    with psycopg.connect(own[owner.VARIABLE], autocommit=True) as connection:
        connection.execute("REVOKE UPDATE ON customers_organisation FROM own_runtime")
        connection.execute("GRANT ALL ON audit_auditentry TO own_runtime")
    staff = ("create_staff", "ann", "--role", "agent", "--password-stdin")
    done = manage(place, *staff, said=PASSWORD, **works)
    assert done.returncode == 1
    assert done.stderr.startswith("The database does not let this role work (it may not use 1 of the tables)")
    assert manage(place, "migrate", **own).returncode == 0
    done = manage(place, *staff, said=PASSWORD, **works)
    assert (done.returncode, done.stderr) == (0, "")
    for table, right, may in (("customers_organisation", "UPDATE", True), ("audit_auditentry", "TRUNCATE", False)):
        assert ask(works["DATABASE_URL"], f"SELECT has_table_privilege('{table}', '{right}')") == [(may,)]
