"""The linters, listed once: `./test lint` runs them side by side, tests/architecture/test_lint.py each as a test.

None of them connects to a database.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.architecture.source import ROOT, templates

_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Linter:
    """Hold a command, and what it needs in its environment. *Shape*: it ends with 0 when it finds nothing."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[str]:
        """Run it in the checkout; what it says on either stream is read from its output."""
        return subprocess.Popen(
            [str(_BIN / self.command[0]), *self.command[1:]],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


# mypy's plugin reads the settings, which want a key and an address; this one leads nowhere.
_SETTINGS = {
    "SECRET_KEY": "a-key-as-long-as-those-that-a-deployment-draws-7316",
    "DATABASE_URL": "postgresql://nobody@/nothing?host=/nowhere",
}
_TEMPLATES = [str(path.relative_to(ROOT)) for path in templates()]

LINTERS = (
    Linter("ruff check", ("ruff", "check", "--quiet", "--output-format", "concise", ".")),
    Linter("ruff format", ("ruff", "format", "--quiet", "--check", "--diff", ".")),
    Linter("import contracts", ("lint-imports", "--no-logo")),
    Linter("djade", ("djade", "--target-version", "5.2", "--check", *_TEMPLATES)),
    Linter("mypy", ("mypy",), _SETTINGS),
)


def main(linters: Sequence[Linter] = LINTERS) -> int:
    """Run them all, print what those say that found something, and in the last line what was done."""
    started = time.monotonic()
    running = [(linter, linter.start()) for linter in linters]
    complaining = []
    for linter, process in running:
        said, _ = process.communicate()
        if process.returncode != 0:
            complaining.append(linter.name)
            print(f"--- {linter.name}\n{said.strip()}\n")
    found = f"{', '.join(complaining)} found something" if complaining else "nothing found"
    print(f"Lint: {', '.join(linter.name for linter in linters)}: {found} ({time.monotonic() - started:.1f} s).")
    return 1 if complaining else 0


if __name__ == "__main__":
    sys.exit(main())
