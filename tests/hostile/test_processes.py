"""Commands as processes of their own: words that are no text, streams that are closed or full, an early end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.db import connection

from portal import embedded
from tests.hostile import tables
from tests.hostile.answers import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_clock")]


@pytest.fixture(autouse=True)
def _at() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def environment() -> dict[str, str]:
    """What a process is told so that it works on the database of the test, in UTF-8."""
    known = connection.settings_dict
    address = f"postgresql:///{known['NAME']}?host={quote(known['HOST'], safe='')}&user={known['USER']}"
    if known["PORT"]:
        address += f"&port={known['PORT']}"
    kept = {
        name: value for name, value in os.environ.items() if name not in ("EMAIL_HOST", "DJANGO_SETTINGS_MODULE")
    }
    return {**kept, "DATABASE_URL": address, "PGPASSWORD": known["PASSWORD"], "LC_ALL": "C.UTF-8"}


def closed(number: int) -> Callable[[], None]:
    return lambda: os.close(number)


# Words, what stands in for the streams, the exit status, and what is said on standard error.
PROCESSES: dict[str, tuple[list[str | bytes], dict[str, Any], int, str]] = {
    "bytes that are no UTF-8": (["quote_refund", b"\xff", "--json"], {}, 1, ""),
    "no such command": ([b"\xff<x>"], {}, 1, "Unknown command: '\\udcff<x>'"),
    "no directory": (["import_data", b"/\xff"], {}, 1, "is not a directory."),
    "standard input closed": (["quote_refund", "-"], {"preexec_fn": closed(0)}, 0, ""),
    "no password": (
        ["create_staff", "bob", "--role", "agent", "--password-stdin"],
        {"preexec_fn": closed(0)},
        1,
        "There is no password on standard input.",
    ),
    "standard output closed": (["verify_ledger", "--json"], {"preexec_fn": closed(1)}, 0, ""),
    "standard error closed": (["import_data", "/nowhere"], {"preexec_fn": closed(2)}, 1, ""),
    "no room for the answer": (
        ["verify_ledger", "--json"],
        {"stdout": "/dev/full"},
        1,
        "The answer can't be written: No space left on device.",
    ),
    "workers that are no number": (["serve"], {"env": {"WEB_CONCURRENCY": "NaN"}}, 1, "WEB_CONCURRENCY is 'NaN'"),
}


@pytest.mark.django_db(transaction=True)
def test_a_process_says_what_is_wrong_in_a_line(environment):
    before = tables.digest()
    wrong = {name: why for name, case in PROCESSES.items() if (why := _what_is_wrong(*case, environment))}
    assert wrong == {}
    assert tables.digest() == before


def _what_is_wrong(
    words: list[str | bytes], streams: dict[str, Any], status: int, said: str, environment: dict[str, str]
) -> str:
    """Run a process, and give what it said where that is not what was to be said."""
    more = streams.get("env", {})
    stdout: Any = open(str(streams["stdout"]), "wb") if "stdout" in streams else subprocess.PIPE  # noqa: SIM115
    ended = subprocess.run(
        [sys.executable, embedded.ROOT / "manage.py", *words],
        env=environment | more,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        preexec_fn=streams.get("preexec_fn"),
        timeout=120,
        check=False,
    )
    err = ended.stderr.decode()
    if ended.stdout:
        json.loads(ended.stdout.decode())
    # Django has a second line about a command that there is not.
    lines = 2 if said.startswith("Unknown command") else 1 if said else 0
    is_right = ended.returncode == status and said in err and err.count("\n") == lines
    return "" if is_right and "Traceback" not in err else f"{ended.returncode}: {err}"


@pytest.mark.django_db(transaction=True)
def test_who_reads_only_the_first_answers_is_no_trouble(environment):
    asking = subprocess.Popen(
        [sys.executable, embedded.ROOT / "manage.py", "quote_refund", "-", "--json"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert asking.stdin
    assert asking.stdout
    assert asking.stderr
    asking.stdin.write(b"nonsense\n" * 5_000)
    asking.stdin.flush()
    asking.stdout.readline()
    asking.stdout.close()
    with contextlib.suppress(BrokenPipeError):
        asking.stdin.write(b"nonsense\n" * 20_000)
        asking.stdin.close()
    assert (asking.wait(120), asking.stderr.read()) == (141, b"")
