"""Read the address of a database; say what is wrong without repeating any of it, since it holds a password."""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from portal.lib import environment, numerals

FORM = (
    "It has to look like postgresql://user:password@host:5432/portal; in user and password the signs : / ? # @ % "
    "and blanks are written as %3A %2F %3F %23 %40 %25 %20"
)
_SCHEMES = ("postgresql://", "postgres://")
# A name or an address, several of them with commas, or the directory of a socket.
_HOST = re.compile(r"[A-Za-z0-9._:%-]*|[/@].*")
# psycopg converts these to int.
_NUMBERS = {"port": 65_535, "connect_timeout": 2**31 - 1}


def read(url: str, *, variable: str) -> dict[str, Any]:
    """Parse an address into libpq's parameters. `variable` names its source. *Raises*: environment.Unclear."""

    def refusal(why: str) -> environment.Unclear:
        return environment.Unclear(f"{variable} can't be read: {why}. {FORM}.")

    if not url.startswith(_SCHEMES) and "=" not in url:
        raise refusal("it does not begin with postgresql://")
    try:
        parts: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        # libpq's message quotes the address.
        raise refusal(_why(str(error), is_url=url.startswith(_SCHEMES))) from None
    # An unescaped sign in the password ends it, and libpq takes the rest for the host or the port.
    if not all(_HOST.fullmatch(host) for host in str(parts.get("host") or "").split(",")):
        raise refusal("what stands for its host can't be one")
    for name, most in _NUMBERS.items():
        for given in str(parts.get(name) or "").split(","):
            if given and not _is_number(given, most=most):
                raise refusal(f"what stands for its {name} is no number from 0 to {most}")
    if url.startswith(_SCHEMES) and re.search("[@/:]", str(parts.get("dbname") or "")):
        raise refusal("what stands for the name of its database has a sign that ends a user, a host or a port")
    return parts


def _is_number(given: str, *, most: int) -> bool:
    try:
        numerals.whole(given, most=most)
    except numerals.Unreadable:
        return False
    return True


def _why(said: str, *, is_url: bool) -> str:
    if not is_url:
        return "it neither begins with postgresql:// nor is a line of name=value"
    if "percent" in said:
        return "a % in it is not followed by the two digits of a sign"
    if "query parameter" in said:
        return "behind its ? stands an option that PostgreSQL does not know"
    return "its form is wrong"
