"""What the pages name is there: what they link to, and the paths, functions and constraints in their code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT

PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
KNOWN = {".py", ".md", ".html", ".sql", ".js", ".css", ".json", ".toml", ".txt", ".in", ".sh", ".svg", ".sha256"}
# What stands for any name, as in `APP/sql/NAME.sql`.
_ANY = re.compile(r"(?<![A-Z])(?:APP|SLICE|NAME)(?![A-Z])")
# Folders of whoever serves the portal: these are made where its data is kept.
MADE = {".data/", "postgres/", "socket/", "portal/reports"}

_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = "```"
# Constraints are called so, and little else.
_SENTENCE = re.compile(r"[a-z]+(?:_[a-z]+){3,}")


@cache
def _folders() -> frozenset[str]:
    """Name the folders at the root that belong to the project."""
    return frozenset(one.name for one in ROOT.iterdir() if one.is_dir() and not one.name.startswith("."))


@cache
def _files() -> tuple[Path, ...]:
    """Find every file of the project."""
    inside = (file for folder in _folders() for file in (ROOT / folder).rglob("*"))
    return tuple(file for file in (*inside, *ROOT.iterdir()) if file.is_file())


@cache
def _sentences() -> frozenset[str]:
    """Give all that is called like a constraint in the product."""
    files = (
        file for package in PACKAGES for file in (ROOT / package).rglob("*.*") if file.suffix in (".py", ".txt")
    )
    return frozenset(word for file in files for word in _SENTENCE.findall(file.read_text()))


def _has(file: Path, name: str) -> bool:
    """Tell whether a file makes something of this name: a function, a class or a constant."""
    name = re.escape(name)
    makes = rf"^ *(?:def {name}\(|class {name}\b|function {name}\(|{name}(?:: [^=]+)? = )"
    return bool(re.search(makes, file.read_text(), re.M))


def _anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as they are shown by whoever renders it."""
    headings = (line.lstrip("#").strip() for line in page.read_text().splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _wrong_link(link: str, *, page: Path) -> str:
    """Say what is wrong with a link; nothing where file and heading are there."""
    if re.match(r"[a-z]+:", link):
        return ""
    target, _, anchor = link.partition("#")
    file = (page.parent / target).resolve() if target else page
    if not file.exists():
        return f"the link leads to {target}, which is not there"
    return f"there is no heading #{anchor} in {file.name}" if anchor and anchor not in _anchors(file) else ""


def _wrong_word(word: str) -> str:
    """Say what is wrong with a word of code; nothing where it is no path of the project, or one that is there."""
    word = word.strip("\"',;()")
    path, _, name = word.partition("::")
    if path in MADE or path.startswith(("/", ".", "~", "$")) or "://" in path:
        return ""
    if _SENTENCE.fullmatch(path) and path not in _sentences():
        return f"nothing is called {path}"
    pattern, is_file = _ANY.sub("*", path), Path(path).suffix in KNOWN
    if "/" in path and (path.endswith("/") or path.partition("/")[0] in _folders()):
        found = [one for one in ROOT.glob(pattern.rstrip("/")) if one.is_dir() or not path.endswith("/")]
    elif is_file:
        # A page may leave out the folders above.
        found = [file for file in _files() if file.match(pattern)]
    else:
        return ""
    if not found:
        return f"{path} is not there"
    if name and not any(_has(file, name) for file in found if file.is_file()):
        return f"there is no {name} in {path}"
    return ""


def _wrong(page: Path, text: str) -> Iterator[str]:
    """Say what is wrong in a page, with its line."""
    name, is_block = page.relative_to(ROOT), False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(_FENCE):
            is_block = not is_block
            continue
        words = [word for code in ([line] if is_block else _CODE.findall(line)) for word in code.split()]
        if is_block:
            # Blocks also show other machines, and trees in which a folder stands without the one above it.
            words = [word for word in words if word.partition("/")[0] in _folders() and "/" in word]
        links = [] if is_block else _LINK.findall(line)
        wrong = [*map(_wrong_word, words), *(_wrong_link(link, page=page) for link in links)]
        yield from (f"{name}:{number}: {says}" for says in wrong if says)


def test_pages_name_what_is_there():
    wrong = [says for page in PAGES for says in _wrong(page, page.read_text())]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[refunds](gone.md)", "the link leads to gone.md, which is not there"),
        ("[refunds](refunds.md#gone)", "there is no heading #gone in refunds.md"),
        ("`portal/gone.py`", "portal/gone.py is not there"),
        ("`gone/models.py`", "gone/models.py is not there"),
        ("`portal/gone`", "portal/gone is not there"),
        ("`gone/`", "gone/ is not there"),
        ("`manage.py/`", "manage.py/ is not there"),
        ("`./test tests/gone -k window`", "tests/gone is not there"),
        ("`test_gone.py`", "test_gone.py is not there"),
        ("`portal/gone/NAME.py`", "portal/gone/NAME.py is not there"),
        ("`tests/lib/test_money.py::test_gone`", "there is no test_gone in tests/lib/test_money.py"),
        ("`portal/lib/money.py::gone`", "there is no gone in portal/lib/money.py"),
        ("`test_money.py::test_gone`", "there is no test_gone in test_money.py"),
        ("`a_gone_thing_is_told`", "nothing is called a_gone_thing_is_told"),
        ("```\ntests/gone/\n```", "tests/gone/ is not there"),
    ],
)
def test_what_is_gone_is_told(text, says):
    (told,) = _wrong(ROOT / "docs" / "page.md", text)
    assert told == f"docs/page.md:{text.count(chr(10)) or 1}: {says}"


@pytest.mark.parametrize(
    "text",
    [
        "[refunds](refunds.md#three-examples), [elsewhere](https://example.org/gone.md)",
        "`templates/APP/_NAME.html`, `test_flow*.py`, `portal/lib/`, `/etc/portal/owner`, `C / months`",
        "`a_cause_is_refunded_once`, `declares/tabs.py`",
        "`portal/lib/seals.py::seal`, `seals.py::MOST_CHARACTERS`, `portal.js::showDialog`",
        "```\nsudo cp gone/unit.service /etc/systemd/system/\n```",
    ],
)
def test_what_is_there_or_elsewhere_is_not_told(text):
    assert list(_wrong(ROOT / "docs" / "page.md", text)) == []
