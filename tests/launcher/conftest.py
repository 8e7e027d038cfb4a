import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher import copies
from tests.support.places import Place, eventually


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """An empty data directory for the tests of a module, which end all that they start there."""
    here = Place(Path(tempfile.mkdtemp(prefix="portal-place-")))
    yield here
    assert eventually(lambda: not here.processes())
    shutil.rmtree(here.data)


@pytest.fixture
def code() -> Iterator[Path]:
    """A copy of the code that a test may install, take rights from and change; without static files."""
    root = Path(tempfile.mkdtemp(prefix="portal-code-"))
    root.chmod(0o755)
    copies.copy_code(root)
    yield root
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())]:
        folder.chmod(0o755)
    shutil.rmtree(root)
