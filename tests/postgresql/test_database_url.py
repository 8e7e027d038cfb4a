"""A DATABASE_URL that can't be read is one sentence, which repeats nothing of it."""

import pytest

from portal.lib import environment
from portal.postgresql import address

SECRET = "hunter2"  # noqa: S105


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"portal:{SECRET}@db.example/portal", "does not begin with postgresql://"),
        (f"mysql://portal:{SECRET}@db.example/portal", "does not begin with postgresql://"),
        (f"postgresql//portal:{SECRET}=@db.example/portal", "neither begins with"),
        (f"host=db.example password=my {SECRET}", "neither begins with"),
        (f"postgresql://portal:{SECRET}%zz@db.example/portal", "a % in it"),
        (f"postgresql://portal:{SECRET}/1@db.example/portal", "its port"),
        (f"postgresql://portal:12/{SECRET}@db.example/portal", "the name of its database"),
        (f"postgresql://portal:1@{SECRET}@db.example/portal", "its host"),
        (f"postgresql://portal:1@db.example:{SECRET}/portal", "its port"),
        (f"postgresql://portal:1@db.example:65536/{SECRET}", "its port"),
        (f"postgresql://portal:{SECRET}@[::1/portal", "its form is wrong"),
        (f"postgresql://portal:1@db.example/portal?{SECRET}=1", "an option that PostgreSQL does not know"),
        (f"postgresql://portal:1@db.example/portal?connect_timeout={SECRET}", "its connect_timeout"),
    ],
)
def test_nothing_of_it_is_repeated(url: str, why: str) -> None:
    with pytest.raises(environment.Unclear) as refused:
        address.read(url, variable="DATABASE_URL")
    said = str(refused.value)
    assert said.startswith("DATABASE_URL can't be read: ")
    assert why in said
    assert SECRET not in said
    assert "db.example" not in said
    # No traceback either, which would show what the driver said.
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("postgresql:///portal?host=/tmp/a", {"dbname": "portal", "host": "/tmp/a"}),
        ("postgresql://portal@%2Ftmp%2Fa/portal", {"user": "portal", "dbname": "portal", "host": "/tmp/a"}),
        ("postgres://portal:a%2Fb%40c@[::1]:5433/p", {"password": "a/b@c", "host": "::1", "port": "5433"}),
        ("postgresql://u:p?#@one:1,two:2/p", {"password": "p?#", "host": "one,two", "port": "1,2"}),
        ("host=db.example dbname=portal password='a b'", {"host": "db.example", "password": "a b"}),
    ],
)
def test_what_can_be_read_is_taken_apart(url: str, parts: dict[str, str]) -> None:
    assert parts.items() <= address.read(url, variable="DATABASE_URL").items()
