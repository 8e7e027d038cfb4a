"""Read what PostgreSQL reports beside the message of an error.

A message is for people: it is worded for them and quotes what they typed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import psycopg
from django.db import IntegrityError


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
