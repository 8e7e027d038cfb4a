"""Use the embedded database: hold the lock, have a supervisor started where there is none, wait for an answer."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from portal.launcher.binaries import binaries_for
from portal.launcher.places import (
    DATABASE,
    DOOR,
    PORT,
    RUNTIME_ROLE,
    EmbeddedError,
    Server,
    base_of,
    can_enter,
    complaint_file,
    is_lock,
    server_user,
    socket_directory,
)

WAIT_FOR_SERVER = 60.0
# A supervisor that was killed while it started the server is no reason to give up; one after the other is.
STARTS_WITHOUT_A_WORD = 5
LOG_LIMIT = 5_000_000
# Names the inherited lock to a process that was started with it.
LOCK_VARIABLE = "PORTAL_EMBEDDED_LOCK"
_held: int | None = None


def hold_lock(data: Path) -> None:
    """Hold the lock of those who use the database until this process ends. *Raises*: EmbeddedError."""
    global _held
    if _held is not None and is_lock(_held, data):
        return
    inherited = os.environ.get(LOCK_VARIABLE, "")
    if inherited.isdigit() and is_lock(int(inherited), data):
        _held = int(inherited)
        return
    deadline = time.monotonic() + WAIT_FOR_SERVER
    while True:
        handle = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Refused only while a supervisor is stopping its server.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"The embedded database in {data} has been stopping for {WAIT_FOR_SERVER:.0f} seconds: "
                    f"see {data / 'postgres.log'}."
                ) from None
            time.sleep(0.02)
            continue
        if is_lock(handle, data):
            break
        os.close(handle)  # the data directory was removed and made anew in between
    os.set_inheritable(handle, True)
    os.environ[LOCK_VARIABLE] = str(handle)
    _held = handle


def wait_until_ready(data: Path) -> None:
    """Wait for a server that answers; have one started where nobody watches over it. *Raises*: EmbeddedError."""
    deadline = time.monotonic() + WAIT_FOR_SERVER
    known = _mark(complaint_file(data))
    words: list[int] = []
    starts = 0
    while True:
        # Asked anew each time: a data directory may be removed and made anew under a waiting process.
        sockets = socket_directory(base_of(data))
        if _answers(sockets):
            for handle in words:
                os.close(handle)
            return
        if no_supervisor(data):
            if complaint := _said(words) or _left(complaint_file(data), known=known):
                raise EmbeddedError(complaint)
            if starts == STARTS_WITHOUT_A_WORD:
                raise EmbeddedError(
                    f"What watches over the embedded database ended without a word: see {data / 'postgres.log'}."
                )
            starts += 1
            words.append(spawn(data))
        elif time.monotonic() > deadline:
            raise EmbeddedError(
                f"The embedded database did not answer for {WAIT_FOR_SERVER:.0f} seconds: "
                f"see {data / 'postgres.log'}."
            )
        time.sleep(0.02)


def _mark(file: Path) -> tuple[int, int] | None:
    """Tell a file from another one under its name."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _said(words: list[int]) -> str:
    """Read what supervisors that were started here, and have ended, have said."""
    said = ""
    while words:
        with open(words.pop()) as one:
            said = one.read().strip() or said
    return said


def _left(complaint: Path, *, known: tuple[int, int] | None) -> str:
    """Read what somebody else's supervisor has left, unless it is an earlier one's, of which the mark is known."""
    if _mark(complaint) in (None, known):
        return ""
    try:
        return complaint.read_text().strip()
    except OSError:
        return ""


def _answers(sockets: Path) -> bool:
    """Log in as a client would, which is what the caller wants to do next."""
    words = f"user\0{RUNTIME_ROLE}\0database\0{DATABASE}\0\0".encode()
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(sockets / f".s.PGSQL.{PORT}"))
            line.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)
            with line.makefile("rb") as answer:
                while True:
                    head = answer.read(5)
                    if len(head) < 5:
                        return False
                    body = answer.read(struct.unpack("!i", head[1:])[0] - 4)
                    if head[:1] == b"Z":
                        line.sendall(b"X\0\0\0\4")
                        return True
                    if head[:1] == b"E" and b"C28000\0" in body:  # it knows no such role
                        raise EmbeddedError(
                            "The embedded database is in use by an earlier version of the portal: end that first."
                        )
                    if head[:1] == b"E":
                        # 53300: all connections are taken, so there is a server that works.
                        return b"C53300\0" in body
    except OSError:
        return False


def no_supervisor(data: Path) -> bool:
    """Say whether nobody watches over the database."""
    handle = os.open(data / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _interpreter() -> list[str]:
    # It reads no variable that names another place of bytecode, and would compile all of the launcher.
    compiled = ["-X", f"pycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    return [sys.executable, *compiled, "-I", "-S", "-B"]


def spawn(data: Path) -> int:
    """Start a supervisor, and return what it writes to if it fails: its end comes when the supervisor has ended."""
    base = base_of(data)
    user = server_user(base)
    cluster = base / "postgres"
    if cluster.exists() and os.getuid() not in (0, cluster.stat().st_uid):
        raise EmbeddedError(
            f"The embedded database in {data} belongs to another user (uid {cluster.stat().st_uid}): "
            "run this as that user, or set PORTAL_DATA to a directory of your own."
        )
    if not can_enter(base, user):
        raise EmbeddedError(
            f"The user of the embedded database (uid {user[0]}) may not enter {base}: "
            "open the directories above it, or set PORTAL_DATA to another directory."
        )
    server = Server(
        data=str(data),
        base=str(base),
        sockets=str(socket_directory(base)),
        binaries=str(binaries_for(data, cluster, user)),
        uid=user[0],
        gid=user[1],
    )
    log = data / "postgres.log"
    with contextlib.suppress(FileNotFoundError):  # none yet, or another process was quicker
        if log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
    # A clean environment: PGDATA and its like may not reach the server. A clock that was moved does, so that all
    # have the same one; but not by memory that it shares with a program which ends before the server.
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    if "faketime" in os.environ.get("LD_PRELOAD", ""):
        moved = {name: value for name, value in os.environ.items() if name.startswith("FAKETIME")}
        moved.pop("FAKETIME_SHARED", None)
        kept |= {"LD_PRELOAD": os.environ["LD_PRELOAD"], **moved}
    words, tell = os.pipe()
    with contextlib.ExitStack() as not_started:
        not_started.callback(os.close, words)
        # What the server logs may hold rows: it is for its owner only, also where an earlier version made it.
        with os.fdopen(tell, "wb"), open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as out:
            os.fchmod(out.fileno(), 0o600)
            subprocess.run(
                [*_interpreter(), str(DOOR), "supervise", json.dumps(server._asdict()), str(tell)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                env={**kept, "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,  # Ctrl-C in the terminal spares the server
                pass_fds=[tell],
                check=False,
            )
        not_started.pop_all()
    return words
