import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher import copies


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
