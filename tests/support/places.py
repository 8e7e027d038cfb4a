"""Places where the portal is started as a person would: a data directory, its users, and a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from portal import embedded

LAUNCHER = [sys.executable, "-P", str(embedded.ROOT / "portal" / "embedded.py"), "exec"]
# Says its address, then a line for each line it reads: how many rows it sees after adding one.
USER = """
import os, sys, psycopg
url = os.environ["PORTAL_EMBEDDED_URL"]
print(url, flush=True)
for line in sys.stdin:
    with psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS seen (word text)")
        connection.execute("INSERT INTO seen VALUES (%s)", [line.strip()])
        count = connection.execute("SELECT count(*) FROM seen").fetchone()[0]
    print(count, flush=True)  # after the commit: the next user may start now
"""


class User:
    """A process that uses the database until it is told or made to stop."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [*LAUNCHER, sys.executable, "-c", USER],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def url(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def add(self, word: str) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def leave(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(20) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)


class Place:
    """A data directory with the users it has had."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.users: list[User] = []

    def environment(self, **more: str) -> dict[str, str]:
        hidden = {"DATABASE_URL", "HOST", "DJANGO_SETTINGS_MODULE", embedded.LOCK_VARIABLE, embedded.URL_VARIABLE}
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        return {**kept, "PORTAL_DATA": str(self.data), **more}

    def user(self, **more: str) -> User:
        self.users.append(User(self.environment(**more)))
        return self.users[-1]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LAUNCHER, *command],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def cluster(self) -> Path:
        link = self.data / "elsewhere"
        return (Path(os.readlink(link)) if link.is_symlink() else self.data) / "postgres"

    def processes(self) -> list[int]:
        """Name every process of this place: supervisors, the server, its children."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                inside = os.readlink(entry / "cwd") == str(self.cluster())
            except OSError:
                continue
            if inside or (b"supervise" in words and any(str(self.data).encode() in word for word in words)):
                found.append(int(entry.name))
        return found

    def postmaster(self) -> int:
        """Its process; 0 while there is none, or it is just being started."""
        try:
            return int((self.cluster() / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return 0

    def supervisor(self) -> int:
        status = Path(f"/proc/{self.postmaster()}/status").read_text()
        return int(status.split("PPid:")[1].split()[0])


def eventually(question: Callable[[], bool], *, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.05)
    return False


def run(place: Place, *words: str, cwd: str | Path = "/", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [embedded.ROOT / "run", *words],
        env=place.environment(**more),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])
