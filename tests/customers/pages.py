"""Addresses of a customer's pages, what is filled in there, and entries enough for several pages."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from django.urls import reverse

from customers import operations
from customers.models import Organisation
from portal import frame
from portal.audit import operations as audit_operations
from tests.support.clients import StaffClient

HTMX = {"HX-Request": "true"}
NOW = datetime(2026, 3, 10, 17, 0, tzinfo=UTC)
TABS = ("overview", "payment", "members", "history")

ClientOf = Callable[[str], StaffClient]


def at(name: str, organisation: Organisation) -> str:
    return reverse(f"customers:{name}", kwargs={"uuid": organisation.uuid})


def filled(**changed: str) -> dict[str, str]:
    return {
        "direction": "add",
        "amount": "12.50",
        "reason": "Counted twice",
        "request_id": str(uuid.uuid4()),
        "seen_seq": "0",
    } | changed


def post_many(organisation: Organisation, count: int) -> None:
    for number in range(count):
        with frame.operation("test"):
            operations.post_entry(
                account=operations.lock_account(organisation_id=organisation.pk),
                kind="top_up",
                amount=Decimal(1),
                cause_id=None,
                is_unbilled=False,
                at=NOW,
                on=NOW.date(),
                description=f"Top-up {number + 1}",
                actor="test",
            )
            audit_operations.record(
                "record.changed",
                sentence=f"Sentence {number + 1}",
                app="Customers",
                label="Topped up",
                by=frame.SYSTEM,
                at=NOW,
                organisation=audit_operations.Affected(organisation.uuid, organisation.name),
            )
