"""docs/operations.md, taken apart: each fenced block is a file, or something to run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal import embedded

PAGE = embedded.ROOT / "docs" / "operations.md"
RUN = ("sh", "sql", "yaml")
FILES = ("ini", "nginx", "sh", "cron")
_FENCED = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_PATH = re.compile(r"[#;] (/[^\s,]+)(.*)\n")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block: where it stands, and the file it is, unless it is to be run."""

    section: str
    line: int
    language: str
    path: str
    remark: str
    text: str

    @property
    def is_known(self) -> bool:
        return self.language in (FILES if self.path else RUN)


def blocks(page: str) -> list[Block]:
    """Read all blocks of a page, in its order."""
    found = []
    for match in _FENCED.finditer(page):
        before = page[: match.start()]
        headings = re.findall(r"^## (.*)$", before, re.MULTILINE)
        text = match[2]
        named = _PATH.match(text)
        found.append(
            Block(
                section=headings[-1] if headings else "",
                line=before.count("\n") + 1,
                language=match[1],
                path=named[1] if named else "",
                remark=named[2].strip(", ") if named else "",
                text=text[named.end() :] if named else text,
            )
        )
    return found


def of_section(name: str) -> list[Block]:
    """Read the blocks of one section. *Raises*: AssertionError where there is none."""
    found = [block for block in blocks(PAGE.read_text()) if block.section == name]
    assert found, f"docs/operations.md has no block in a section {name!r}"
    return found
