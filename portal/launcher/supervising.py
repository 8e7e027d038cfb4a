"""The supervisor: it owns the server, starts it again when it was killed, and stops it after its last user."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from portal.launcher.cluster import (
    complaint_in,
    initialise,
    pass_on,
    prepare_sockets,
    provide_roles,
    settings_of,
    why,
)
from portal.launcher.places import EmbeddedError, Server, as_user, complaint_file, is_lock

# So that whoever waits is told within five seconds why a server does not start.
RETRY_START = 3.0
LISTEN_TO_A_START = 1.0


def supervise(server: Server, *, tell: int) -> int:
    """Own the server until nobody uses it any more. *Shape*: why it can't be run is written to `tell`."""
    data = Path(server.data)
    alone = os.open(data / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(50):
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:  # another supervisor, or somebody looking whether there is one
            time.sleep(0.01)
    else:
        return 0
    if os.fork():
        return 0  # the child has inherited the lock; whoever started us need not wait for it
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    running: list[subprocess.Popen[bytes]] = []
    try:
        complaint_file(data).unlink(missing_ok=True)
        users = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _clear_leftovers(server)
        if not (server.cluster / "PG_VERSION").exists():
            initialise(server)
        provide_roles(server, server.cluster)
        prepare_sockets(server)
        _keep_running(server, users=users, running=running)
    except EmbeddedError as error:
        _complain(server, str(error), tell=tell)
        return 1
    except OSError as error:
        what = f"{error.strerror or error} ({error.filename or 'no file'})"
        _complain(server, why(server, f"The embedded database in {data} can't be started", what), tell=tell)
        return 1
    except _Leave:
        pass
    finally:
        for process in running:
            _stop(process)
        if Path(server.sockets).parent != Path(server.base):
            with contextlib.suppress(OSError):  # gone, or a killed server's socket is still in it
                Path(server.sockets).rmdir()
    return 0


def _complain(server: Server, sentence: str, *, tell: int) -> None:
    """Tell whoever has started this supervisor, and leave it to those who wait beside them."""
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(tell, f"{sentence}\n".encode())
    file = complaint_file(Path(server.data))
    new = file.with_name(f"{file.name}.new")
    with contextlib.suppress(OSError):  # the disk is full
        new.write_text(f"{sentence}\n")
        new.replace(file)


class _Leave(BaseException):
    """Carry a signal to the end of the supervisor, so that the server is stopped on the way."""


def _leave(number: int, frame: object) -> NoReturn:
    raise _Leave


def _clear_leftovers(server: Server) -> None:
    """End a server whose supervisor was killed, and forget one that is gone.

    PostgreSQL looks only whether the process of its pid file exists. After a restart of a container that may
    be any process, and it would refuse to start.
    """
    file = server.cluster / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
        ours = Path(os.readlink(f"/proc/{pid}/cwd")) == Path(os.path.realpath(server.cluster))
    except (OSError, ValueError):
        # No such file, no such process, or a system without /proc, where PostgreSQL's own check has to do.
        return
    if not ours:
        file.unlink(missing_ok=True)
        return
    for number, patience in ((signal.SIGINT, 5.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
            end = time.monotonic() + patience
            while time.monotonic() < end:
                os.kill(pid, 0)
                time.sleep(0.02)
        except ProcessLookupError:
            return


def _keep_running(server: Server, *, users: int, running: list[subprocess.Popen[bytes]]) -> None:
    """Run the server until nobody uses it any more; start it again when it was killed."""
    data = Path(server.data)
    command = [str(Path(server.binaries) / "postgres"), "-D", str(server.cluster)]
    for name, value in settings_of(server).items():
        command += ["-c", f"{name}={value}"]
    supervisor = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

    def die_with_supervisor() -> None:
        # PR_SET_PDEATHSIG: without its supervisor nobody would stop the server. Set after the change of user,
        # which would reset it.
        if prctl is not None:
            prctl(1, int(signal.SIGINT), 0, 0, 0)
            if os.getppid() != supervisor:
                os._exit(1)

    def start(**output: Any) -> subprocess.Popen[bytes]:
        running[:] = [
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                cwd="/",
                preexec_fn=die_with_supervisor,
                **output,
                **as_user((server.uid, server.gid)),
            )
        ]
        return running[0]

    good_until = time.monotonic()
    while True:
        started = time.monotonic()
        process = start()
        while process.poll() is None:
            if not is_lock(users, data) or _is_last(users):
                return
            time.sleep(0.1)
        if time.monotonic() - started > 5:
            good_until = time.monotonic()
        elif time.monotonic() - good_until > RETRY_START:
            # Once more, to hear why: the log may be on a disk that is full.
            words = _listen(start(stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
            if words is not None:
                failed = f"The embedded database in {server.data} does not start"
                raise EmbeddedError(why(server, failed, complaint_in(words) or "it does not say why"))
        if _is_last(users):
            return
        # Its children need a moment to notice and to let go of the shared memory.
        time.sleep(0.2)


def _is_last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _listen(process: subprocess.Popen[bytes]) -> str | None:
    """Read what a server says that ends at once; one that runs after all is stopped, and nothing returned."""
    try:
        words = process.communicate(timeout=LISTEN_TO_A_START)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        _stop(process)
        process.communicate()
        return None
    pass_on(words)
    return words


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number, patience in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
