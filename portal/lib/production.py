"""Tell production from a trial. In production there is no demo, since everybody knows the demo's password.

The signs of production are the environment variables of a deployment, in words that can follow "because".
"""

from __future__ import annotations

import ipaddress
import socket

from django.http.request import split_domain_port

from portal.lib import environment

LOOPBACK = "127.0.0.1"
LOCAL_HOSTS = "127.0.0.1,localhost"


def signs() -> list[str]:
    """List the signs of production. A trial on one's own machine has none.

    *Raises*: environment.Unclear.
    """
    found = []
    if environment.text("DATABASE_URL"):
        found.append("DATABASE_URL is set")
    if is_secure():
        found.append("SECURE is on")
    if elsewhere := [name for name in allowed_hosts() if not _is_local(name)]:
        found.append(f"ALLOWED_HOSTS names {', '.join(elsewhere)}")
    if not _is_local(host()):
        found.append(f"HOST is {host()}{hint_of_host()}")
    return found


def is_secure() -> bool:
    """Tell whether SECURE is on: a proxy in front terminates TLS. *Raises*: environment.Unclear."""
    return environment.is_on("SECURE", meaning="behind a proxy that speaks https")


def allowed_hosts() -> list[str]:
    """List the host names that the portal answers to. *Raises*: environment.Unclear."""
    return environment.words(
        "ALLOWED_HOSTS",
        read=_host_name,
        right="names with commas, without https:// and port, like portal.example.com",
        default=LOCAL_HOSTS,
    )


def has_allowed_hosts() -> bool:
    """Tell whether ALLOWED_HOSTS is set."""
    return bool(environment.text("ALLOWED_HOSTS"))


def host() -> str:
    """Read the address to listen on."""
    return environment.text("HOST").strip().removeprefix("[").removesuffix("]") or LOOPBACK


def hint_of_host() -> str:
    """Explain a HOST that is the machine's own name: a shell sets it. Empty for any other HOST."""
    name = socket.gethostname().lower()
    if host().lower() not in {name, name.partition(".")[0]} or _is_local(host()):
        return ""
    return " (this machine's name; tcsh sets it by itself, and env -u HOST ./run goes without)"


def _host_name(name: str) -> str:
    """Accept "*", an address, or a name; a leading point includes its subdomains.

    *Raises*: ValueError for a host that Django would refuse in every request.
    """
    try:
        # Django compares IPv6 addresses with their brackets.
        return f"[{ipaddress.IPv6Address(name.removeprefix('[').removesuffix(']'))}]"
    except ValueError:
        bare = name.removeprefix(".").lower()
    if name != "*" and (not bare or split_domain_port(bare) != (bare, "")):
        raise ValueError(name)
    return name


def _is_local(name: str) -> bool:
    name = name.lower()
    if name in ("localhost", ".localhost") or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
