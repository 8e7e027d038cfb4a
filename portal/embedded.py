"""Start, share and stop a private PostgreSQL, with the standard library alone.

Every process that uses the database holds a shared lock on `PORTAL_DATA/lock`. One detached supervisor owns
the server and asks for the same lock exclusively: it gets it when the last user is gone, however that user
ended, and then stops the server. A second lock (`supervisor.lock`) makes sure there is one supervisor.

    python -m portal.embedded exec COMMAND ...    join as the owner, then become COMMAND, which keeps the lock

Two roles use the database. `portal` owns it and migrates it, with a password that is kept in `owner_password`.
`portal_runtime` owns nothing: the portal itself works as that one. Nobody can log in as the superuser.

Nothing here imports Django: settings need the address before Django starts. This is the door to `portal.launcher`.
It is also run by its path: by `./test` and by operators with `-P`, by itself as the supervisor with `-I -S`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # By its path it would find nothing beside it.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from portal.launcher import joining, places, supervising
from portal.launcher.joining import LOCK_VARIABLE
from portal.launcher.places import (
    DATABASE,
    NEW_KEY,
    PORT,
    ROOT,
    RUNTIME_ROLE,
    EmbeddedError,
    Server,
    data_directory,
)

__all__ = [
    "DATABASE",
    "LOCK_VARIABLE",
    "NEW_KEY",
    "PORT",
    "ROOT",
    "RUNTIME_ROLE",
    "URL_VARIABLE",
    "EmbeddedError",
    "data_directory",
    "is_used",
    "join",
    "owner_url",
    "revive",
    "runtime_url",
    "secret_key",
]

URL_VARIABLE = "PORTAL_EMBEDDED_URL"


def is_used() -> bool:
    """Say whether the database is the embedded one: an address in DATABASE_URL comes first."""
    return not os.environ.get("DATABASE_URL")


def join(*, as_owner: bool = False) -> str:
    """Use the database until this process and all that inherit its lock are gone; start it when needed.

    *Shape*: the address of the role that works, or of the one that owns the tables, also as `PORTAL_EMBEDDED_URL`.
    Raises: EmbeddedError.
    """
    given = os.environ.get("DATABASE_URL")
    if given:
        return given
    data = data_directory()
    os.environ["PORTAL_DATA"] = str(data)
    try:
        places.prepare_data(data)
        joining.hold_lock(data)
        joining.wait_until_ready(data)
        url = owner_url(data) if as_owner else runtime_url(data)
    except OSError as error:
        raise EmbeddedError(
            f"The embedded database in {data} can't be used: {error.strerror or error} "
            f"({error.filename or 'no file'}). Set PORTAL_DATA to a directory of your own, "
            "or DATABASE_URL to a PostgreSQL of your own."
        ) from error
    os.environ[URL_VARIABLE] = url
    return url


def runtime_url(data: Path | None = None) -> str:
    """Give the address of the role that owns nothing; who can enter the directory of the sockets is let in."""
    return places.url_of(data or data_directory(), RUNTIME_ROLE)


def owner_url(data: Path | None = None) -> str:
    """Give the address of the role that owns the tables, with its password. *Raises*: OSError."""
    data = data or data_directory()
    return places.url_of(data, f"{places.ROLE}:{places.password_file(data).read_text().strip()}")


def revive() -> None:
    """Have the server started again for a process that uses it, where nobody watches over it any more.

    Whoever watched was killed, or gave up at a disk that was full. Does not wait; what goes wrong is in
    `postgres.log`, and the next one to ask tries again.
    """
    if not is_used() or not os.environ.get(URL_VARIABLE):
        return
    data = data_directory()
    try:
        if joining.no_supervisor(data):
            os.close(joining.spawn(data))
    except (OSError, EmbeddedError) as error:
        places.say(f"The embedded database can't be started again: {error}")


def secret_key() -> str:
    """Return the key kept in PORTAL_DATA, made at the first call; of two first calls at once, one wins.

    Raises: EmbeddedError for one that can't be read or made.
    """
    data = data_directory()
    try:
        places.prepare_data(data)
        return places.read_secret(data / "secret_key")
    except OSError as error:
        raise EmbeddedError(
            f"No key can be made in {data}: {error.strerror or error}. Set SECRET_KEY, or PORTAL_DATA to a "
            "directory of your own."
        ) from error


def main(arguments: list[str]) -> int:
    match arguments:
        case ["supervise", words, tell]:
            return supervising.supervise(Server(**json.loads(words)), tell=int(tell))
        case ["exec", command, *rest]:
            try:
                join(as_owner=True)
            except EmbeddedError as error:
                places.say(str(error))
                return 1
            try:
                os.execvp(command, [command, *rest])
            except OSError as error:
                places.say(f"{command} can't be run: {error.strerror}.")
                return 127
        case _:
            places.say("Usage: python -m portal.embedded exec COMMAND ...")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
