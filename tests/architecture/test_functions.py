"""The functions in the database, and the files that say how they are: one for each, and the same text."""

import re

import pytest
from django.db import connection, transaction

from portal.postgresql import functions
from tests.architecture.source import ROOT

pytestmark = pytest.mark.django_db
FILES = {function.name: function for function in functions.files()}


def _in_the_database() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(functions.OURS)
        return {name: oid for oid, name, _ in cursor.fetchall()}


def test_every_function_has_its_file_and_every_file_its_function():
    assert sorted(_in_the_database()) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_migrating_makes_what_the_file_says(name):
    """Executing the file changes nothing: neither the text nor anything else of the function."""
    oid = _in_the_database()[name]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT prosrc, pg_get_functiondef(oid) FROM pg_proc WHERE oid = %s", [oid])
        body, made = cursor.fetchone()
        assert FILES[name].body == body
        cursor.execute(FILES[name].statement)
        cursor.execute("SELECT pg_get_functiondef(%s::oid)", [oid])
        (said,) = cursor.fetchone()
        transaction.set_rollback(True)
    assert said == made


@pytest.mark.parametrize("name", FILES)
def test_a_file_lies_where_its_name_says(name):
    """The app's own name comes first; what all apps share is the audit's."""
    first = name.split("_")[0]
    app = {"portal": "portal/audit", "jobs": "portal/jobs", "settings": "settings_app"}.get(first, first)
    assert FILES[name].path.relative_to(ROOT).as_posix() == f"{app}/sql/{name}.sql"
    assert re.match(rf"CREATE OR REPLACE FUNCTION {name}\(", FILES[name].statement)
