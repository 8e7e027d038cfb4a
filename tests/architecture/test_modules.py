"""No module is long, no test is imported, and what mypy overlooks has a reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import PACKAGES, ROOT

MOST_LINES = 350

_OVERLOOKED = re.compile(r"#\s*type:\s*ignore")
_WITH_REASON = re.compile(r"#\s*type:\s*ignore\[[a-z, -]+\]  # \S")


def _files(*folders: str) -> Iterator[tuple[str, Path]]:
    """Find every module in some folders, with its path from the root."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield str(file.relative_to(ROOT)), file


def test_no_module_is_longer_than_it_may_be() -> None:
    lengths = {
        path: len(file.read_text().splitlines())
        for path, file in _files(*PACKAGES, "tests", "bench")
        # What a migration does is never changed.
        if "/migrations/" not in path
    }
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Name all that a statement may import: modules, or what is in them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module or ''}.{alias.name}" for alias in node.names]


def test_no_test_and_no_conftest_is_imported() -> None:
    """Its fixtures would be made twice, and who cuts or moves it would have to know everybody who reads it."""
    imported = [
        f"{path}:{node.lineno}: {name}"
        for path, file in _files("tests", "bench")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported(node)
        if any(part == "conftest" or part.startswith("test_") for part in name.split("."))
    ]
    assert imported == []


def test_what_mypy_overlooks_is_told_with_its_reason() -> None:
    silent = [
        f"{path}:{number}"
        for path, file in _files(*PACKAGES, "tests", "bench")
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if _OVERLOOKED.search(line) and not _WITH_REASON.search(line)
    ]
    assert silent == []
