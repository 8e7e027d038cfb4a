"""Each audit entry has its own SHA-256: made by the database, over the text that docs/ledger.md describes."""

import datetime as dt
import hashlib
import uuid

import pytest
from django.db import connection

from portal.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def _sha256(entry: AuditEntry) -> bytes:
    """Hash an entry as the documentation says."""
    since = entry.at.astimezone(dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    def free(text: str) -> str:
        return f"{len(text.encode())}:{text}"

    fields = [
        str(entry.pk),
        str((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds),
        free(entry.app),
        free(entry.event),
        free(entry.description),
        free(entry.actor),
        "" if entry.actor_user_id is None else str(entry.actor_user_id),
        "" if entry.organisation_uuid is None else str(entry.organisation_uuid),
        free(entry.organisation_name),
    ]
    return hashlib.sha256("|".join(fields).encode()).digest()


def _kept(entry: AuditEntry) -> bytes:
    return bytes(AuditEntry.objects.values_list("sha256", flat=True).get(pk=entry.pk))


@pytest.mark.parametrize(
    "description",
    ["Plain.", "", r"back\slash, \x00 and \\ doubled", "|1:|", "Ünïcode 東京 🎉\nand a line", "it's a 'quote'"],
)
def test_the_hash_is_that_of_the_text_in_the_documentation(make_user, description: str) -> None:
    user = make_user("agent", "maria")
    entries = [
        AuditEntry.objects.create(
            at=dt.datetime(2026, 3, 10, 9, 0, 0, 1, tzinfo=dt.UTC),
            app="Invoices",
            event="Payment recorded",
            description=description,
            actor="maria|1:x",
            actor_user=user,
            organisation_uuid=uuid.UUID(int=7),
            organisation_name="Acmé | Söhne",
        ),
        AuditEntry.objects.create(
            at=dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
            app="",
            event="",
            description=description,
            actor="",
        ),
    ]
    for entry in entries:
        entry.refresh_from_db()
        assert bytes(entry.sha256) == _sha256(entry)


def test_the_hash_does_not_depend_on_the_session_and_covers_every_column() -> None:
    made = AuditEntry.objects.create(
        at=dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC), app="A", event="E", description="D", actor="B"
    )
    before = _kept(made)
    changes = {
        "at": "at + interval '1 microsecond'",
        "app": "'AE'",
        "event": "''",
        "description": "'d'",
        "actor": "'C'",
        "organisation_uuid": "'00000000-0000-0000-0000-000000000001'",
        "organisation_name": "'O'",
        "kind": "'k', schema = 1",
        "schema": "2",
        "subject_kind": "'s', subject_uuid = '00000000-0000-0000-0000-000000000002'",
        "subject_uuid": "'00000000-0000-0000-0000-000000000003'",
        "data": "'{\"a\": 1}'",
    }
    hashed = {"id", "actor_user_id", "sha256", *changes}
    assert hashed == {field.column for field in AuditEntry._meta.fields}
    seen = {before}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
        cursor.execute("SET LOCAL TimeZone = 'Pacific/Kiritimati'")
        cursor.execute("SET LOCAL DateStyle = 'German, DMY'")
        cursor.execute("UPDATE audit_auditentry SET description = description")
        assert _kept(made) == before
        for column, value in changes.items():
            cursor.execute(f"UPDATE audit_auditentry SET {column} = {value}")
            seen.add(_kept(made))
    assert len(seen) == len(changes) + 1
