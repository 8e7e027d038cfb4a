"""Let several calls happen at the same time, each on a connection of its own."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection

from portal.frame import Actor
from subscriptions.models import Subscription
from subscriptions.termination import operations
from subscriptions.termination.quote import quotes
from tests.support.terminations import preview, request, seen_of

CONNECT_TRIES = 20


def at_once(*calls: Callable[[], object]) -> list[Any]:
    """Run all calls together; give each one's answer, or the exception it raised."""
    barrier = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], object]) -> None:
        try:
            _connect()
            barrier.wait(timeout=30)
            answers[index] = call()
        except Exception as error:  # noqa: BLE001 - the answer of a race may be a refusal
            answers[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i, call)) for i, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def _connect() -> None:
    """Open the connection before the race, and again where a busy machine takes longer than the settings allow."""
    for _ in range(CONNECT_TRIES - 1):
        try:
            connection.ensure_connection()
        except OperationalError:
            connection.close()
        else:
            return
    connection.ensure_connection()


def apply_by(
    made: Subscription,
    by: Actor,
    *,
    at: dt.datetime,
    choice: quotes.Choice | None = None,
    seen: operations.Seen | None = None,
) -> Callable[[], operations.Outcome]:
    seen = seen or seen_of(preview(made, at=at))
    return lambda: operations.terminate(
        subscription_uuid=made.uuid,
        request=request(),
        choice=choice or quotes.Automatic(),
        acknowledged=(),
        seen=seen,
        by=by,
        at=at,
    )
