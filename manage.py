#!/usr/bin/env python
"""Join the database, bring it up to date where ./run asks for it, then hand over to Django."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import secrets
import sys

from portal import embedded

# What standard output says when it can take no more: the disk is full, or who read it has ended.
UNWRITABLE = {errno.ENOSPC, errno.EPIPE}
# As shells report a process that was ended by SIGPIPE, and by SIGINT.
READER_HAS_LEFT, INTERRUPTED = 141, 130


def main(arguments: list[str]) -> int:
    _fill_closed_streams()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    # Set by ./run; taken out, so that no child process inherits the wish.
    is_prepared = os.environ.pop("PORTAL_MIGRATE", "") == "1"
    os.environ.pop("PORTAL_STATIC", None)
    try:
        if arguments[1:2] == ["install"]:
            _stand_in_for_database_and_key()
        else:
            embedded.join()
    except embedded.EmbeddedError as error:
        return _refuse(str(error))
    # Nearly all objects of the start stay: looking for garbage among them again and again finds nothing.
    gc.disable()
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        django.setup()
    except ImproperlyConfigured as error:
        return _refuse(str(error))
    gc.freeze()
    # As in the web processes: by itself Python looks at every 700 new objects.
    gc.set_threshold(10_000, 10, 10)
    gc.enable()
    from portal.postgresql import owner
    from portal.shell import readiness

    if refusal := owner.take_address():
        return _refuse(refusal)
    need = readiness.need_of(arguments[1:]) if is_prepared else readiness.Need.NOTHING
    if refusal := readiness.prepare(need):
        return _refuse(refusal)
    try:
        try:
            # Of two that migrate at once, the second waits and then finds nothing to do.
            with (
                owner.connected() if readiness.is_for_the_owner(arguments[1:]) else contextlib.nullcontext(),
                readiness.alone() if need is readiness.Need.TO_MIGRATE else contextlib.nullcontext(),
            ):
                execute_from_command_line(arguments)
        finally:
            # What is still held back would fail after the last moment at which that can be told.
            sys.stdout.flush()
    except DatabaseError as error:
        if readiness.is_about_writing(error):
            return _refuse(readiness.read_only())
        if owner.is_about_rights(error):
            return _refuse(owner.refusal(error))
        raise
    except OSError as error:
        if error.errno not in UNWRITABLE or error.filename:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            return READER_HAS_LEFT
        return _refuse(f"The answer can't be written: {error.strerror}.")
    return 0


def _stand_in_for_database_and_key() -> None:
    """Let the settings be read where there is neither, and none is to be made."""
    os.environ.pop("DATABASE_URL", None)
    os.environ |= {
        embedded.URL_VARIABLE: "postgresql:///none",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "PORTAL_STATIC": "installed",
    }


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
