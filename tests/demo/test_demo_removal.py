"""The demo goes as it came: all at once, and only where it is all there is."""

import io
import uuid
from functools import partial
from typing import Any

import psycopg
import pytest
from django.conf import global_settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from customers.models import Organisation
from invoicing.models import Invoice, NumberSeries
from portal import frame, verification
from portal.audit import operations as audit_operations
from portal.audit.models import AuditEntry
from portal.demo import generate, marks, people, removal
from portal.staff.operations import accounts
from settings_app import operations as settings_operations
from settings_app import policies, selectors
from settings_app.models import PortalConfigVersion, TerminationReason
from subscriptions.models import Plan, Subscription, Termination
from tests.support import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with the demo; the show-cases are always there."""
    monkeypatch.setattr(generate, "generate", partial(generate.generate, organisations=30))
    call_command("demo", "--force", stdout=io.StringIO())


def _remove() -> str:
    out = io.StringIO()
    call_command("demo", "--remove", stdout=out)
    return out.getvalue()


def _superuser() -> User:
    return accounts.create_staff(
        username="mara", role="superuser", password="quite-a-word-7", by=frame.SYSTEM, at=timezone.now()
    )


def test_nothing_of_it_is_left_and_everything_agrees() -> None:
    _superuser()
    reasons = TerminationReason.objects.count()
    created = AuditEntry.objects.get(event="Staff created")
    assert Termination.objects.exists()
    said = _remove()
    assert said.startswith(
        "Removed: 30 demo customers with all that belongs to them and the demo's staff agent, billing, auditor, "
        "admin."
    )
    for model in (Organisation, Subscription, Termination, Invoice, Plan):
        assert not model.objects.exists(), model
    assert list(User.objects.values_list("username", flat=True)) == ["mara"]
    assert TerminationReason.objects.count() == reasons
    assert PortalConfigVersion.objects.exists()
    assert set(NumberSeries.objects.values_list("last_number", "first_number")) == {(0, 1)}
    # The audit tells of what stayed, and of this.
    assert list(AuditEntry.objects.order_by("id").values_list("event", flat=True)) == [
        "Demo data added",
        "Staff created",
        "Demo removed",
    ]
    kept = AuditEntry.objects.get(event="Staff created")
    assert (kept.pk, bytes(kept.sha256), kept.at) == (created.pk, bytes(created.sha256), created.at)
    assert list(verification.faults(at=timezone.now())) == []
    assert list(verification.schema_faults()) == []
    with pytest.raises(CommandError, match="There are no customers, and no staff of the demo"):
        _remove()
    # A portal that is empty again takes customers as a new one does.
    factories.subscription()
    assert list(verification.faults(at=timezone.now())) == []


def test_who_may_not_a_portal_in_use_and_other_customers_keep_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _everything()
    _sql("REVOKE TRUNCATE ON customers_topup FROM CURRENT_USER")
    try:
        with pytest.raises(CommandError, match="Only the owner of the tables can empty them"):
            _remove()
    finally:
        _sql("GRANT TRUNCATE ON customers_topup TO CURRENT_USER")
    assert _everything() == before
    with monkeypatch.context() as patch, psycopg.connect(**connection.get_connection_params()) as other:
        patch.setattr(removal, "LONGEST_WAIT", "50ms")
        other.execute("SELECT FROM customers_organisation FOR SHARE")
        with pytest.raises(CommandError, match="The portal is in use, and nothing was removed"):
            _remove()
    assert _everything() == before
    for said in ("1 customer is not of the demo", "2 customers are not"):
        Organisation.objects.create(name="Real", country="SG", currency="SGD", timezone="Asia/Singapore")
        before = _everything()
        with pytest.raises(CommandError, match=f"{said}.*nothing was removed"):
            _remove()
        assert _everything() == before


def test_a_demo_without_marks_is_kept_and_told_what_to_do() -> None:
    """Those of an earlier version have UUIDs like any other."""
    with connection.cursor() as cursor, frame.operation("test"):
        cursor.execute("UPDATE customers_organisation SET uuid = gen_random_uuid()")
        audit_operations.record(
            "record.changed", sentence="-", app="Customers", label="Test", by=frame.SYSTEM, at=timezone.now()
        )
    before = _everything()
    with pytest.raises(
        CommandError, match=r"30 customers are not of the demo.* of before 29 November 2026, .* anew"
    ):
        _remove()
    assert _everything() == before
    # Without the demo's staff there is nothing that tells of a demo.
    User.objects.update(password="!")
    with pytest.raises(CommandError) as refused:
        _remove()
    assert "November" not in str(refused.value)


def test_a_customer_of_the_demo_is_one_whatever_was_changed_of_it() -> None:
    with frame.operation("test"):
        Organisation.objects.update(name="Renamed", customer_reference="", owner_email="someone@real.test")
        audit_operations.record(
            "record.changed", sentence="-", app="Customers", label="Renamed", by=frame.SYSTEM, at=timezone.now()
        )
    assert "Removed: 30 demo customers" in _remove()
    assert not marks.is_marked(uuid.uuid4())


def test_whoever_took_a_demo_name_over_stays() -> None:
    admin = User.objects.get(username="admin")
    admin.set_password("a word of my own 9")
    admin.save()
    assert people.that_can_log_in() == ["agent", "billing", "auditor"]
    _remove()
    assert list(User.objects.values_list("username", flat=True)) == ["admin"]
    assert authenticate(None, username="admin", password="a word of my own 9") is not None


def test_whom_the_settings_name_stays_but_can_not_log_in(settings: Any) -> None:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    admin = User.objects.get(username="admin")
    config = selectors.current_config()
    values = {name: getattr(config, name) for name in policies.Values.__dataclass_fields__}
    settings_operations.save_config(
        values=policies.Values(**{**values, "allow_refund": False}),
        seen_version=config.number,
        by=frame.Actor.of(admin),
        at=timezone.now(),
    )
    said = _remove()
    assert "can't log in any more: admin." in said
    assert authenticate(None, username="admin", password=people.PASSWORD) is None
    assert list(User.objects.values_list("username", "is_active")) == [("admin", False)]
    assert selectors.current_config().allow_refund is False


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _everything() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Organisation, Subscription, Termination, AuditEntry, User))
