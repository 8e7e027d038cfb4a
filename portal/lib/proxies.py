"""Find the client's address behind proxies. Only a trusted proxy is believed about the hop before it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from portal.lib import environment

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def trusted_networks() -> list[Network]:
    """List the networks in TRUSTED_PROXIES. *Raises*: environment.Unclear."""
    return environment.words(
        "TRUSTED_PROXIES",
        read=network,
        right="the addresses or networks of your proxies, with commas, like 127.0.0.1,10.0.0.0/24",
    )


def network(word: str) -> Network:
    """Read an address or a network. *Raises*: ValueError, also for a network of all addresses."""
    found = ipaddress.ip_network(word)
    if found.prefixlen == 0:
        raise ValueError(word)
    return found


def is_trusted(peer: str, *, trusted: Sequence[Network]) -> bool:
    """Tell whether the forwarding headers of this peer are believed."""
    hop = _address(peer)
    return hop is not None and _is_in(trusted, hop)


def client_of(*, peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Find the nearest hop that is not trusted, walking from the server to the client.

    That hop wrote everything further left in the header, and may have written anything. A word that is no address
    ends the walk at the hop that wrote it.
    *Shape*: `forwarded_for` is the header as received; several headers are joined by commas.
    """
    hop = _address(peer)
    if hop is None:
        return peer
    for word in reversed(forwarded_for.split(",")):
        if not _is_in(trusted, hop):
            break
        before = _address(word)
        if before is None:
            break
        hop = before
    return str(hop)


def place_of(address: str) -> str:
    """Give the address that failures are counted for: of IPv6 the first one of the client's /64."""
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(found), 64), strict=False).network_address)
    return address


def network_of(address: str) -> str:
    """Write `place_of` for people: an IPv4 address, or an IPv6 network."""
    place = place_of(address)
    return f"{place}/64" if ":" in place else place


def _is_in(networks: Sequence[Network], address: Address) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
