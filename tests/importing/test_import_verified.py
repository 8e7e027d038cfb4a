"""What was imported can be written as its row again, whatever the portal rightly did since."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

import pytest

from customers.checks import imported as imported_customers
from customers.contacts import operations as contacts
from customers.models import Organisation
from invoicing import operations as invoicing_operations
from invoicing.models import CreditNote
from portal import verification
from portal.frame import Actor
from portal.importing import registry
from subscriptions.checks import imported
from subscriptions.life import operations
from subscriptions.models import Subscription
from subscriptions.termination.quote import quotes
from tests.support.directory import ACME, BETA, NOW, S1, S2
from tests.support.terminations import preview, request, terminate, to_confirm

pytestmark = pytest.mark.django_db


def test_rows_are_written_in_the_order_of_the_format() -> None:
    assert {row.file: list(row.columns) for row in (*imported_customers.ROWS, *imported.ROWS)} == {
        file.name: [column.name for column in file.columns] for file in registry.APPS.together().files
    }


def test_what_was_just_imported_is_sound(directory, imported) -> None:
    # Every way to write a value: zeros, capitals, spaces, line breaks, what is not given.
    directory.set("cycles", 2, "net", "050.00")
    directory.set("credit_notes", 2, "net", "025.0")
    directory.set("plans", 2, "name", "  SIP\tmonthly, the “big” one ")
    directory.set("members", 2, "name", "Änn |\\x00 東京")
    directory.set("subscriptions", 4, "termination_reason", "moved\naway\\")
    directory.add(
        "organisations", f"{'3' * 8}-3333-4333-8333-{'3' * 12},Zéro,SG,SGD,Asia/Singapore,,,000.50,-0,,,,"
    )
    assert imported(directory.write())[0] == 0
    assert list(verification.faults(at=NOW)) == []


def test_what_the_portal_did_since_is_no_fault(directory, imported, make_user, now: dt.datetime) -> None:
    directory.set("credit_notes", 4, "issued_on", "2026-01-15")
    directory.set("credit_notes", 4, "organisation_uuid", ACME)
    directory.set("credit_notes", 4, "net", "10")
    assert imported(directory.write())[0] == 0
    by = Actor.of(make_user("agent", "maria"))
    # Contacts corrected.
    beta = Organisation.objects.get(uuid=BETA)
    seen = contacts.contacts_of(beta)
    changed = dataclasses.replace(seen, billing_email="b@beta.example")
    contacts.change_contacts(organisation_uuid=beta.uuid, seen=seen, values=changed, by=by, at=NOW)
    assert list(verification.faults(at=NOW)) == []
    # Unsubscribed and resubscribed, sent, voided, longer with a new cycle, terminated.
    operations.set_auto_renew(subscription_uuid=Subscription.objects.get(uuid=S1).uuid, wanted=False, by=by, at=NOW)
    note = CreditNote.objects.get(number="TCN-3")
    invoicing_operations.mark_as_sent(note_uuid=note.uuid, is_confirmed=False, by=by, at=NOW, **_reason())
    invoicing_operations.void(note_uuid=note.uuid, by=by, at=NOW, **_reason())
    directory.add("cycles", f"{S2},2026-03-01,1,900,90,0,TIN-9,,,")
    assert imported(directory.write())[0] == 0
    assert Subscription.objects.get(uuid=S2).expires_on == dt.date(2026, 3, 31)
    found = Subscription.objects.get(uuid=S1)
    keys = to_confirm(preview(found, at=NOW, asked_on=request().requested_on), choice=quotes.Automatic())
    terminate(found, by=by, at=NOW, acknowledged=keys)
    assert list(verification.faults(at=NOW)) == []


def _reason() -> dict[str, Any]:
    return {"reason": "Agreed on the phone", "request_id": uuid.uuid4()}
