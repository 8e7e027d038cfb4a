"""`./test mutations`: break the product on purpose, one guard at a time, and see that a named test notices.

Each mutation changes one place in a copy of the sources, and its test is run there. A test that still passes, or a
place that is no longer there, is a hole in the net. The tests are run unbroken first: one that fails anyway proves
nothing. All mutations share one copy, so that a run compiles one file only. They also share a migrated database,
except where the broken file shapes it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.mutants import MUTATIONS, Mutation
from portal import embedded

FAILED = 1
"""What pytest ends with when tests failed; anything else is an error of its own."""
# The requirements too: what was migrated with others is migrated anew.
SOURCES = (
    *("portal", "customers", "subscriptions", "invoicing", "settings_app", "templates", "static", "tests"),
    "requirements",
)
FILES = ("manage.py", "pyproject.toml")
SHAPING = ("/migrations/", "/sql/", "portal/postgresql/")
"""A database is made by what these files hold: broken there, it has to be migrated anew."""


def copied(to: Path) -> Path:
    """Copy the sources, and nothing that running them left behind."""
    for name in SOURCES:
        shutil.copytree(embedded.ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(embedded.ROOT / name, to / name)
    return to


def ended_with(root: Path, *tests: str, database: str = "--reuse-db") -> tuple[int, str]:
    """Run tests in a copy. Gives pytest's exit status and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ended = subprocess.run(
        [sys.executable, "-P", "portal/embedded.py", "exec", sys.executable, "-m", "pytest"]
        + [database, "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=root,
        env={
            **environment,
            "PORTAL_DATA": str(embedded.data_directory()),
            "PORTAL_TEST_DB": "test_mutations",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return ended.returncode, ended.stdout + ended.stderr


def verdict(mutation: Mutation, root: Path) -> str:
    """Break a copy, run its test, and mend it. Gives "" when the test noticed, else what is wrong."""
    place = root / mutation.file
    text = place.read_text()
    if text.count(mutation.old) != 1:
        return f"the place is there {text.count(mutation.old)} times, not once"
    place.write_text(text.replace(mutation.old, mutation.new))
    is_shaping = any(part in mutation.file for part in SHAPING)
    try:
        status, printed = ended_with(root, mutation.test, database="--create-db" if is_shaping else "--reuse-db")
    finally:
        # With the time of the original, by which Python knows what it compiled.
        shutil.copy2(embedded.ROOT / mutation.file, place)
    if status == FAILED and "\nFAILED " in printed:
        return ""
    if status == 0:
        return "the test passes all the same"
    return f"the test did not run: {printed.strip().splitlines()[-1] if printed.strip() else status}"


def missed_of(chosen: list[Mutation]) -> dict[str, str] | None:
    """Break each place in turn, and give what went unnoticed, by name. None where the tests fail unbroken."""
    missed = {}
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        root = copied(Path(directory))
        status, printed = ended_with(root, *sorted({one.test for one in chosen}))
        if status:
            print(printed[-3000:], file=sys.stderr)
            print("The tests fail without any mutation: see above.", file=sys.stderr)
            return None
        for mutation in chosen:
            started = time.monotonic()
            wrong = verdict(mutation, root)
            if wrong:
                missed[mutation.name] = wrong
            line = f"{'MISSED' if wrong else 'caught'}  {mutation.name}: {wrong or mutation.test}"
            print(f"{line} ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    return missed


def main(arguments: list[str]) -> int:
    """Read the arguments, break and look, print."""
    parser = argparse.ArgumentParser(prog="./test mutations", description="See that tests notice what is broken.")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only mutations whose name holds a word")
    options = parser.parse_args(arguments)
    chosen = [one for one in MUTATIONS if not options.words or any(word in one.name for word in options.words)]
    if not chosen:
        parser.error("no mutation's name holds any of these words")
    missed = missed_of(chosen)
    if missed is None:
        return 1
    if options.json:
        result = {"mutations": len(chosen), "caught": len(chosen) - len(missed), "missed": missed}
        print(json.dumps(result, indent=2))
    else:
        print(f"{len(chosen)} mutations, {len(chosen) - len(missed)} caught, {len(missed)} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
