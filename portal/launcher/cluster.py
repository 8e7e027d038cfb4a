"""Make the cluster with its roles and its database, and say with which settings its server runs."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from portal.launcher.binaries import major_version
from portal.launcher.places import (
    DATABASE,
    PORT,
    ROLE,
    RUNTIME_ROLE,
    SUPERUSER,
    EmbeddedError,
    Server,
    as_user,
    password_file,
    read_secret,
)

CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def initialise(server: Server) -> None:
    """Make the cluster with its role and database, all of it or nothing."""
    user = (server.uid, server.gid)
    binaries = Path(server.binaries)
    new = server.cluster.with_name("postgres.new")
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(new, *user)
    locale = ["--locale=C.UTF-8"]
    if major_version(binaries) >= 17:
        locale.insert(0, "--locale-provider=builtin")
    _run(
        server,
        [
            str(binaries / "initdb"),
            *("-D", str(new), "-U", SUPERUSER, "-E", "UTF8", "--auth=trust", "--no-instructions"),
            *locale,
        ],
        words="",
    )
    provide_roles(server, new, and_then=f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n\n")
    if server.cluster.exists():
        server.cluster.rmdir()  # an empty one only: anything else is not ours to remove
    new.rename(server.cluster)


# A role is made without anything that it may, and then given what it may. Its password is 64 bytes that were drawn:
# to hash it thousands of times would slow down each connection and nobody who guesses. PostgreSQL 15 always does.
_ROLES = """
DO $$ BEGIN
    PERFORM set_config(name, '1', false) FROM pg_settings WHERE name = 'scram_iterations';
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{owner}') THEN CREATE ROLE {owner}; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{runtime}') THEN CREATE ROLE {runtime}; END IF;
END $$;

ALTER ROLE {owner} LOGIN CREATEDB NOSUPERUSER PASSWORD '{password}';

ALTER ROLE {runtime} LOGIN NOCREATEDB NOCREATEROLE NOSUPERUSER NOREPLICATION NOBYPASSRLS;

"""
WHO_MAY_LOG_IN = f"""# Written by the portal. Only who can enter the directory of the sockets comes as far as this.
local all {SUPERUSER} reject
local all {RUNTIME_ROLE} trust
local all all scram-sha-256
"""


def provide_roles(server: Server, cluster: Path, *, and_then: str = "") -> None:
    """Give the cluster its roles, and let nobody in as the superuser; one that an earlier version made, too.

    Only PostgreSQL's single-user mode may still do that, while no server runs.
    """
    file = password_file(Path(server.data))
    with contextlib.suppress(FileNotFoundError):
        if not re.fullmatch(rb"[A-Za-z0-9_-]{40,}\s*", file.read_bytes()):
            file.unlink()  # damaged: another one is as good
    password = read_secret(file)
    roles = _ROLES.format(owner=ROLE, runtime=RUNTIME_ROLE, password=password)
    mark = cluster / "portal_roles"
    wanted = hashlib.sha256(f"{roles}{WHO_MAY_LOG_IN}".encode()).hexdigest()
    doors = cluster / "pg_hba.conf"
    with contextlib.suppress(FileNotFoundError):
        if mark.read_text() == wanted and doors.read_text() == WHO_MAY_LOG_IN:
            return
    _run(
        server,
        [str(Path(server.binaries) / "postgres"), "--single", "-j", "-D", str(cluster), "template1"],
        words=f"{roles}{and_then}",
        hidden=password,
    )
    for file, words in ((doors, WHO_MAY_LOG_IN), (mark, wanted)):
        new = file.with_name(f"{file.name}.new")
        new.write_text(words)
        new.chmod(0o600)
        if os.getuid() == 0:
            os.chown(new, server.uid, server.gid)
        new.replace(file)


def _run(server: Server, command: list[str], *, words: str, hidden: str = "") -> None:
    done = subprocess.run(
        command,
        input=words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",
        check=False,
        **as_user((server.uid, server.gid)),
    )
    said = done.stdout.replace(hidden, "...") if hidden else done.stdout
    pass_on(said)
    if done.returncode != 0 or "ERROR:" in said:
        failed = f"The embedded database in {server.data} could not be prepared"
        raise EmbeddedError(why(server, failed, complaint_in(said) or f"{command[0]} failed"))


def pass_on(words: str) -> None:
    """Write what a program said where the server logs."""
    with contextlib.suppress(OSError):  # the disk is full
        sys.stdout.write(words)
        sys.stdout.flush()


def complaint_in(words: str) -> str:
    """Find why a program of PostgreSQL gave up: the last such line, without time and process in front."""
    lines = [line for line in words.splitlines() if re.search(r"FATAL|PANIC|ERROR|error:", line)]
    return re.sub(r"^.*?(FATAL|PANIC|ERROR|error):\s*", "", lines[-1]).strip().rstrip(".") if lines else ""


def why(server: Server, failed: str, reason: str) -> str:
    """Say in one sentence what failed and why, and what to do."""
    if os.strerror(errno.ENOSPC) in reason:
        todo = f"make room on the disk of {server.base}, or set PORTAL_DATA to a directory on another one"
    elif "file descriptors" in reason or os.strerror(errno.EMFILE) in reason:
        todo = f"allow more open files than {resource.getrlimit(resource.RLIMIT_NOFILE)[0]} (ulimit -n 1024)"
    else:
        todo = f"see {Path(server.data) / 'postgres.log'}"
    return f"{failed}: {reason}; {todo}."


def prepare_sockets(server: Server) -> None:
    """Make the directory of the sockets. *Raises*: EmbeddedError where it is somebody else's."""
    sockets = Path(server.sockets)
    sockets.mkdir(mode=0o700, exist_ok=True)
    found = sockets.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.getuid(), server.uid):
        raise EmbeddedError(f"{sockets} belongs to somebody else: remove it, or set PORTAL_DATA elsewhere.")
    # The directory is the lock on the door: who can enter it is trusted.
    sockets.chmod(0o700)
    if os.getuid() == 0:
        os.chown(sockets, server.uid, server.gid)


def settings_of(server: Server) -> dict[str, str]:
    """Say with which settings the server runs, by name."""
    return {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": server.sockets,
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        # Read from a solid state disk or from memory; the default is that of a turning disk.
        "random_page_cost": "1.1",
        "shared_buffers": f"{buffers(server)}MB",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "off",
        "jit": "off",  # costs more than it gives on short queries
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%a ",
        "log_checkpoints": "off",
        "logging_collector": "off",
    }


def buffers(server: Server) -> int:
    """Give how many MB of pages the server may hold: twice what its databases have, up to a quarter of the memory.

    The list of these pages is made at each start, and takes the longer, the more there are.
    """
    size = 0
    with contextlib.suppress(OSError):
        for database in os.scandir(server.cluster / "base"):
            size += sum(file.stat().st_size for file in os.scandir(database))
    return min(8192, max(64, memory() // 4), max(512, 2 * size // 1024**2))


def memory() -> int:
    """Give how many MB there are, for the machine or for the container."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # not a Linux of today; "max" where nothing is limited
        found = min(found, int(CONTAINER_LIMIT.read_text()))
    return found // 1024**2
