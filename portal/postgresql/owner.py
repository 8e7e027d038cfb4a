"""Separate two roles of the database: the owner migrates its tables, the runtime role works with them.

The runtime role can't change the schema, disable triggers or truncate a table, so the portal can't get around what
the database refuses. Where one role is both, this module does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

from django.conf import settings
from django.db import DatabaseError, connection
from psycopg import errors, sql

from portal import embedded
from portal.lib import environment, text
from portal.postgresql import address

VARIABLE = "DATABASE_OWNER_URL"
# Only migrating writes this table.
_READ_ONLY = "django_migrations"
# Those of extensions may belong to somebody else.
_OURS = """
    SELECT c.relname, c.relkind = 'S' FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND pg_has_role(c.relowner, 'USAGE')
    ORDER BY c.relname
"""
_RIGHTS = """
    SELECT count(*) FILTER (WHERE NOT may_read OR NOT may_write AND relname <> %(read_only)s),
           count(*) FILTER (WHERE has_table_privilege(%(role)s, oid, 'TRUNCATE, REFERENCES, TRIGGER'))
    FROM (SELECT oid, relname, has_table_privilege(%(role)s, oid, 'SELECT') AS may_read,
                 has_table_privilege(%(role)s, oid, 'INSERT') AND has_table_privilege(%(role)s, oid, 'UPDATE')
                     AND has_table_privilege(%(role)s, oid, 'DELETE') AS may_write
          FROM pg_class
          WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')) ours
"""

_address = ""


def take_address() -> str:
    """Take the owner's address out of the environment, so that no child process inherits it.

    *Shape*: why it can't be read, else "".
    """
    global _address
    _address = os.environ.pop(VARIABLE, "")
    try:
        address.read(_address or "postgresql://", variable=VARIABLE)
    except environment.Unclear as error:
        return str(error)
    return ""


def source() -> str:
    """Name the variable that holds the address of `connected`."""
    return VARIABLE if _address and not embedded.is_used() else "DATABASE_URL"


@contextmanager
def connected() -> Iterator[None]:
    """Use the owner's role in Django's connection, and the former one afterwards.

    *Raises*: OSError where the password of the embedded database's owner can't be read.
    """
    url = embedded.owner_url() if embedded.is_used() else _address
    if not url:
        yield
        return
    parts = address.read(url, variable=VARIABLE)
    named = {key.upper(): str(parts.pop(key, "") or "") for key in ("user", "password", "host", "port")}
    usual = connection.settings_dict
    name = parts.pop("dbname", None) or usual["NAME"]
    connection.close()
    connection.settings_dict = {**usual, **named, "NAME": name, "OPTIONS": {**usual["OPTIONS"], **parts}}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = usual


def grant(**migrated: object) -> None:
    """Grant the runtime role the use of all tables, and nothing else. Idempotent.

    *Shape*: Django calls it after migrating, with arguments that don't matter here.
    """
    role = settings.RUNTIME_ROLE
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_schema() FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role]
        )
        another = cursor.fetchone()
        if another is None or _rights(role) == (0, 0):
            return
        (schema,) = another
        cursor.execute(_OURS)
        found = cursor.fetchall()
    tables = [name for name, is_sequence in found if not is_sequence]
    statements: tuple[tuple[LiteralString, list[str]], ...] = (
        ("REVOKE CREATE ON SCHEMA {names} FROM PUBLIC, {role}", []),
        ("GRANT USAGE ON SCHEMA {names} TO {role}", []),
        ("REVOKE ALL ON TABLE {names} FROM {role}", tables),
        ("GRANT SELECT ON TABLE {names} TO {role}", tables),
        (
            "GRANT INSERT, UPDATE, DELETE ON TABLE {names} TO {role}",
            [name for name in tables if name != _READ_ONLY],
        ),
        ("GRANT USAGE, SELECT ON SEQUENCE {names} TO {role}", [name for name, is_sequence in found if is_sequence]),
    )
    with connection.cursor() as cursor:
        # Statements that are sent together are one transaction.
        cursor.execute(sql.SQL("; ").join(_filled(one, names, schema, role) for one, names in statements))


def _filled(statement: LiteralString, names: list[str], schema: str, role: str) -> sql.Composed:
    named = [sql.Identifier(schema, name) for name in names] or [sql.Identifier(schema)]
    return sql.SQL(statement).format(names=sql.SQL(", ").join(named), role=sql.Identifier(role))


def is_granted() -> bool:
    """Tell whether the runtime role may use all tables."""
    return not _rights(settings.RUNTIME_ROLE)[0]


def lacking() -> str:
    """Say which tables the runtime role may not use, and who can grant that; "" if it may use all."""
    count, _ = _rights(settings.RUNTIME_ROLE)
    return _refusal(f"it may not use {count} of the tables") if count else ""


def _rights(role: str) -> tuple[int, int]:
    """Count the tables that a role may not use, and those on which it has more privileges than that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            return 0, 0
        cursor.execute(_RIGHTS, {"role": role, "read_only": _READ_ONLY})
        lacking, beyond = cursor.fetchone()
    return lacking, beyond


def is_about_rights(error: DatabaseError) -> bool:
    """Tell whether PostgreSQL refused for lack of a privilege."""
    return _about_rights(error) is not None


def refusal(error: DatabaseError) -> str:
    """Say which privilege is lacking, and who has it."""
    return _refusal(text.first_line(_about_rights(error) or error))


def _about_rights(error: BaseException | None) -> BaseException | None:
    while error is not None and not isinstance(error, errors.InsufficientPrivilege):
        error = error.__cause__ or error.__context__
    return error


def _refusal(why: str) -> str:
    whose = "" if embedded.is_used() else f"{VARIABLE}=postgresql://owner:password@host:5432/database "
    return f"The database does not let this role work ({why}): whoever owns it runs {whose}./run migrate."
