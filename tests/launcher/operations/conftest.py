"""A machine of its own on which docs/operations.md was followed, as far as a test needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.launcher.operations import machine as machines
from tests.launcher.operations import operating

# Then `./run migrate` of the page makes all tables; else it finds them, and gives the rights to them.
IS_FULL = os.environ.get("TEST_FULL") == "1"


@pytest.fixture(scope="module")
def served() -> Iterator[operating.Operator]:
    """The portal as the page sets it up, from installing to the first member of staff."""
    machine = machines.Machine()
    try:
        here = operating.Operator(machine)
        here.start_postgresql()
        here.follow("Installing")
        here.follow("A PostgreSQL of yours")
        if not IS_FULL:
            here.restore_tables()
        here.follow("Environment")
        here.follow("The server")
        here.make_certificate()
        here.follow("Behind a proxy")
        here.follow("Staff")
        here.bring_files_of_an_import()
        here.follow("Every night")
        yield here
    finally:
        machine.close()


@pytest.fixture(scope="module")
def bounced(served: operating.Operator) -> operating.Operator:
    """The same, with its connections through PgBouncer."""
    served.follow("PgBouncer")
    return served


@pytest.fixture(scope="module")
def restored(bounced: operating.Operator) -> operating.Operator:
    """The same after a dump, and after a restore of it."""
    bounced.follow("Backup")
    bounced.counts = {name: bounced.rows(name) for name in ("portal", "portal_before")}
    bounced.fill_the_embedded_database()
    bounced.follow("Backup of the embedded database")
    return bounced


@pytest.fixture(scope="module")
def odd(served: operating.Operator) -> operating.Operator:
    """What the refused starts meet: a closed directory, another encoding."""
    served.machine.does("install", "--directory", "--mode=0755", "/srv/closed")
    served.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'")
    return served
