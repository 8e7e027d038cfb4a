"""A portal of the bench's own: a database in a temporary directory, the real server, the real commands.

Everything that is started here is ended here, also when the bench is killed: the database when nobody uses it any
more, the rest by the kernel.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.diary import Browser
from bench.proxy import Proxy
from portal import embedded

PASSWORD = "every-fault-1"
AGENTS = ("bench-agent-1", "bench-agent-2", "bench-agent-3", "bench-agent-4")
# Terminates like the other agents, and may use a chosen note at once.
CLERK = AGENTS[-1]
BILLING = "bench-billing"
WORKERS = 2
# Fewer than the threads of a worker, so that the pool can be exhausted at all.
POOL_SIZE = 4
# Each has the number of a process of its own, and many that are next to each other may have been left behind.
_CLOCK_STARTS = 200
_TELL_CLOCK = 'echo "$LD_PRELOAD"; echo "$FAKETIME"; echo "$FAKETIME_SHARED"; exec cat'
BACK_WITHIN = 20.0
"""Seconds in which the portal has to be back after a fault, by itself. The machine may be busy."""

# Nothing of the surrounding run may reach the bench's portal.
HIDDEN = (
    *("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PORTAL_WEB", "PORTAL_MIGRATE", "SECURE", "ALLOWED_HOSTS", "HOST"),
    *(embedded.LOCK_VARIABLE, embedded.URL_VARIABLE),
)


def leave_database(data: Path) -> None:
    """Let go of the embedded database, and wait until nobody uses it and it has stopped."""
    from django.db import connections

    connections.close_all()
    let_go(data)


def let_go(data: Path) -> None:
    """Leave the embedded database to its supervisor, where no connection is open, and wait until it has stopped."""
    # Nobody else has the lock: the supervisor stops the server, and goes with a lock of its own.
    if held := os.environ.pop(embedded.LOCK_VARIABLE, ""):
        os.close(int(held))
    until = time.monotonic() + 40
    with (data / "supervisor.lock").open("a") as lock:
        while time.monotonic() < until:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(0.05)


class Clock:
    """A clock that says `at` as it is made, for programs and a database that they start; `close` it in the end.

    *Shape*: `environment` moves the clock of whoever has it. Without `shared`, which is for programs of one user,
    each makes a memory of its own, and one that is killed leaves it to the next process of its number.
    """

    def __init__(self, at: datetime) -> None:
        ahead = round((at - datetime.now(UTC)).total_seconds())
        own = {name: value for name, value in os.environ.items() if not _is_of_a_clock(name)}
        for _ in range(_CLOCK_STARTS):
            self._keeper = subprocess.Popen(
                ["faketime", "-f", f"{ahead:+d}s", "sh", "-c", _TELL_CLOCK],
                env=own,
                stdin=subprocess.PIPE,  # its end is ours
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            assert self._keeper.stdout
            library, moved, memory = (self._keeper.stdout.readline().rstrip("\n") for _ in range(3))
            if memory:
                break
            self.close()
        else:
            raise RuntimeError("faketime does not start: see what “faketime -f +1s date” says")
        self.environment = {"LD_PRELOAD": library, "FAKETIME": moved}
        self.shared = {"FAKETIME_SHARED": memory}

    def close(self) -> None:
        """Let go of it."""
        self._keeper.communicate()


def forget_clock() -> None:
    """Give what this process starts from now on the clock of the machine."""
    for name in filter(_is_of_a_clock, list(os.environ)):
        del os.environ[name]


def _is_of_a_clock(name: str) -> bool:
    return name == "LD_PRELOAD" or name.startswith("FAKETIME")


class House:
    """Holds the portal; `open` it first, `close` it in the end whatever happened."""

    def __init__(self, *, begin: Path | None = None) -> None:
        """Make a directory. *Shape*: `begin` is a data directory, migrated before, not in use, that is copied."""
        self.home = Path(tempfile.mkdtemp(prefix="portal-faults-"))
        self.home.chmod(0o755)  # the database's user has to pass through
        self.data = self.home / "data"
        self._is_migrated = begin is not None
        if begin:
            subprocess.run(["cp", "-a", begin, self.data], check=True)
            self.data.chmod(0o755)
        self.url = ""
        self.port = 0
        self.proxy: Proxy | None = None
        self.browsers: dict[str, Browser] = {}
        self._children: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None

    # ---- From the first to the last ------------------------------------------------------------------------

    def open(self, tell: Callable[[str], None], *, first: Path | None = None) -> None:
        """Make the database and its contents, start the proxy and the server, log everybody in.

        *Shape*: `first` is a directory to import instead of making the demo, which takes longer.
        """
        for name in HIDDEN:
            os.environ.pop(name, None)
        os.environ |= {"PORTAL_DATA": str(self.data), "DJANGO_SETTINGS_MODULE": "portal.settings"}
        tell("starting PostgreSQL")
        self.url = embedded.join(as_owner=True)
        import django

        django.setup()
        self._fill(tell, first=first)
        sockets = self.home / "proxy"
        sockets.mkdir()
        upstream = Path(str(psycopg.conninfo.conninfo_to_dict(self.url)["host"])) / f".s.PGSQL.{embedded.PORT}"
        self.proxy = Proxy(directory=sockets, upstream=upstream)
        self.proxy.start()
        tell("starting the server")
        self.port = free_port()
        self._server = self.start("serve", log="server")
        self.wait_until_healthy(60)
        for username in (*AGENTS, BILLING):
            browser = Browser(port=self.port, username=username)
            browser.log_in(PASSWORD)
            self.browsers[username] = browser

    def _fill(self, tell: Callable[[str], None], *, first: Path | None) -> None:
        from django.core.management import call_command
        from django.db import connections
        from django.utils import timezone

        from portal import frame
        from portal.staff.operations import accounts

        tell("importing the first customers" if first else "writing the demo")
        with (self.home / "setup.log").open("w") as log:
            if not self._is_migrated:
                call_command("migrate", verbosity=0, interactive=False, stdout=log)
        # Before the demo, whose own staff then stays away: with its password nothing is served.
        for username in (*AGENTS, BILLING):
            accounts.create_staff(
                username=username,
                role="billing" if username in (BILLING, CLERK) else "agent",
                password=PASSWORD,
                by=frame.SYSTEM,
                at=timezone.now(),
            )
        with (self.home / "setup.log").open("a") as log:
            if first:
                call_command("import_data", str(first), stdout=log)
            else:
                call_command("demo", "--force", stdout=log)
        connections.close_all()

    def close(self, *, keep_logs: Path | None = None) -> None:
        """End everything that was started, and remove the directory; keep the logs elsewhere when asked to."""
        for number in (signal.SIGINT, signal.SIGTERM):  # nothing stops this half-way
            signal.signal(number, signal.SIG_IGN)
        for child in self._children:
            end(child)
        if self.proxy:
            self.proxy.stop()
        if self.url:
            self._leave_database()
        if keep_logs:
            keep_logs.mkdir(parents=True, exist_ok=True)
            for log in [*self.home.glob("*.err"), *self.home.glob("*.out"), *self.data.glob("postgres.log")]:
                shutil.copy(log, keep_logs)
        shutil.rmtree(self.home, ignore_errors=True)

    def _leave_database(self) -> None:
        leave_database(self.data)

    # ---- Processes -----------------------------------------------------------------------------------------

    def start(self, *arguments: str, log: str) -> subprocess.Popen[bytes]:
        """Start manage.py with these arguments, its database behind the proxy; output goes to LOG.out, LOG.err."""
        environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
        environment |= {
            "DATABASE_URL": f"postgresql://{embedded.RUNTIME_ROLE}@/{embedded.DATABASE}?host={self.home / 'proxy'}",
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(WORKERS),
            "PORTAL_POOL_SIZE": str(POOL_SIZE),
        }
        with (self.home / f"{log}.out").open("wb") as out, (self.home / f"{log}.err").open("wb") as err:
            child = subprocess.Popen(
                [sys.executable, str(embedded.ROOT / "manage.py"), *arguments],
                cwd=embedded.ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,  # Ctrl-C is ours to handle
                preexec_fn=die_with_parent,
            )
        self._children = [known for known in self._children if known.poll() is None] + [child]
        return child

    def log(self, name: str) -> str:
        """Give the end of a log."""
        return (self.home / name).read_text(errors="replace")[-600:].strip()

    def is_serving(self) -> bool:
        """Say whether the server that was started first is still there."""
        return self._server is not None and self._server.poll() is None

    def web_workers(self) -> list[int]:
        """Find the processes of the server that answer requests."""
        if self._server is None:
            return []
        found = []
        with contextlib.suppress(FileNotFoundError):  # one of them has just ended
            for pid in Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split():
                if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(int(pid))
        return found

    def postmaster(self) -> int:
        """Give the process that all of PostgreSQL descends from; 0 while there is none."""
        try:
            return int((self.data / "postgres" / "postmaster.pid").read_text().split()[0])
        except (OSError, IndexError, ValueError):
            return 0

    # ---- Asking --------------------------------------------------------------------------------------------

    def connect(self) -> psycopg.Connection[Any]:
        """Connect to the database itself, past the proxy; wait while it is being restarted."""
        until = time.monotonic() + BACK_WITHIN
        while True:
            try:
                return psycopg.connect(self.url, autocommit=True, application_name="bench", connect_timeout=5)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def ask(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the database something."""
        with self.connect() as connection:
            return connection.execute(sql, parameters or None).fetchall()

    def wait_until_healthy(self, seconds: float) -> float | None:
        """Wait until the portal answers and goes on answering, and give the seconds; None when it does not."""
        started = time.monotonic()
        browser = Browser(port=self.port, username="nobody")
        right = 0
        while time.monotonic() - started < seconds:
            answer = browser.get("/readyz")
            right = right + 1 if answer is not None and answer.status == 200 else 0
            # Every worker has to be back, and more than one connection of each.
            if right >= 4 * WORKERS and len(self.web_workers()) == WORKERS:
                return time.monotonic() - started
            if not self.is_serving():
                return None
            if not right:
                time.sleep(0.1)
        return None


def free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> None:
    """Ask the kernel to end this process with its parent; for a child, before it becomes another program."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))


def end(child: subprocess.Popen[bytes]) -> None:
    """End a process and what it left behind in its session."""
    for number, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        if child.poll() is not None:
            break
        child.send_signal(number)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # what it left behind, in the session that we gave it
