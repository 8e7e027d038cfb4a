"""Whether anything says that this is no trial: then there is no demo, and nobody gets in with its password.

Each sign is read from the environment, as a deployment sets it, and told in words that can follow "because".
"""

from __future__ import annotations

import ipaddress
import socket

from django.http.request import split_domain_port

from portal.lib import environment

LOOPBACK = "127.0.0.1"
LOCAL_HOSTS = "127.0.0.1,localhost"


def signs() -> list[str]:
    """Give each sign of production there is; none where this is somebody trying it out on their own machine.

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
    """Say whether SECURE is on: a proxy in front speaks https. *Raises*: environment.Unclear."""
    return environment.is_on("SECURE", meaning="behind a proxy that speaks https")


def allowed_hosts() -> list[str]:
    """Give the names the portal answers to. *Raises*: environment.Unclear."""
    # To a name that is none nobody could come, and nobody would be told why.
    return environment.words(
        "ALLOWED_HOSTS",
        read=_host_name,
        right="names with commas, without https:// and port, like portal.example.com",
        default=LOCAL_HOSTS,
    )


def has_allowed_hosts() -> bool:
    """Say whether somebody has said to which names the portal answers."""
    return bool(environment.text("ALLOWED_HOSTS"))


def host() -> str:
    """Give the address the portal is to be served on."""
    return environment.text("HOST").strip().removeprefix("[").removesuffix("]") or LOOPBACK


def hint_of_host() -> str:
    """Say where HOST may come from that nobody has set; nothing where it is no name of this machine."""
    name = socket.gethostname().lower()
    if host().lower() not in {name, name.partition(".")[0]} or _is_local(host()):
        return ""
    return " (this machine's name; tcsh sets it by itself, and env -u HOST ./run goes without)"


def _host_name(name: str) -> str:
    """Read a host as Django reads that of a request, or "*"; with a point before it also those below it."""
    try:
        # Django knows it by its brackets alone.
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
