"""The real web server while its real PostgreSQL hangs, dies, is busy or has no connection left."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal import embedded
from tests.faults.web import PASSWORD, POOL, Web
from tests.support import migrated, one_customer
from tests.support.one_customer import ORGANISATION, SUBSCRIPTION
from tests.support.places import eventually

PATIENCE = 3.0


def _fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes to an address."""
    (form,) = re.findall(rf'<form[^>]*action="[^"]*{action}"(.*?)</form>', page, flags=re.S)
    fields = {}
    for tag in re.findall(r'<input[^>]*type="hidden"[^>]*>', form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            fields[name[1]] = value[1] if value else ""
    return fields


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with migrated.place("away") as place:
        keeper = place.user()
        keeper.url()
        web = Web(place)
        csv = one_customer.write(place.data / "csv")
        try:
            web.manage("import_data", str(csv))
            web.manage("create_staff", "ann", "--role", "billing", "--password-stdin", said=f"{PASSWORD}\n")
            web.start()
            web.log_in()
            yield web
        finally:
            if web.process:
                web.process.terminate()
                web.process.wait(20)
            keeper.kill()


@pytest.fixture(autouse=True)
def _one_process_throughout(web: Web) -> Iterator[None]:
    """Each test leaves a portal that works, in the process that it began in, with nothing ugly in its log."""
    worker = _workers(web)
    yield
    assert web.ask("/customers/")[0] == 200
    assert web.ask("/readyz")[:2] == (200, "ready\n")
    assert _workers(web) == worker
    assert "Traceback" not in web.log.read_text()


def _workers(web: Web) -> str:
    assert web.process
    return Path(f"/proc/{web.process.pid}/task/{web.process.pid}/children").read_text()


def _is_away(web: Web) -> None:
    """Every page says so within three seconds; the process itself is well."""
    for path, headers in (("/customers/", None), (f"/customers/{ORGANISATION}/", {"HX-Request": "true"})):
        status, page, seconds = web.ask(path, headers=headers)
        assert (status, seconds < PATIENCE) == (503, True), (path, status, seconds)
        assert "The portal is not available just now" in page
        assert "Traceback" not in page
        assert "Error" not in page
    assert web.ask("/healthz")[:2] == (200, "ok\n")
    status, text, seconds = web.ask("/readyz")
    assert (status, text, seconds < PATIENCE) == (503, "the database does not answer\n", True)


def test_a_server_that_was_killed(web: Web) -> None:
    supervisor, first = web.place.supervisor(), web.place.postmaster()
    os.kill(supervisor, signal.SIGSTOP)  # so that nobody starts it again at once
    try:
        for pid in web.server():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _is_away(web)
    finally:
        os.kill(supervisor, signal.SIGCONT)
    assert eventually(lambda: web.place.postmaster() != first and _answers(web), seconds=20)
    assert web.ask("/customers/")[0] == 200


def test_a_supervisor_that_was_killed(web: Web) -> None:
    """Who only has an address can't help it; a portal whose database it is starts it again, by being asked."""
    own = Web(web.place)
    own.log = web.place.data / "own.log"
    own.start(by_address=False)
    try:
        assert own.ask("/readyz")[0] == 200
        for number in (signal.SIGKILL, signal.SIGTERM):
            _kill_supervisor(web, number, asked=own)
        assert "Traceback" not in own.log.read_text()
    finally:
        assert own.process
        own.process.terminate()
        own.process.wait(20)
    assert eventually(lambda: web.ask("/readyz")[0] == 200, seconds=20)


def _kill_supervisor(web: Web, number: int, *, asked: Web) -> None:
    supervisor, first = web.place.supervisor(), web.place.postmaster()
    os.kill(supervisor, number)
    assert eventually(lambda: first not in web.place.processes(), seconds=20)
    assert eventually(lambda: asked.ask("/readyz")[0] == 200, seconds=20)
    assert web.place.supervisor() != supervisor


def _answers(web: Web) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(web.url(), connect_timeout=2):
        return True
    return False


def test_a_server_that_hangs(web: Web) -> None:
    held = web.server()
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        # Twice as many as there are threads: none of them is held for longer.
        answers: list[tuple[int, str, float]] = []
        crowd = [threading.Thread(target=lambda: answers.append(web.ask("/customers/"))) for _ in range(8)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        assert [answer[0] for answer in answers] == [503] * 8
        assert max(answer[2] for answer in answers) < PATIENCE
        _is_away(web)
    finally:
        for pid in held:
            os.kill(pid, signal.SIGCONT)
    assert web.ask("/customers/")[0] == 200


def test_connections_that_were_cut_are_not_used_again(web: Web) -> None:
    for _ in range(POOL + 1):
        with psycopg.connect(web.url(), autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'portal' AND pid <> pg_backend_pid()"
            )
        time.sleep(0.1)
        assert web.ask("/customers/")[0] == 200


def test_a_commit_that_waits_too_long_for_a_lock_writes_nothing(web: Web) -> None:
    base = f"/subscriptions/{SUBSCRIPTION}/terminate/"
    page = web.ask(base)[1]
    said = {
        **_fields(page, "/terminate/refund/"),
        "reason": re.findall(r'<option value="([a-z_-]+)"', page)[0],
        "explanation": "They asked.",
        "requested_by": "Ms Tan",
        "requested_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "channel": "phone",
        "ticket": "T-1",
    }
    status, page, _ = web.ask(f"{base}refund/", said)
    assert status == 200, page
    status, page, _ = web.ask(f"{base}choice/", _fields(page, "/terminate/choice/"))
    assert status == 200, page
    apply = {**_fields(page, "/terminate/apply/"), "choice": "automatic"}
    with psycopg.connect(web.url()) as other:
        before = _everything(other)
        other.execute("SELECT 1 FROM subscriptions_subscription FOR UPDATE")
        status, page, seconds = web.ask(f"{base}apply/", apply)
        assert (status, seconds < PATIENCE) == (503, True)
        assert "The portal is busy" in page
        other.rollback()
        assert _everything(other) == before
        # The same form again, once nobody holds the lock: done, once.
        other.rollback()
        for _ in range(2):
            status, page, _ = web.ask(f"{base}apply/", apply)
            assert status == 200, page
        counted = other.execute("SELECT count(*) FROM subscriptions_termination").fetchone()
        assert counted == (1,)


def _everything(other: psycopg.Connection) -> list[tuple[str, int]]:
    """Count the rows written, by table, since the server began."""
    other.execute("SELECT pg_stat_clear_snapshot()")
    tables = other.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    ).fetchall()
    counts = []
    for (table,) in tables:
        if table == "django_session":
            continue
        row = other.execute(f'SELECT count(*), coalesce(sum(hashtext(t::text)), 0) FROM "{table}" AS t').fetchone()
        assert row
        counts.append((table, *row))
    return counts


def test_all_connections_taken(web: Web) -> None:
    """As many requests as there are connections wait for a lock; who gets none of them in time is told so."""
    with psycopg.connect(web.url()) as other:
        other.execute("LOCK TABLE customers_organisation IN ACCESS EXCLUSIVE MODE")
        answers: list[tuple[int, str, float]] = []
        crowd = [threading.Thread(target=lambda: answers.append(web.ask("/customers/"))) for _ in range(POOL + 4)]
        for one in crowd:
            one.start()
        assert web.ask("/healthz")[2] < PATIENCE
        for one in crowd:
            one.join()
        other.rollback()
    assert {answer[0] for answer in answers} == {503}
    # Two shifts of three wait for the lock until its time is over; before the second ends, the seventh is told.
    told = [seconds for _, page, seconds in answers if "The portal is not available" in page]
    assert len(told) == len(crowd) - 2 * POOL
    assert max(told) < PATIENCE


def test_migrations_that_are_not_applied(web: Web) -> None:
    with psycopg.connect(embedded.owner_url(web.place.data), autocommit=True) as other:
        name = other.execute("SELECT max(name) FROM django_migrations WHERE app = 'invoicing'").fetchone()
        assert name
        other.execute("UPDATE django_migrations SET name = 'x' WHERE app = 'invoicing' AND name = %s", name)
        try:
            assert web.ask("/readyz")[:2] == (503, "migrations are not applied\n")
            assert web.ask("/healthz")[0] == 200
        finally:
            other.execute("UPDATE django_migrations SET name = %s WHERE name = 'x'", name)
