"""What tests of the two roles ask and run."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import psycopg

from portal import embedded
from tests.support.places import Place


def manage(place: Place, *words: str, said: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, embedded.ROOT / "manage.py", *words],
        env=place.environment(**{"PORTAL_MIGRATE": "1", "DJANGO_SETTINGS_MODULE": "tests.settings", **more}),
        input=said,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()
