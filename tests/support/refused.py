"""Name what refused a statement."""

import psycopg
from django.db import IntegrityError


def constraint_of(error: IntegrityError) -> str | None:
    """Name the constraint, or what a trigger names as such."""
    assert isinstance(error.__cause__, psycopg.Error)
    return error.__cause__.diag.constraint_name
