"""Who asks, where proxies stand in between: a trusted hop is believed about the one before it, nobody else is."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from portal.lib import environment

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def trusted_networks() -> list[Network]:
    """Give the proxies that TRUSTED_PROXIES names. *Raises*: environment.Unclear."""
    return environment.words(
        "TRUSTED_PROXIES",
        read=network,
        right="the addresses or networks of your proxies, with commas, like 127.0.0.1,10.0.0.0/24",
    )


def network(word: str) -> Network:
    """Read an address or a network. *Raises*: ValueError, also for all the addresses there are."""
    found = ipaddress.ip_network(word)
    if found.prefixlen == 0:
        raise ValueError(word)
    return found


def is_trusted(peer: str, *, trusted: Sequence[Network]) -> bool:
    """Say whether what this peer says of a request is believed."""
    hop = _address(peer)
    return hop is not None and _is_in(trusted, hop)


def client_of(*, peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Name the nearest hop that is not trusted, walking from the server to the client.

    What stands further left was written by that hop, which may write anything. A hop that is no address ends the
    walk at the one that named it.
    *Shape*: `forwarded_for` is the header as it came, several of them joined by commas.
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
    """Name what one client has of addresses: of IPv6 whole networks (/64), of which the first address stands."""
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(found), 64), strict=False).network_address)
    return address


def network_of(address: str) -> str:
    """Write what `place_of` names for people: an address, or a network of IPv6."""
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
