"""Whether anything says that this is no trial: then there is no demo, and nobody gets in with its password.

Each sign is read from the environment, as a deployment sets it, and told in words that can follow "because".
"""

from __future__ import annotations

import ipaddress
import os
import socket

LOOPBACK = "127.0.0.1"
LOCAL_HOSTS = "127.0.0.1,localhost"
ON, OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


class Unclear(ValueError):
    """Say in one sentence which variable can't be understood."""


def signs() -> list[str]:
    """Give each sign of production there is; none where this is somebody trying it out on their own machine.

    *Raises*: Unclear.
    """
    found = []
    if os.environ.get("DATABASE_URL"):
        found.append("DATABASE_URL is set")
    if is_secure():
        found.append("SECURE is on")
    if elsewhere := [name for name in allowed_hosts() if not _is_local(name)]:
        found.append(f"ALLOWED_HOSTS names {', '.join(elsewhere)}")
    if not _is_local(host()):
        found.append(f"HOST is {host()}{hint_of_host()}")
    return found


def is_secure() -> bool:
    """Say whether SECURE is on: a proxy in front speaks https. *Raises*: Unclear."""
    given = os.environ.get("SECURE", "")
    if given.lower() in ON:
        return True
    if given.lower() in OFF:
        return False
    raise Unclear(f"SECURE is {given!r}: it has to be 1 (behind a proxy that speaks https) or 0.")


def allowed_hosts() -> list[str]:
    """Give the names the portal answers to."""
    given = os.environ.get("ALLOWED_HOSTS", LOCAL_HOSTS)
    return [name.strip() for name in given.split(",") if name.strip()]


def host() -> str:
    """Give the address the portal is to be served on."""
    return os.environ.get("HOST", "").strip().removeprefix("[").removesuffix("]") or LOOPBACK


def hint_of_host() -> str:
    """Say where HOST may come from that nobody has set; nothing where it is no name of this machine."""
    name = socket.gethostname().lower()
    if host().lower() not in {name, name.partition(".")[0]} or _is_local(host()):
        return ""
    return " (this machine's name; tcsh sets it by itself, and env -u HOST ./run goes without)"


def _is_local(name: str) -> bool:
    name = name.lower()
    if name in ("localhost", ".localhost") or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
