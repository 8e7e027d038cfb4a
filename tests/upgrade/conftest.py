"""The database of 28 November, brought up to date once for all tests of this folder."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from portal.postgresql import standing

DUMP = Path(__file__).with_name("portal-2026-11-28.sql.gz")


def _restore(name: str) -> None:
    parameters = connection.get_connection_params()
    with psycopg.connect(**{**_plain(parameters), "dbname": name}, autocommit=True) as other:
        # Only the one server knows the setting that pg_dump 18 begins with.
        statements = gzip.decompress(DUMP.read_bytes()).decode().replace("SET transaction_timeout = 0;\n", "")
        other.execute(statements)


def _plain(parameters: dict[str, object]) -> dict[str, object]:
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
            maker.execute(f"DROP DATABASE {name} WITH (FORCE)")
            maker.close()


@pytest.fixture(scope="package")
def upgraded(restored: None) -> None:
    """Bring it up to date, as `./run` does."""
    before = standing.of_the_database()
    assert before.missing
    assert not before.is_too_old
    call_command("migrate", verbosity=0, interactive=False)
