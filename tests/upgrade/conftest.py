"""The database of 28 November, brought up to date once for all tests of this folder."""

import gzip
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from bench.world import drop_database
from portal.postgresql import migrated, patience
from portal.shell.management.commands import migrate

DUMP = Path(__file__).with_name("portal-2026-11-28.sql.gz")


def _restore(name: str) -> None:
    parameters = connection.get_connection_params()
    with psycopg.connect(**{**_plain(parameters), "dbname": name}, autocommit=True) as other:
        # Only the one server knows the setting that pg_dump 18 begins with.
        statements = gzip.decompress(DUMP.read_bytes()).decode().replace("SET transaction_timeout = 0;\n", "")
        other.execute(statements)


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    return {key: parameters[key] for key in ("host", "port", "user", "password") if parameters.get(key)}


@pytest.fixture(scope="package")
def restored(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Have the connection lead to the database of that day, as it was; afterwards it is dropped."""
    with django_db_blocker.unblock():
        usual = connection.settings_dict["NAME"]
        name = f"{connection.settings_dict['TEST']['NAME']}_upgrade_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}"
        maker = psycopg.connect(**_plain(connection.get_connection_params()), dbname=usual, autocommit=True)
        maker.execute(f"DROP DATABASE IF EXISTS {name}")
        maker.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            _restore(name)
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
            drop_database(maker, name)
            maker.close()


@dataclass(frozen=True)
class Waited:
    """What migrating said and did while somebody read a table that it changes.

    *Shape*: `refusal` is what the first command said in the end, `left` what was missing then; the second one was
    let through at its second pause. `lock_timeout` is what the connection had after both.
    """

    refusal: str
    left: tuple[str, ...]
    pauses: tuple[float, ...]
    told: str
    lock_timeout: str


@pytest.fixture(scope="package")
def upgraded(restored: None) -> Waited:
    """Bring it up to date, as `./run` does, while somebody reads the audit in an open transaction."""
    before = migrated.of_the_database()
    assert before.missing
    assert not before.is_too_old
    reader = psycopg.connect(**_plain(connection.get_connection_params()), dbname=connection.settings_dict["NAME"])
    reader.execute("SELECT count(*) FROM audit_auditentry").fetchone()
    pauses: list[float] = []

    def go_on(pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == 2:
            reader.rollback()

    with pytest.MonkeyPatch.context() as quick, reader:
        quick.setattr(patience, "LOCK_TIMEOUT", "20ms")
        quick.setattr(patience, "PAUSES", (1,))
        with pytest.raises(patience.TablesInUse) as refused:
            _migrate(sleep=lambda pause: None)
        left = migrated.of_the_database().missing
        quick.setattr(patience, "PAUSES", (1, 2, 4))
        told = _migrate(sleep=go_on)
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        (lock_timeout,) = cursor.fetchone()
    return Waited(str(refused.value), left, tuple(pauses), told, lock_timeout)


def _migrate(*, sleep: Callable[[float], None]) -> str:
    told = io.StringIO()
    command = migrate.Command(stderr=told)
    command.sleep = sleep
    call_command(command, verbosity=0, interactive=False)
    return told.getvalue()
