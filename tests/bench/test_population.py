"""The benchmarks' database is one that the portal could have written, and the schema is as it was."""

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from bench import companies, population
from customers.models import Organisation, SearchKey
from portal.lib import text
from subscriptions.models import Cycle, Subscription

ROWS = 300


def _schema() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), condeferred
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT tablename, indexname, indexdef, false FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled = 'O'
            FROM pg_trigger WHERE NOT tgisinternal
            ORDER BY 1, 2, 3
            """
        )
        return list(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_what_is_built_is_what_the_portal_would_have_written(capsys: pytest.CaptureFixture[str]) -> None:
    before = _schema()
    parameters = connection.get_connection_params()
    known: dict[str, Any] = {name: parameters.get(name) for name in ("dbname", "user", "password", "host", "port")}
    address = psycopg.conninfo.make_conninfo(**known)
    with psycopg.connect(address, autocommit=True) as raw:
        population.build(raw, rows=ROWS, today=datetime.now(tz=UTC).date(), tell=lambda what: None)
    assert _schema() == before

    call_command("verify_ledger", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["faults"] == []
    assert found["organisations"] == ROWS
    assert found["entries"] > ROWS

    # Every kind of subscription is there, also at this size.
    assert set(Subscription.objects.values_list("status", flat=True)) == {"active", "expired", "terminated"}
    assert ROWS * 1.1 < Subscription.objects.count() < ROWS * 1.3
    assert ROWS * 3 < Cycle.objects.count() < ROWS * 4.5
    for organisation in Organisation.objects.prefetch_related("search_keys"):
        kept = {(key.kind, key.text) for key in organisation.search_keys.all() if key.kind != "number"}
        made = {
            (SearchKey.Kind.NAME, text.fold(organisation.name)),
            (SearchKey.Kind.UUID, str(organisation.uuid)),
            (SearchKey.Kind.OWNER_EMAIL, text.fold(organisation.owner_email)),
            (SearchKey.Kind.BILLING_EMAIL, text.fold(organisation.billing_email)),
            (SearchKey.Kind.REFERENCE, text.fold(organisation.customer_reference)),
        }
        assert kept == {(kind, word) for kind, word in made if word}


def test_the_first_names_are_alike_for_any_number() -> None:
    assert list(companies.named(20)) == list(companies.named(40))[:20]
