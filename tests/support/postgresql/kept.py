"""A migrated database that stays in the server from run to run, of which each run's test database is a copy.

Nobody can connect to it, so no test has ever written to it, however a run ended. Its comment is the digest of what
shaped it, and is written last: without the comment, or with another one, it is made anew.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from psycopg import errors, sql

# Any number that nobody else takes in the database "postgres".
_LOCK = 7_316_001


class InUse(Exception):
    """Say that somebody is connected to the test database that was to be made anew."""


def name_for(cursor: CursorWrapper) -> str:
    """Give the name of the database that is kept: one for each role, since nobody may drop another one's."""
    cursor.execute("SELECT current_user::text")
    return f"kept_for_tests_of_{cursor.fetchone()[0]}"[:63]


def copy(
    cursor: CursorWrapper,
    kept: str,
    *,
    to: str,
    shape: Callable[[], str],
    make: Callable[[], bool],
    run: str = "",
) -> None:
    """Make the database `to` anew, as a copy of the kept one, which is made first unless it is of this shape.

    *Shape*: `make` migrates a database of the name `kept`, and says whether it may be kept. One process at a time
    looks and makes; others wait, each with its own copy to come. With a `run`, only what that run has made is
    copied: its first process migrates, whatever is kept. *Raises*: InUse.
    """
    names = {"kept": sql.Identifier(kept), "to": sql.Identifier(to)}

    def execute(statement: str, **more: sql.Composable) -> None:
        cursor.execute(sql.SQL(statement).format(**names, **more))

    # Ends with the session, and so with the process.
    cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        wanted = shape()
        found, _, by = _mark_of(cursor, kept).partition(" ")
        if found != wanted or (run and by != run):
            # Of a run that was killed the session may still be there.
            drop(cursor, kept)
            may_be_kept = make()
            execute("ALTER DATABASE {kept} WITH ALLOW_CONNECTIONS false")
            if may_be_kept and shape() == wanted:
                execute("COMMENT ON DATABASE {kept} IS {mark}", mark=sql.Literal(f"{wanted} {run}".strip()))
        try:
            execute("DROP DATABASE IF EXISTS {to}")
        except OperationalError as error:
            if isinstance(error.__cause__, errors.ObjectInUse):
                raise InUse(to) from error
            raise
        execute("CREATE DATABASE {to} TEMPLATE {kept}")
    finally:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


_END_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = %s AND usename = current_user AND pid <> pg_backend_pid()
"""


def drop(cursor: CursorWrapper, name: str) -> None:
    """Drop a database with the sessions of this role in it.

    WITH (FORCE) would end all sessions, and be refused where the autovacuum is at work: that is the superuser's. A
    plain DROP sends it away, and waits for the others to end.
    """
    cursor.execute(_END_SESSIONS, [name])
    cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


# PostgreSQL gives a database whose DROP was broken off the limit -2, and refuses to copy it.
_MADE_OF = """
    SELECT shobj_description(oid, 'pg_database') FROM pg_database
    WHERE datname = %s AND NOT datallowconn AND datconnlimit <> -2
"""


def _mark_of(cursor: CursorWrapper, name: str) -> str:
    """Give the shape of a database that is kept, and the run that made it; "" where none may be used."""
    cursor.execute(_MADE_OF, [name])
    row = cursor.fetchone()
    return (row[0] or "") if row else ""
