"""The bench's own test takes long and everything else is quicker to tell what is wrong: it comes last."""

from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move this folder's tests to the end."""
    items.sort(key=lambda item: item.path.is_relative_to(Path(__file__).parent))
