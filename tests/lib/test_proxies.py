"""The client's address is what trusted hops say, read from the server towards the client."""

import pytest

from portal.lib import environment, proxies

TRUSTED = [proxies.network(word) for word in ("127.0.0.1", "10.0.0.0/24", "::1")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        # Nobody believes a client about itself.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        # A trusted address left of one that is not: its sender made it up.
        ("127.0.0.1", "10.0.0.8, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("127.0.0.1", "10.0.0.8", "10.0.0.8"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9, unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9", ""),
    ],
)
def test_hops_are_walked_from_the_server(peer, forwarded_for, client):
    assert proxies.client_of(peer=peer, forwarded_for=forwarded_for, trusted=TRUSTED) == client


def test_without_proxies_no_header_counts():
    assert proxies.client_of(peer="127.0.0.1", forwarded_for="203.0.113.9", trusted=()) == "127.0.0.1"


def test_who_is_trusted():
    for peer in ("127.0.0.1", "10.0.0.7", "::1", "::ffff:10.0.0.7"):
        assert proxies.is_trusted(peer, trusted=TRUSTED), peer
    for peer in ("", "unix", "10.0.1.7", "203.0.113.9", "::2"):
        assert not proxies.is_trusted(peer, trusted=TRUSTED), peer
    assert not proxies.is_trusted("127.0.0.1", trusted=())


def test_one_client_has_whole_networks_of_ipv6():
    assert proxies.place_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::"
    assert proxies.place_of("203.0.113.9") == "203.0.113.9"
    assert proxies.place_of("") == ""


@pytest.mark.parametrize(
    "given", ["proxy.example", "10.0.0.0/33", "10.0.0.1/24", "0.0.0.0/0", "::/0", "1.2.3.4 5.6.7.8"]
)
def test_what_is_no_proxy_is_refused_in_words(given, monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", f"127.0.0.1,{given}")
    with pytest.raises(environment.Unclear, match="TRUSTED_PROXIES has .* addresses or networks of your proxies"):
        proxies.trusted_networks()


def test_none_is_trusted_by_default(monkeypatch):
    monkeypatch.delenv("TRUSTED_PROXIES", raising=False)
    assert proxies.trusted_networks() == []
