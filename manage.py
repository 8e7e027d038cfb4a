#!/usr/bin/env python
"""Join the database, bring it up to date where ./run asks for it, then hand over to Django."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portal import embedded

if TYPE_CHECKING:
    from portal.postgresql import standing

OLDEST_POSTGRESQL = 15
# Any number of our own: whoever migrates this database holds the advisory lock of this name.
MIGRATION_LOCK = 7_160_421
# What standard output says when it can take no more: the disk is full, or who read it has ended.
UNWRITABLE = {errno.ENOSPC, errno.EPIPE}
# As shells report a process that was ended by SIGPIPE, and by SIGINT.
READER_HAS_LEFT, INTERRUPTED = 141, 130
# They need no database, or nothing in it.
ASK_NO_DATABASE = {"makemigrations", "squashmigrations", "help", "version", "--help", "-h", "--version"}


def main(arguments: list[str]) -> int:
    _fill_closed_streams()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    # Set by ./run; taken out, so that no child process inherits the wish.
    wants_migration = os.environ.pop("PORTAL_MIGRATE", "") == "1"
    try:
        embedded.join()
    except embedded.EmbeddedError as error:
        return _refuse(str(error))
    from django.core.management import execute_from_command_line

    if wants_migration and len(arguments) > 1 and not ASK_NO_DATABASE & set(arguments[1:]):
        refusal = _bring_up_to_date(may_migrate="migrate" not in arguments[1:])
        if refusal:
            return _refuse(refusal)
    try:
        try:
            execute_from_command_line(arguments)
        finally:
            # What is still held back would fail after the last moment at which that can be told.
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in UNWRITABLE or error.filename:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            return READER_HAS_LEFT
        return _refuse(f"The answer can't be written: {error.strerror}.")
    return 0


def _fill_closed_streams() -> None:
    """Open what the caller has closed, before a lock or a connection gets its number."""
    for name, number, how in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, how, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def _bring_up_to_date(*, may_migrate: bool) -> str:
    """Apply missing migrations, and return why the database can't be used, or nothing.

    *Shape*: `may_migrate` is false where the command itself migrates.
    """
    import django
    import psycopg
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command
    from django.db import NotSupportedError, OperationalError, connection

    from portal.lib import text
    from portal.postgresql import standing

    try:
        django.setup()
    except ImproperlyConfigured as error:
        return str(error)
    except psycopg.ProgrammingError as error:  # settings could not read the address
        return f"DATABASE_URL can't be read: {str(error).strip()}."
    try:
        version = connection.pg_version // 10_000
        if version < OLDEST_POSTGRESQL:
            return _too_old(f"{version}")
        stands = standing.of_the_database()
        if _why_not_usable(stands):
            # Half migrated, a database looks like an older one: look again when nobody is at it.
            with _alone():
                stands = standing.of_the_database()
        if refusal := _why_not_usable(stands):
            return refusal
        if not may_migrate or not _is_behind(stands):
            return ""
        sys.stderr.write("Setting up the database ...\n")
        # Two that start at once: the second waits here and then finds nothing to do.
        with _alone():
            if _is_behind(standing.of_the_database()):
                call_command("migrate", verbosity=0, interactive=False)
        return _why_not_usable(standing.of_the_database())
    except NotSupportedError as error:
        return _too_old(str(error))
    except OperationalError as error:
        reason = text.first_line(error)
        return f"The database can't be used: {reason} (see DATABASE_URL)."
    finally:
        connection.close()


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until nobody else migrates this database, and keep others from it.

    It asks again and again: who waits inside a statement holds a snapshot, and CREATE INDEX CONCURRENTLY waits for
    the end of that, so that both would wait for each other.
    """
    from django.db import connection

    is_mine = False
    while not is_mine:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
            (is_mine,) = cursor.fetchone()
        if not is_mine:
            time.sleep(1)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _is_behind(stands: standing.Standing) -> bool:
    """Say whether migrations are missing, or roles have other permissions than this version gives them."""
    from portal import roles

    # What a newer version gives them is not taken away again.
    return bool(stands.missing) or not (stands.is_newer or roles.are_up_to_date())


def _why_not_usable(stands: standing.Standing) -> str:
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


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


def _main_until_interrupted(arguments: list[str]) -> int:
    """Let Ctrl-C end whatever runs without a traceback, and say so as a shell does."""
    try:
        return main(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(_main_until_interrupted(sys.argv))
