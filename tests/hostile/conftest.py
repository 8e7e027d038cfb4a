"""A command that is run as its process would, and a portal that is not empty."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import execute_from_command_line
from django.db import connections

from tests.hostile.answers import Answer
from tests.support import factories
from tests.support.factories import C


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run a command from its words to its exit status, in this process and its transaction.

    The streams are those of a terminal in UTF-8, which take no half characters.
    """

    def run(*words: str, stdin: bytes = b"") -> Answer:
        status = 0
        out, err = io.BytesIO(), io.BytesIO()
        streams = {
            "stdin": io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
            "stdout": io.TextIOWrapper(out, encoding="utf-8", write_through=True),
            "stderr": io.TextIOWrapper(err, encoding="utf-8", errors="backslashreplace", write_through=True),
        }
        with monkeypatch.context() as patched:
            for name, stream in streams.items():
                patched.setattr(sys, name, stream)
            # The end of a command closes what the test still needs.
            patched.setattr(connections, "close_all", lambda: None)
            try:
                execute_from_command_line(["manage.py", *words])
            except SystemExit as exit_:
                status = int(exit_.code or 0)
        return Answer(status, out.getvalue().decode(), err.getvalue().decode())

    return run


@pytest.fixture
def made() -> str:
    """A portal that is not empty: somebody of the staff, a customer, an old subscription and one that runs."""
    User.objects.create_user("maria", password="secret-word-1")
    factories.subscription(cycles=(C("2025-11-01"),))
    return str(factories.subscription(cycles=(C("2026-03-01"),)).uuid)
