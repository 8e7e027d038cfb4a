"""The statements that terminations send, written down and sent again by psycopg without the portal.

    python -m bench.statements USERNAME < UUIDS > STATEMENTS

walks the way of each subscription in this process and pickles what went to the database. `replay` sends it to
another copy of that database: what is left of the portal is the database's work.
"""

from __future__ import annotations

import contextlib
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from bench import walk


@dataclass(frozen=True)
class Statement:
    """One statement as Django gave it to psycopg."""

    sql: str
    parameters: Any
    is_in_transaction: bool


@dataclass(frozen=True)
class Flow:
    """What one termination sent: on its way and by Apply; and the ids that were drawn by it."""

    before: list[Statement]
    apply: list[Statement]
    termination: int
    entry: int | None


# ---- Writing down ------------------------------------------------------------------------------------------------


class _InProcess:
    """A browser without a server."""

    def __init__(self, username: str) -> None:
        from django.contrib.auth import get_user_model
        from django.test import Client

        self._client = Client(HTTP_HOST="localhost")
        self._client.force_login(get_user_model().objects.get(username=username))

    def get(self, address: str, /, *, headers: Mapping[str, str]) -> Any:
        return self._good(self._client.get(address, headers=headers))

    def post(self, address: str, data: Mapping[str, object], /, *, headers: Mapping[str, str]) -> Any:
        return self._good(self._client.post(address, data, headers=headers))

    def _good(self, answer: Any) -> Any:
        if answer.status_code != 200:
            raise RuntimeError(
                f"{answer.request['PATH_INFO']} answered {answer.status_code}: {answer.content[:400]}"
            )
        return answer


def write_down(browser: walk.Browser, subscription: str) -> Flow:
    """Terminate a subscription, and give what was sent."""
    from subscriptions.models import Termination

    with _listening() as before:
        choice = walk.to_choice(browser, subscription)["choice"]
    with _listening() as apply:
        walk.apply(browser, choice)
    row = Termination.objects.get(subscription__uuid=subscription)
    return Flow(before=before, apply=apply, termination=row.pk, entry=row.entry_id)


@contextlib.contextmanager
def _listening() -> Iterator[list[Statement]]:
    from django.db import connection

    found: list[Statement] = []

    def note(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        found.append(Statement(sql, parameters, connection.in_atomic_block))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        yield found


# ---- Sending again -----------------------------------------------------------------------------------------------


def replay(connection: psycopg.Connection[Any], flow: Flow, statements: list[Statement]) -> None:
    """Send statements in the transactions they were in, on a connection that commits by itself."""
    drawn: dict[str, int] = {}
    with contextlib.ExitStack() as stack, connection.cursor() as cursor:
        is_in_transaction = False
        for statement in statements:
            if statement.is_in_transaction != is_in_transaction:
                is_in_transaction = statement.is_in_transaction
                if is_in_transaction:
                    stack.enter_context(connection.transaction())
                else:
                    stack.pop_all().close()
            cursor.execute(statement.sql, _anew(statement, flow, drawn))
            rows = cursor.fetchall() if cursor.description else []
            for table in ("subscriptions_termination", "customers_ledgerentry"):
                if statement.sql.lstrip().replace('"', "").startswith(f"INSERT INTO {table}"):
                    drawn[table] = rows[0][0]


def _anew(statement: Statement, flow: Flow, drawn: Mapping[str, int]) -> Any:
    """Put the ids that this database drew for those that the other one did."""
    given = statement.parameters
    if isinstance(given, dict):
        given = dict(given)
        if "ids" in given:
            given["ids"] = [drawn["subscriptions_termination"]]
        # The entry itself is written by rows as well, before the termination that names it.
        if (named := f'"entry_id": {flow.entry},') in given.get("rows", ""):
            given["rows"] = given["rows"].replace(named, f'"entry_id": {drawn["customers_ledgerentry"]},')
    elif given == (flow.termination,) and "subscriptions_termination" in statement.sql:
        given = (drawn["subscriptions_termination"],)
    return given


def main() -> None:
    """Read UUIDs, write flows."""
    import django
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["localhost"]
    # Nobody looks at these pages: their files need not be there.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    django.setup()
    agent = _InProcess(sys.argv[1])
    flows = [write_down(agent, uuid) for uuid in sys.stdin.read().split()]
    sys.stdout.buffer.write(pickle.dumps(flows))


if __name__ == "__main__":
    # Under its own name, which pickle writes down.
    from bench import statements

    statements.main()
