"""The frame of every write: one transaction, marked as ours, with the key that makes it happen once."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from portal.frame import keys


@contextmanager
def operation(name: str, *, key: keys.Key | None = None) -> Iterator[uuids.UUID | None]:
    """Own one durable transaction and mark it, so that the table triggers know that an operation is at work.

    The mark is local to the transaction: PostgreSQL forgets it at its end, whichever end that is. It counts where
    the transaction also leaves an audit entry; else what it changed is noted as changed outside an operation.

    *Shape*: gives the outcome of the first time where the key was used before, and then nothing may be written;
    None otherwise.
    *Raises*: RuntimeError inside another transaction (an operation is never part of a larger one); KeyReused.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            if key is None:
                cursor.execute("SELECT set_config('portal.operation', %s, true)", [name])
                earlier = None
            else:
                earlier = keys.use(cursor, operation=name, key=key)
        yield earlier
