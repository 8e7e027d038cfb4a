"""The engine imports what apps declare, also one that it has never heard of, and knows none of them by name."""

import ast

import pytest
from django.db import connection

from customers import imports as customers
from customers.imports.files import ORGANISATIONS
from portal.audit import names
from portal.importing import columns, refusals, registry, run
from portal.importing.shapes import File, Kept, Part
from subscriptions import imports as subscriptions
from tests.architecture.source import found, place
from tests.support.directory import ACME, BETA, NOW

UNKNOWN = "99999999-9999-4999-8999-999999999999"

PARCELS = File(
    "parcels",
    names.CUSTOMERS,
    (columns.text("code", 20), columns.uuid("organisation_uuid", refers=ORGANISATIONS)),
    key=("code",),
    faulted="code",
    kept=Kept(tables="made_up_parcel k", same="k.code = s.code", now={"organisation_uuid": "k.organisation_uuid"}),
)


def parcels() -> Part:
    return Part(
        files=(PARCELS,),
        load=(
            """
            INSERT INTO made_up_parcel (code, organisation_uuid, row_sha256)
            SELECT code, organisation_uuid, sha256 FROM import_parcels WHERE known_id IS NULL ORDER BY line
            """,
        ),
    )


@pytest.fixture
def declared() -> registry.Registry:
    """All apps and one more, whose declarations were found in any order."""
    declared = registry.Registry()
    for part in (parcels, subscriptions.part, customers.part):
        declared.declare(part)
    return declared


@pytest.mark.django_db
def test_an_app_that_comes_later_brings_its_file_along(directory, declared):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE made_up_parcel (id bigint GENERATED ALWAYS AS IDENTITY, code text, "
            "organisation_uuid uuid, row_sha256 text)"
        )
    directory.files["parcels"] = ["code,organisation_uuid", f"P-1,{ACME}", f"P-2,{UNKNOWN}"]
    with pytest.raises(refusals.DirectoryFaulty) as refused:
        run.import_directory(directory.write(), at=NOW, declared_in=declared)
    assert [str(fault) for fault in refused.value.first] == [
        f'parcels.csv:3: organisation_uuid: "{UNKNOWN}" is unknown, '
        "expected one of organisations.csv or of the portal"
    ]

    directory.files["parcels"] = ["code,organisation_uuid", f"P-1,{ACME}", f"P-2,{BETA}"]
    counts = run.import_directory(directory.write(), at=NOW, declared_in=declared)
    assert [count.csv for count in counts] == [f"{name}.csv" for name in directory.files]
    assert counts[-1] == run.Count("parcels.csv", 2, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, organisation_uuid::text FROM made_up_parcel ORDER BY id")
        assert cursor.fetchall() == [("P-1", ACME), ("P-2", BETA)]

    directory.set("parcels", 3, "organisation_uuid", ACME)
    with pytest.raises(refusals.DirectoryFaulty) as refused:
        run.import_directory(directory.write(), at=NOW, declared_in=declared)
    assert [str(fault) for fault in refused.value.first] == [
        f'parcels.csv:3: organisation_uuid: "{ACME}" differs from "{BETA}", which the portal has, '
        "expected the row as imported before"
    ]


def test_the_engine_names_no_table_of_an_app():
    tables = ("customers_", "invoicing_", "subscriptions_", "settings_app_")
    named = [
        place(module, node)
        for module, node in found(of=ast.Constant)
        if module.path.startswith("portal/importing/")
        and isinstance(node.value, str)
        and any(table in node.value for table in tables)
    ]
    assert named == []
