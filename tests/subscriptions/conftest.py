"""What more than one capability of the subscriptions is tested with."""

import functools
import io
import os

import pytest
from django.core.management import call_command

from portal.demo import generate


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the demo, with fewer customers than it has unless TEST_FULL=1; the show-cases are always there."""
    if os.environ.get("TEST_FULL") != "1":
        monkeypatch.setattr(generate, "generate", functools.partial(generate.generate, organisations=150))
    call_command("demo", "--force", stdout=io.StringIO())
