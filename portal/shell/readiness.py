"""Prepare the database for a command, or say in a sentence why it can't be used.

`./run` does this before each command. The embedded database is migrated automatically, any other one only by
`./run migrate`. Commands that only read change nothing, so they work on a replica.
"""

from __future__ import annotations

import enum
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError, call_command
from django.db import DatabaseError, NotSupportedError, OperationalError, connection
from psycopg import errors

from portal import embedded
from portal.lib import text
from portal.postgresql import migrated, owner
from portal.staff import roles

OLDEST_POSTGRESQL = 15
# The key of the advisory lock that migrating takes. The number is arbitrary.
MIGRATION_LOCK = 7_160_421
SECONDS_BETWEEN_TRIES = 1


class Need(enum.Enum):
    """Name what a command needs of the database."""

    NOTHING = enum.auto()
    TO_LOOK = enum.auto()  # it tells what is missing
    TO_READ = enum.auto()
    TO_STAGE = enum.auto()  # it reads, with temporary tables
    TO_WRITE = enum.auto()
    TO_SERVE = enum.auto()
    TO_MIGRATE = enum.auto()


_NEEDS = {
    **dict.fromkeys(
        ("install", "makemigrations", "squashmigrations", "help", "version", "--version"), Need.NOTHING
    ),
    **dict.fromkeys(("showmigrations", "sqlmigrate"), Need.TO_LOOK),
    **dict.fromkeys(("verify_ledger", "quote_refund", "dumpdata", "inspectdb"), Need.TO_READ),
    "serve": Need.TO_SERVE,
    "migrate": Need.TO_MIGRATE,
}
DRY_RUN = "--dry-run"


def need_of(words: list[str]) -> Need:
    """Tell what a command needs, from its arguments. They are not validated yet."""
    command, *arguments = words or ["help"]
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if {"-h", "--help"} & {command, *options}:
        return Need.NOTHING
    need = _NEEDS.get(command, Need.TO_WRITE)
    # argparse accepts an abbreviated option.
    if need is Need.TO_WRITE and any(len(word) > 2 and DRY_RUN.startswith(word) for word in options):
        return Need.TO_STAGE if command == "import_data" else Need.TO_READ
    return need


def is_for_the_owner(words: list[str]) -> bool:
    """Tell whether a command changes or truncates tables, which only their owner may do."""
    return words[:1] == ["migrate"] or (words[:1] == ["demo"] and "--remove" in words)


def prepare(need: Need) -> str:
    """Migrate if the command needs it, and return why the database can't be used, else ""."""
    if need is Need.NOTHING:
        return ""
    try:
        # Earlier versions granted nothing to the runtime role, so the owner looks.
        with owner.connected():
            connection.ensure_connection()
            version = connection.connection.info.server_version // 10_000
            if version < OLDEST_POSTGRESQL:
                return _too_old(f"{version}")
            if (encoding := connection.connection.info.parameter_status("server_encoding")) != "UTF8":
                return (
                    f"The database is kept in {encoding}, which has not all signs of names: make one with CREATE "
                    "DATABASE ... TEMPLATE template0 ENCODING 'UTF8', and move what is in this one."
                )
            return _prepare(need)
    except NotSupportedError as error:
        return _too_old(str(error))
    except CommandError as error:  # a migration that can't be, or found no peace
        return str(error)
    except OperationalError as error:
        return f"The database can't be used: {text.first_line(error)} (see {owner.source()})."
    except DatabaseError as error:
        if owner.is_about_rights(error):
            return owner.refusal(error)
        raise
    finally:
        connection.close()


def _prepare(need: Need) -> str:
    stands = migrated.of_the_database()
    if _why_not_usable(stands):
        # A database that is just being migrated looks like an older one. Look again once the lock is free.
        with alone():
            stands = migrated.of_the_database()
    if refusal := _why_not_usable(stands):
        return refusal
    if need is Need.TO_LOOK:
        return ""
    if need is not Need.TO_READ and migrated.is_read_only():
        return read_only()
    if need is Need.TO_MIGRATE:
        return ""
    is_read = need in (Need.TO_READ, Need.TO_STAGE)
    if is_read or not embedded.is_used():
        if not stands.missing and not is_read and (lacking := owner.lacking()):
            return lacking
        if not stands.missing:
            # Outdated permissions of roles don't prevent work.
            if need is Need.TO_SERVE and _is_behind(stands):
                _say("Roles have other permissions than in this version: ./run migrate sets them right.")
            return ""
        if is_read or need is not Need.TO_SERVE or not migrated.is_empty():
            return _behind(stands)
    if not _is_behind(stands):
        return ""
    _say("Setting up the database ...")
    # Of two servers that start at once, the second one waits here and then has nothing to do.
    with alone():
        if _is_behind(migrated.of_the_database()):
            call_command("migrate", verbosity=0, interactive=False)
    return _why_not_usable(migrated.of_the_database())


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock for migrating, on a connection of its own.

    It polls. A statement that waits for the lock would hold a snapshot, and CREATE INDEX CONCURRENTLY of the other
    process waits for the end of all snapshots: a deadlock.
    """
    holder = connection.copy()
    try:
        is_mine = False
        while not is_mine:
            with holder.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
                (is_mine,) = cursor.fetchone()
            if not is_mine:
                time.sleep(SECONDS_BETWEEN_TRIES)
        yield
    finally:
        # The lock ends with its session.
        holder.close()


def read_only() -> str:
    """Say that the database is read-only, and which commands work."""
    return (
        "This database can only be read (it is a replica, or default_transaction_read_only is on), and nothing "
        "was done: verify_ledger, quote_refund, terminate_expired --dry-run and nightly --dry-run work here, all "
        "else needs one that takes writes."
    )


def is_about_writing(error: DatabaseError) -> bool:
    """Tell whether PostgreSQL refused a write because the database is read-only."""
    return isinstance(error.__cause__, errors.ReadOnlySqlTransaction)


def _is_behind(stands: migrated.Standing) -> bool:
    """Tell whether migrations are missing, or permissions of roles differ from those of this version."""
    # Permissions from a newer version are left alone.
    return bool(stands.missing) or not (stands.is_newer or (roles.are_up_to_date() and owner.is_granted()))


def _behind(stands: migrated.Standing) -> str:
    if migrated.is_empty():
        return "The database is empty, and nothing was done: ./run migrate sets it up."
    count = len(stands.missing)
    are = "1 migration is" if count == 1 else f"{count} migrations are"
    return (
        f"The database is behind this version of the portal, and nothing was done: {are} missing, from "
        f"{stands.missing[0]} on. Back it up, and bring it up to date with ./run migrate."
    )


def _why_not_usable(stands: migrated.Standing) -> str:
    if stands.is_too_old:
        way = f"move {embedded.data_directory()} away" if embedded.is_used() else "set DATABASE_URL to an empty one"
        return (
            "This database was made by a version of the portal from before 28 November 2026, which this version "
            f"can't bring up to date: go on with the version that made it, or {way} and import the data again."
        )
    if stands.lacking:
        return (
            f"The database lacks {', '.join(stands.lacking[:3])}{' and more' if stands.lacking[3:] else ''}, "
            "which this version of the portal needs: use the version that changed it last, or restore a backup."
        )
    return ""


def _too_old(found: str) -> str:
    return (
        f"The portal needs PostgreSQL {OLDEST_POSTGRESQL} or newer, but the server of DATABASE_URL is older "
        f"({found.rstrip('.')}): use a newer one, or unset DATABASE_URL for the embedded database."
    )


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
