"""What is on main of the migrations never changes: the SHA-256 of each is kept in `migrations.sha256`.

    .venv/bin/python -m tests.architecture.frozen      add the lines of new migrations

The file is what `sha256sum --check` reads. A line that is there is never written anew.
"""

import hashlib
import sys
from pathlib import Path

from tests.architecture.source import PACKAGES, ROOT

FILE = Path(__file__).with_name("migrations.sha256")


def migrations() -> list[Path]:
    """Find every migration of the product."""
    return sorted(
        file
        for package in PACKAGES
        for file in (ROOT / package).rglob("migrations/*.py")
        if file.name != "__init__.py"
    )


def line_of(file: Path) -> str:
    """Write a migration's line: its SHA-256, and where it is."""
    return f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(ROOT)}"


def kept() -> dict[str, str]:
    """Read the lines that are kept, by path."""
    return {line.split("  ", 1)[1]: line for line in FILE.read_text().splitlines()}


def main() -> int:
    lines = kept()
    new = [line for file in migrations() if (line := line_of(file)).split("  ", 1)[1] not in lines]
    both = sorted([*lines.values(), *new], key=lambda line: line.split("  ", 1)[1])
    FILE.write_text("".join(f"{line}\n" for line in both))
    sys.stdout.write("".join(f"{line}\n" for line in new) or "Every migration has its line already.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
