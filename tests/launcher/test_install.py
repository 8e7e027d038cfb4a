"""./run install: all that serving needs of the code's own directory, so that the rest of it can belong to root."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from portal import embedded
from portal.shell import static_files
from tests.launcher import copies
from tests.support import migrated
from tests.support.places import Place, eventually, free_port


def everything(root: Path) -> dict[str, tuple[int, int]]:
    """Give what is below a directory: when each was written, and who may what."""
    found = [path for path in root.rglob("*") if ".venv/bin" not in str(path) and ".venv/lib" not in str(path)]
    return {str(path.relative_to(root)): (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in found}


def run(code: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [code / "run", *words],
        env={**kept, **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_it_needs_no_database_no_key_and_makes_no_data(code: Path) -> None:
    copies.copy_static_files(code)
    copies.copy_bytecode(code)
    for compiled in (code / "portal" / "__pycache__").iterdir():
        compiled.unlink()
    # None of these is looked at: the one who installs need not know them.
    assert run(code, "install", DATABASE_URL="nonsense", SECRET_KEY="short").returncode == 0
    assert not (code / ".data").exists()
    assert list((code / "portal" / "__pycache__").glob("wsgi.*.pyc"))
    made, mark = code / ".venv" / "portal-static", code / ".venv" / "portal-static.mark"
    before, marked = everything(made), mark.read_text()
    # The same files, copied at another time.
    sheet = code / "static" / "css" / "portal.css"
    os.utime(sheet)
    answer = run(code, "install")
    assert (answer.returncode, answer.stdout.startswith("Installed.")) == (0, True), answer.stderr
    assert (everything(made), mark.read_text()) == (before, marked)
    # Another file, which is served as it is now.
    with sheet.open("a") as opened:
        opened.write("/* of later */\n")
    shutil.rmtree(made / "css")
    mask = os.umask(0o077)
    try:
        assert run(code, "install", DATABASE_URL="nonsense", SECRET_KEY="short").returncode == 0
    finally:
        os.umask(mask)
    assert mark.read_text() != marked
    named = json.loads((made / "staticfiles.json").read_text())["paths"]["css/portal.css"]
    assert (made / named).read_text().endswith("/* of later */\n")
    # Others serve them.
    assert stat.S_IMODE((made / "css").stat().st_mode) == 0o755
    assert stat.S_IMODE((made / "staticfiles.json").stat().st_mode) == 0o644
    assert not (code / ".data").exists()


def test_it_is_served_from_code_that_is_only_read(code: Path) -> None:
    copies.copy_bytecode(code)
    copies.copy_static_files(code)
    assert run(code, "install").returncode == 0
    for folder in [code, *(path for path in code.rglob("*") if path.is_dir() and not path.is_symlink())]:
        folder.chmod(0o555)
    before = everything(code)
    place, port = Place(Path(tempfile.mkdtemp(prefix="portal-apart-"))), free_port()
    place.data.chmod(0o755)  # the database's user has to pass through
    migrated.fill(place.data)
    # In production no demo is made.
    more = {"WEB_CONCURRENCY": "1", "PYTHONDONTWRITEBYTECODE": "1", "ALLOWED_HOSTS": "portal.example.com,127.0.0.1"}
    process = subprocess.Popen(
        [code / "run"],
        env=copies.environment(place, PORT=port, **more),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == f"The portal is at http://127.0.0.1:{port}/\n"
        assert eventually(lambda: _style_sheet(port) != b"", seconds=60)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert "Preparing the static files" not in said
    assert not (place.data / "static").exists()
    assert everything(code) == before
    assert eventually(lambda: not place.processes())
    shutil.rmtree(place.data)


def _style_sheet(port: str) -> bytes:
    """Ask for the log-in page, and for the style sheet that it names."""
    address = f"http://127.0.0.1:{port}"
    try:
        with urllib.request.urlopen(f"{address}/", timeout=5) as page:
            named = re.search(r"/static/css/portal\.\w+\.css", page.read().decode())
        assert named, "no style sheet"
        with urllib.request.urlopen(address + named.group(), timeout=5) as answer:
            style: bytes = answer.read()
            return style
    except OSError:
        return b""


class _Disk:
    """A disk that lists its files in an order of its own."""

    def __init__(self, root: Path, names: list[str]) -> None:
        self._root, self._names = root, names

    def list(self, ignored: list[str]) -> Iterator[tuple[str, FileSystemStorage]]:
        return ((name, FileSystemStorage(self._root)) for name in self._names)


def test_the_same_files_on_another_disk_are_not_prepared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, mark = tmp_path / "made", tmp_path / "made.mark"
    root.mkdir()
    for name in ("a.css", "b.js"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(static_files, "get_finders", lambda: [_Disk(tmp_path, ["a.css", "b.js"])])
    mark.write_text(static_files._digest())
    monkeypatch.setattr(static_files, "get_finders", lambda: [_Disk(tmp_path, ["b.js", "a.css"])])
    assert static_files.are_current(root)
    (tmp_path / "b.js").write_text("another")
    assert not static_files.are_current(root)


def test_uv_is_had_by_version_and_hash() -> None:
    lock = (embedded.ROOT / "requirements" / "uv.txt").read_text()
    assert lock.startswith("uv==")
    assert lock.count("--hash=sha256:") > 10
    script = (embedded.ROOT / "requirements" / "install.sh").read_text()
    (asked,) = [line for line in script.replace("\\\n", "").splitlines() if "uv.txt" in line]
    assert "--require-hashes" in asked
