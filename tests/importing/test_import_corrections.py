"""A note that comes by import counts together with what corrections of its termination gave back."""

import uuid
from decimal import Decimal

import pytest

from portal.frame import Actor
from subscriptions.models import Termination
from subscriptions.record import operations
from tests.support.directory import ACME, NOW, S3, row_counts

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.django_db]


@pytest.mark.parametrize(
    ("corrected", "fault"),
    [
        (
            "50.50",
            "credit_notes.csv:5: net: with this note and the corrections of its termination 55.5 is given back of"
            " the subscription, expected at most the 54.5 it was charged",
        ),
        ("49.50", ""),
        ("-1", ""),
    ],
)
def test_an_import_refuses_what_corrections_leave_no_room_for(directory, imported, corrected, fault):
    operations.correct_termination(
        termination_uuid=Termination.objects.get(subscription__uuid=S3).uuid,
        amount=Decimal(corrected),
        reason="Given back too little",
        seen_seq=None,
        is_confirmed=False,
        request_id=uuid.uuid4(),
        by=Actor(kind="agent", name="billing-1"),
        at=NOW,
    )
    before = row_counts()
    directory.add("credit_notes", f"TCN-9,{ACME},5.00,0,sent,,{S3},2026-02-01")
    status, _, err = imported(directory.write())
    assert (status, err) == ((1, [fault]) if fault else (0, []))
    assert (row_counts() == before) == bool(fault)
