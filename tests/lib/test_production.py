"""What the environment says of production, and what it can't mean."""

from __future__ import annotations

import pytest

from portal.lib import environment, production


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("", ["127.0.0.1", "localhost"]),
        (" portal.example.com , .example.org,", ["portal.example.com", ".example.org"]),
        ("*", ["*"]),
        ("Portal.Example.com", ["Portal.Example.com"]),
        ("192.0.2.1,[2001:db8::1],::1", ["192.0.2.1", "[2001:db8::1]", "[::1]"]),
        ("portal-7f9c,a", ["portal-7f9c", "a"]),
    ],
)
def test_names_of_hosts_are_read(given: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", given)
    assert production.allowed_hosts() == names
    assert production.has_allowed_hosts() == bool(given)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ("localhost,https://portal.example.com", "has 'https://portal.example.com'"),
        ("portal.example.com:443", "has 'portal.example.com:443'"),
        ("192.0.2.1:8000", "has '192.0.2.1:8000'"),
        ("a.example;b.example", "has 'a.example;b.example'"),
        ("a.example b.example", "has 'a.example b.example'"),
        ("portal.example.com/", "has 'portal.example.com/'"),
        ("*.example.com", "has '*.example.com'"),
        ("pörtal.example", "has 'pörtal.example'"),
        # Django answers 400 to whoever asks for such a host.
        ("portal_7f9c", "has 'portal_7f9c'"),
        ("example.com.", "has 'example.com.'"),
        (".", "has '.'"),
        (" , ", "is ' , ': it has to be names"),
    ],
)
def test_what_is_no_host_is_refused(given: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", given)
    with pytest.raises(environment.Unclear) as refused:
        production.allowed_hosts()
    assert str(refused.value).startswith(f"ALLOWED_HOSTS {wrong}")
