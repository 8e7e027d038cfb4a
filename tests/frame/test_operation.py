"""An operation owns its transaction."""

import pytest
from django.db import connection, transaction

from portal import frame


@pytest.mark.django_db(transaction=True)
def test_an_operation_is_never_part_of_a_larger_transaction() -> None:
    # What it answers as done would otherwise still hang on a commit of somebody else.
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), frame.operation("terminate"):
        pass


@pytest.mark.django_db(transaction=True)
def test_the_mark_of_an_operation_ends_with_it() -> None:
    def mark() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(current_setting('portal.operation', true), '')")
            (found,) = cursor.fetchone()
        return str(found)

    with frame.operation("terminate"):
        assert mark() == "terminate"
    assert mark() == ""
