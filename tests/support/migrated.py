"""A data directory whose database has its tables: a copy of one that is kept from run to run, with its dump.

To migrate from nothing takes many seconds, and tests that are about something else begin with a copy. What is about
it, in tests/launcher and tests/upgrade, migrates.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from portal import embedded
from portal.launcher import places
from portal.launcher.binaries import binaries_for
from tests.support.places import Place, eventually
from tests.support.postgresql import shape

_PARTS = ("postgres", "owner_password")
_DUMP = "dump.sql"


def fill(data: Path, *, tables: bool = True, kept: Path | None = None) -> None:
    """Give an empty data directory a database as `./run migrate` leaves it, or one without tables, not started yet.

    *Shape*: `kept` is where the one is that is copied; made anew unless it is of these migrations. One process at a
    time looks, makes and copies.
    """
    with _up_to_date(kept) as there:
        _copy(there / ("data" if tables else "new"), data)


def dump() -> str:
    """Give the dump of one: statements for psql."""
    with _up_to_date() as there:
        return (there / _DUMP).read_text()


def restore(url: str, *, place: Place) -> None:
    """Give a database of a place's server the tables, as a restored dump does: without rights."""
    with _up_to_date() as there:
        words = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", there / _DUMP, url)
        subprocess.run([_binaries(place) / "psql", *words], stdout=subprocess.DEVNULL, timeout=120, check=True)


@contextlib.contextmanager
def _up_to_date(kept: Path | None = None) -> Iterator[Path]:
    """Give the directory of what is kept, of these migrations, which nobody makes anew meanwhile."""
    kept = kept or embedded.data_directory() / "migrated"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = kept / "mark"
        wanted = _shape()
        if not mark.exists() or mark.read_text() != wanted:
            mark.unlink(missing_ok=True)
            _make(kept)
            if _shape() != wanted:
                raise RuntimeError("migrations were edited while they were applied: run it again")
            # Last of all: what was only half made has no such mark.
            mark.write_text(wanted)
        yield kept


@contextlib.contextmanager
def place(name: str, *, tables: bool = True) -> Iterator[Place]:
    """Give a data directory of its own with such a database, not started yet; in the end nothing runs in it."""
    data = Path(tempfile.mkdtemp(prefix=f"portal-{name}-"))
    data.chmod(0o755)  # the database's user has to pass through
    fill(data, tables=tables)
    here = Place(data)
    try:
        yield here
    finally:
        for one in here.users:
            one.kill()
        assert eventually(lambda: not here.processes(), seconds=30)
        shutil.rmtree(data)


@contextlib.contextmanager
def begun() -> Iterator[tuple[Path, Path]]:
    """Give an empty directory for what a bench makes, and a data directory that it begins with.

    They are not pytest's own, which the database's user may not enter.
    """
    with (
        tempfile.TemporaryDirectory(prefix="portal-smoke-") as place,
        tempfile.TemporaryDirectory(prefix="portal-smoke-begin-") as begin,
    ):
        Path(place).chmod(0o755)
        fill(Path(begin))
        yield Path(place), Path(begin)


def _shape() -> str:
    """Say in one word what a database would be like that is made now."""
    digest = hashlib.sha256(repr(shape.of_the_process()).encode())
    makers = {
        (str(file.relative_to(embedded.ROOT)), file)
        for file in (*(embedded.ROOT / "portal/launcher").glob("*.py"), Path(__file__))
    }
    for name, file in sorted({*shape.files(), *makers}):
        digest.update(repr((name, file.read_bytes())).encode())
    return digest.hexdigest()


def _make(kept: Path) -> None:
    # Elsewhere than what is kept: the database's user has to pass through.
    with tempfile.TemporaryDirectory(prefix="portal-migrated-") as made:
        Path(made).chmod(0o755)
        place = Place(Path(made))
        assert place.run("true").returncode == 0
        _keep(place, kept / "new")
        keeper = place.user()
        keeper.url()
        subprocess.run(
            [sys.executable, embedded.ROOT / "manage.py", "migrate", "--verbosity", "0"],
            env=place.environment(),
            timeout=300,
            check=True,
        )
        words = ("--no-owner", "--no-privileges", "--no-comments", "-f", kept / _DUMP)
        subprocess.run([_binaries(place) / "pg_dump", *words, embedded.owner_url(place.data)], check=True)
        keeper.leave()
        _keep(place, kept / "data")


def _keep(place: Place, target: Path) -> None:
    """Copy what is in a place, once its server has ended."""
    assert eventually(lambda: not place.processes(), seconds=30)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    _copy(place.data, target)
    # This machine stays up, whatever a test kills: nothing has to reach a disk before it goes on.
    with (target / "postgres" / "postgresql.auto.conf").open("a") as settings:
        settings.write("fsync = off\n")


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", *(source / part for part in _PARTS), target], check=True)


def _binaries(place: Place) -> Path:
    return binaries_for(place.data, place.cluster(), places.server_user(place.data))
