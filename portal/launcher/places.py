"""Where the embedded database has its things, whose they are, and what all of the launcher shares."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import secrets
import stat
import subprocess
import sys
import tempfile
import urllib.parse
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOOR = ROOT / "portal" / "embedded.py"
"""What is run to join, and as the supervisor: by its path, since nothing needs to be installed then."""
ROLE = DATABASE = "portal"
RUNTIME_ROLE = "portal_runtime"
SUPERUSER = "postgres"
PORT = 5432  # names the socket file only: the server listens on no network address
# The kernel gives a socket's path 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_PATH = 103
# For directories that root may enter and the server's user may not.
ELSEWHERE = Path("/var/lib/portal-embedded")
NEW_KEY = (
    "Put the right one back from a backup, or remove the file: then a new key is made, and everybody logs in again."
)


class EmbeddedError(Exception):
    """Say in one sentence why the embedded database can't be used and what to do."""


class Server(NamedTuple):
    """Hold what the supervisor has to know about one embedded server.

    No dataclass: the launcher starts before each command, and would import what makes one for this class alone.
    """

    data: str
    base: str
    sockets: str
    binaries: str
    uid: int
    gid: int

    @property
    def cluster(self) -> Path:
        return Path(self.base) / "postgres"


def data_directory() -> Path:
    """Return the absolute directory that holds everything the portal writes."""
    return Path(os.path.abspath(os.environ.get("PORTAL_DATA") or ROOT / ".data"))


def prepare_data(data: Path) -> None:
    """Make the data directory, which the user of the server can pass through."""
    if not data.is_dir():
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o755)
    if os.getuid() == 0 and data.stat().st_uid == 0 and not data.stat().st_mode & stat.S_IXOTH:
        # The server's user has to pass through; nobody but root can list the directory. Its parents stay
        # as they are.
        data.chmod(stat.S_IMODE(data.stat().st_mode) | stat.S_IXOTH)


def base_of(data: Path) -> Path:
    """Return the directory of cluster and sockets: `data`, or what it points to when root alone can enter."""
    link = data / "elsewhere"
    if link.is_symlink():
        return Path(os.readlink(link))
    if (data / "postgres").exists() or os.getuid() != 0 or _is_open(data, data.stat().st_ino):
        return data
    ELSEWHERE.mkdir(parents=True, exist_ok=True)
    ELSEWHERE.chmod(0o755)
    made = tempfile.mkdtemp(dir=ELSEWHERE)
    os.chmod(made, 0o755)
    try:
        os.symlink(made, link)
    except FileExistsError:  # another process was quicker
        os.rmdir(made)
        return Path(os.readlink(link))
    say(f"{data} can be entered by root only, so the embedded database keeps its files in {made}.")
    return Path(made)


@cache
def _is_open(data: Path, number: int) -> bool:
    """Say whether the server's user may enter a directory. Whoever waits for a new server asks every 20 ms."""
    return can_enter(data, server_user(data))


def socket_directory(base: Path) -> Path:
    """Return the directory of the sockets: in `base`, or a short one of the same user when that can't be."""
    own = base / "socket"
    length = len(os.fsencode(own / f".s.PGSQL.{PORT}"))
    # PostgreSQL reads its list of socket directories, and a client its list of hosts, by commas and quotes.
    if length <= LONGEST_SOCKET_PATH and re.fullmatch(r"[A-Za-z0-9_./+@-]+", str(own)):
        return own
    digest = hashlib.sha256(os.fsencode(base)).hexdigest()[:12]
    # Not TMPDIR: two processes with different ones have to agree.
    return Path("/tmp") / f"portal-{server_user(base)[0]}-{digest}"


def url_of(data: Path, user: str) -> str:
    """Give the address at which a user finds the database."""
    sockets = socket_directory(base_of(data))
    return f"postgresql://{user}@/{DATABASE}?host={urllib.parse.quote(str(sockets), safe='/')}"


def password_file(data: Path) -> Path:
    """Say where the owner's password is kept."""
    return data / "owner_password"


def read_secret(path: Path) -> str:
    """Read a secret, made at the first call."""
    if not path.exists():
        handle, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # 0600
        try:
            with os.fdopen(handle, "w") as new:
                new.write(secrets.token_urlsafe(64))
                new.flush()
                os.fsync(new.fileno())
            if os.getuid() == 0:  # whoever the directory belongs to can read it
                os.chown(name, path.parent.stat().st_uid, path.parent.stat().st_gid)
            with contextlib.suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.unlink(name)
    try:
        return path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        raise EmbeddedError(f"The key in {path} can't be used: it is not text. {NEW_KEY}") from None
    except OSError as error:
        raise EmbeddedError(f"The key in {path} can't be read: {error.strerror}.") from None


def server_user(base: Path) -> tuple[int, int]:
    """Return uid and gid the server runs as; PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    cluster = base / "postgres"
    if cluster.exists() and cluster.stat().st_uid != 0:
        owner = cluster.stat()
        return owner.st_uid, owner.st_gid
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user.pw_uid, user.pw_gid
    raise EmbeddedError(
        "PostgreSQL refuses to run as root and there is no user postgres or nobody: "
        "run this as an ordinary user, or set DATABASE_URL."
    )


def can_enter(path: Path, user: tuple[int, int]) -> bool:
    """Say whether a user may enter a directory, or run a program."""
    # Asking as that user is the one answer that also knows of access lists and mount options.
    asked = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        cwd="/",
        env={},  # a library that moves the clock would leave memory behind, since a shell does not clear up
        check=False,
        **as_user(user),
    )
    return asked.returncode == 0


def as_user(user: tuple[int, int]) -> dict[str, Any]:
    """Give the arguments of `subprocess.run` for a user; none where only one can be."""
    if os.getuid() != 0:
        return {}
    return {"user": user[0], "group": user[1], "extra_groups": [], "umask": 0o077}


def is_lock(handle: int, data: Path) -> bool:
    """Say whether an open file is the lock that is there now."""
    try:
        mine, there = os.fstat(handle), os.stat(data / "lock")
    except OSError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def complaint_file(data: Path) -> Path:
    """Say where a supervisor leaves why the server can't be run."""
    return data / "postgres.error"


def say(sentence: str) -> None:
    """Tell people something, on standard error."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
