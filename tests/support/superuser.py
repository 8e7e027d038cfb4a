"""The superuser of an embedded server, whom nobody can log in as: a test opens the door for a moment."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from portal import embedded
from portal.launcher import places
from portal.launcher.cluster import WHO_MAY_LOG_IN


def connect(*, data: Path | None = None, **address: Any) -> psycopg.Connection[Any]:
    """Connect as the superuser; the door is closed again before anybody works with the connection."""
    data = data or embedded.data_directory()
    with let_in(data):
        return _connect(data, **address)


@contextmanager
def let_in(data: Path) -> Iterator[None]:
    """Let the superuser in, as a client and as a replica, as long as this lasts."""
    cluster = places.base_of(data) / "postgres"
    doors = cluster / "pg_hba.conf"

    def write(words: str) -> None:
        doors.write_text(words)
        os.kill(int((cluster / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGHUP)

    with (data / "superuser.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        try:
            write(f"local all,replication {places.SUPERUSER} trust\n{WHO_MAY_LOG_IN}")
            until = time.monotonic() + 20
            while True:  # the server has to read it first
                try:
                    _connect(data).close()
                    break
                except psycopg.OperationalError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.02)
            yield
        finally:
            write(WHO_MAY_LOG_IN)


def _connect(data: Path, **address: Any) -> psycopg.Connection[Any]:
    given = {"autocommit": True, **address, "user": places.SUPERUSER}
    return psycopg.connect(embedded.runtime_url(data), **given)
