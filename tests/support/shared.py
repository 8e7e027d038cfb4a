"""What several tests stand on, made once in a transaction around them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeVar

from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

Made = TypeVar("Made")


def made_once(blocker: DjangoDbBlocker, make: Callable[[], Made]) -> Iterator[Made]:
    """Make something in a transaction that is rolled back at the end; tests meanwhile work in savepoints of it.

    For fixtures of a module without transactional tests, which yield from it.
    """
    with blocker.unblock(), ExitStack() as undone:
        around = transaction.atomic()
        # As Django's own around a test: an operation takes neither for a larger transaction.
        vars(around)["_from_testcase"] = True
        undone.enter_context(around)
        made = make()
        # What is checked at the commit is checked now: else each test does it anew at the end of its savepoint.
        connection.check_constraints()
        with connection.cursor() as cursor:
            # The mark of an operation lasts as long as its transaction.
            cursor.execute("SELECT set_config('portal.operation', '', true)")
        ended = undone.pop_all()
    yield made
    with blocker.unblock(), ended:
        transaction.set_rollback(True)
