"""Lead to a kind of page that a higher app serves. Apps declare theirs in their module `signposts`."""

from __future__ import annotations

from django.urls import reverse

from portal.lib import declarations

_addresses: declarations.Declarations[dict[str, str]] = declarations.Declarations("signposts", {})


def declare(**addresses: str) -> None:
    """Lead to a page under the name of its kind. *Shape*: `organisation="customers:overview"`."""
    _addresses.so_far.update(addresses)


def name(kind: str) -> str:
    """Give the name of the address of a page of this kind. *Raises*: KeyError where no app serves one."""
    return _addresses.all()[kind]


def find(kind: str) -> str | None:
    """Give the name of the address of a page of this kind; None where no app serves one."""
    return _addresses.all().get(kind)


def address(kind: str, *args: object) -> str:
    """Give the address of a page of this kind. *Raises*: KeyError where no app serves one."""
    return reverse(_addresses.all()[kind], args=args)
