"""Expect a refusal of the database, by the name of what refuses."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError

from portal.postgresql import diagnosis


@contextmanager
def by(name: str) -> Iterator[pytest.ExceptionInfo[IntegrityError]]:
    """Expect this constraint, or a trigger that names itself so, to refuse what is done within."""
    with pytest.raises(IntegrityError) as refusal:
        yield refusal
    assert diagnosis.constraint_of(refusal.value) == name
