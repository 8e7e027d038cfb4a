"""Each termination has its own SHA-256: made by the database, over the text that docs/ledger.md describes."""

import datetime as dt
import hashlib
from decimal import Decimal

import pytest
from django.db import connection

from portal.frame import SYSTEM
from subscriptions.clean_up.operations import expire
from subscriptions.models import Termination
from subscriptions.termination.quote import quotes
from tests.support import factories
from tests.support.factories import C
from tests.support.terminations import preview, request, seen_of, terminate, to_confirm

pytestmark = pytest.mark.django_db


def _json(kept: Termination, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}::text FROM subscriptions_termination WHERE id = %s", [kept.pk])
        return cursor.fetchone()[0] or ""


def _sha256(kept: Termination) -> bytes:
    """Hash a termination as the documentation says."""
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    since = kept.terminated_at.astimezone(dt.UTC) - epoch

    def free(text: str) -> str:
        return f"{len(text.encode())}:{text}"

    def day(given: dt.date | None) -> str:
        return "" if given is None else str((given - epoch.date()).days)

    def maybe(value: object) -> str:
        return "" if value is None else str(value)

    fields = [
        str(kept.uuid),
        str(kept.subscription_id),
        str(kept.organisation_id),
        kept.currency,
        kept.case,
        str((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds),
        day(kept.terminated_on),
        kept.actor_kind,
        free(kept.actor),
        maybe(kept.actor_user_id),
        maybe(kept.reason_id),
        free(kept.explanation),
        free(kept.requested_by),
        day(kept.requested_on),
        kept.channel,
        free(kept.ticket),
        maybe(kept.config_version_id),
        kept.choice,
        kept.settlement,
        maybe(kept.credit_note_id),
        maybe(kept.entry_id),
        "" if kept.credited is None else f"{kept.credited:.6f}",
        f"{kept.waived:.4f}",
        free(kept.nothing_reason),
        free(_json(kept, "acknowledgements")),
        maybe(kept.quote_id),
        maybe(kept.clean_up_run_id),
        _json(kept, "quote"),
    ]
    return hashlib.sha256("|".join(fields).encode()).digest()


def _kept(pk: int) -> bytes:
    return bytes(Termination.objects.values_list("sha256", flat=True).get(pk=pk))


def test_the_hash_is_that_of_the_text_in_the_documentation(agent, now: dt.datetime) -> None:
    refunded = factories.subscription(cycles=(C("2026-03-01", net="50", tax="4.5", paid="20"),))
    terminate(
        refunded,
        by=agent,
        at=now + dt.timedelta(microseconds=1),
        asked=request(explanation="C:\\new\\x00 | 3:x\n“東京” 🎉", requested_by="Ms | Tan", ticket="T-1|"),
    )
    linked = factories.subscription()
    note = factories.credit_note(linked.organisation, net="40", line=factories.charge_of(linked))
    quote = preview(linked, at=now, asked_on=request().requested_on)
    choice = quotes.LinkNote(note.number)
    keys = to_confirm(quote, choice=choice)
    terminate(linked, by=agent, at=now, choice=choice, acknowledged=keys, seen=seen_of(quote))
    factories.subscription(cycles=(C("2025-11-01"),))
    connection.run_on_commit = []
    expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now)
    found = list(Termination.objects.order_by("pk"))
    assert [(kept.case, kept.settlement) for kept in found] == [
        ("customer_request", "credited"),
        ("customer_request", "credit_note_linked"),
        ("expired", "nothing_due"),
    ]
    assert (found[0].credited, found[0].waived) == (Decimal(20), Decimal("34.5"))
    for kept in found:
        assert _kept(kept.pk) == _sha256(kept)


def test_the_hash_does_not_depend_on_the_session_and_covers_every_column(agent, now: dt.datetime) -> None:
    kept = terminate(factories.subscription(), by=agent, at=now).termination
    before = _kept(kept.pk)
    later = {
        "uuid": "gen_random_uuid()",
        "subscription_id": "-1",
        "organisation_id": "-1",
        "currency": "'USD'",
        "case": "'expired'",
        "terminated_at": "terminated_at + interval '1 microsecond'",
        "terminated_on": "terminated_on + 1",
        "actor_kind": "'system'",
        "actor": "'another'",
        "actor_user_id": "NULL",
        "reason_id": "NULL",
        "explanation": "'Another'",
        "requested_by": "'Another'",
        "requested_on": "requested_on - 1",
        "channel": "'letter'",
        "ticket": "'T-2'",
        "config_version_id": "NULL",
        "choice": "'none'",
        "settlement": "'nothing_due'",
        "credit_note_id": "-1",
        "entry_id": "-1",
        "credited": "1",
        "waived": "1",
        "nothing_reason": "'because'",
        "quote": "quote - 'total'",
        "acknowledgements": "'[1]'",
        "quote_id": "gen_random_uuid()",
        "clean_up_run_id": "-1",
    }
    # The request is held by keys.
    assert {"id", "sha256", "request_id", *later} == {field.column for field in Termination._meta.fields}
    seen = {before}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE subscriptions_termination DISABLE TRIGGER USER")
        cursor.execute("SET LOCAL TimeZone = 'Pacific/Kiritimati'")
        cursor.execute("SET LOCAL DateStyle = 'German, DMY'")
        cursor.execute("UPDATE subscriptions_termination SET explanation = explanation")
        assert _kept(kept.pk) == before
        cursor.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype IN ('c', 'f')"
            " AND 'subscriptions_termination'::regclass IN (conrelid, confrelid)"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for column, value in later.items():
            cursor.execute(f'UPDATE subscriptions_termination SET "{column}" = {value}')
            seen.add(_kept(kept.pk))
    assert len(seen) == len(later) + 1
