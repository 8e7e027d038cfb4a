"""Whether anything says that this is no trial: then there is no demo, and nobody gets in with its password.

Each sign is read from the environment, as a deployment sets it, and told in words that can follow "because".
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket

LOOPBACK = "127.0.0.1"
LOCAL_HOSTS = "127.0.0.1,localhost"
ON, OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")
# "*", or a name; with a point before it also those below it.
_HOST_NAME = re.compile(r"\*|\.?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.IGNORECASE)


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
    return is_on("SECURE", meaning="behind a proxy that speaks https")


def is_on(name: str, *, meaning: str) -> bool:
    """Say whether a variable is on. *Raises*: Unclear."""
    given = os.environ.get(name, "")
    if given.lower() in ON:
        return True
    if given.lower() in OFF:
        return False
    raise Unclear(f"{name} is {given!r}: it has to be 1 ({meaning}) or 0.")


def allowed_hosts() -> list[str]:
    """Give the names the portal answers to. *Raises*: Unclear."""
    given = os.environ.get("ALLOWED_HOSTS") or LOCAL_HOSTS
    names = [name.strip() for name in given.split(",") if name.strip()]
    # To a name that is none nobody could come, and nobody would be told why.
    for wrong in (name for name in names if not _is_host(name)):
        raise Unclear(
            f"ALLOWED_HOSTS has {wrong!r}: it has to be names with commas, without https:// and port, like "
            "portal.example.com."
        )
    if not names:
        raise Unclear(f"ALLOWED_HOSTS is {given!r}, which names no host: set it to names, like portal.example.com.")
    return names


def has_allowed_hosts() -> bool:
    """Say whether somebody has said to which names the portal answers."""
    return bool(os.environ.get("ALLOWED_HOSTS"))


def host() -> str:
    """Give the address the portal is to be served on."""
    return os.environ.get("HOST", "").strip().removeprefix("[").removesuffix("]") or LOOPBACK


def hint_of_host() -> str:
    """Say where HOST may come from that nobody has set; nothing where it is no name of this machine."""
    name = socket.gethostname().lower()
    if host().lower() not in {name, name.partition(".")[0]} or _is_local(host()):
        return ""
    return " (this machine's name; tcsh sets it by itself, and env -u HOST ./run goes without)"


def _is_host(name: str) -> bool:
    if ":" not in name:
        return _HOST_NAME.fullmatch(name) is not None
    try:
        ipaddress.IPv6Address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _is_local(name: str) -> bool:
    name = name.lower()
    if name in ("localhost", ".localhost") or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
