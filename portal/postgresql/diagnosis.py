"""Read what PostgreSQL reports beside the message of an error.

A message is for people: it is worded for them and quotes what they typed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import psycopg
from django.db import DatabaseError, IntegrityError, OperationalError, ProgrammingError, connection
from psycopg.errors import RaiseException


def constraint_of(error: BaseException) -> str:
    """Name the constraint, unique index or trigger that refused a statement; "" where nothing is named.

    *Shape*: an error of Django's, as the cause of which psycopg's is kept.
    """
    cause = error.__cause__
    return (cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None) or ""


@contextmanager
def told_as(refusals: Mapping[str, Callable[[], Exception]]) -> Iterator[None]:
    """Raise the caller's own error where one of these constraints refuses; any other refusal passes.

    It stands outside the transaction: a constraint may speak at the commit only.
    *Shape*: `refusals` makes the error, by the name of the constraint.
    """
    try:
        yield
    except IntegrityError as error:
        refusal = refusals.get(constraint_of(error))
        if refusal is None:
            raise
        raise refusal() from error


def is_about_a_row(error: DatabaseError) -> bool:
    """Tell whether an error is about a row, and not about the connection or the statement."""
    # An exception of a trigger is a ProgrammingError, too.
    is_raised = isinstance(error.__cause__, RaiseException)
    return is_raised or not isinstance(error, (OperationalError, ProgrammingError))


def check_deferred() -> None:
    """Check deferred constraints now. At the commit they would refuse the whole transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
