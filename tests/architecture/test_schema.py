"""The guards of the tables, as the product knows them by name, are those that migrating makes."""

import pytest

from portal.postgresql import schema

pytestmark = pytest.mark.django_db


def test_the_file_says_what_migrating_makes():
    """After a migration write it anew; the module says how. Or add and take away the lines that differ."""
    kept, made = schema.FILE.read_text().splitlines(), schema.lines()
    assert sorted(set(made) - set(kept)) == [], "lines to add"
    assert sorted(set(kept) - set(made)) == [], "lines to take away"
    assert len(kept) == len(set(kept))


def test_of_a_later_postgresql_names_alone_are_compared(monkeypatch):
    """It may say the same constraint in other words; nobody wants a thousand faults after an upgrade."""
    monkeypatch.setattr(schema, "_digest", lambda says: "another")
    assert {problem.what for problem in schema.problems()} == {"changed"}
    monkeypatch.setattr(schema, "LAST_VERSION_THAT_SAYS_THE_SAME", 14)
    assert list(schema.problems()) == []
