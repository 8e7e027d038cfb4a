"""Clean-ups in a process of their own, on a day far ahead by which everybody has left.

    python -m bench.night command AT [OPTIONS ...]    `terminate_expired` as it is
    python -m bench.night loop AT SAMPLE              what it would be without: one operation after the other
    python -m bench.night renew AT [--dry-run]        `renew_due` as it is

The clock is another one than that of a real night: it stands at AT, and whoever starts this lets the server's clock
say the same (`World.on`). Prints one line of JSON.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

DAYS_AHEAD = 500
"""No subscription of the population lasts as long."""


def instant() -> datetime:
    """Give the instant of the clean-up. Whoever compares runs takes it once: no midnight falls between them."""
    return datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) + timedelta(days=DAYS_AHEAD)


def command(*options: str, at: datetime) -> dict[str, Any]:
    """Run the command; give its answer, its seconds, and the most memory this process ever had."""
    from django.core.management import call_command
    from django.utils import timezone

    said = io.StringIO()
    with mock.patch.object(timezone, "now", return_value=at):
        started = time.perf_counter()
        call_command("terminate_expired", "--json", *options, stdout=said)
        seconds = time.perf_counter() - started
    return {**json.loads(said.getvalue()), "seconds": seconds, "peak_mb": _peak_mb()}


def loop(sample: str, *, at: datetime) -> dict[str, Any]:
    """Terminate some subscriptions by the operation that pages use. *Units*: `seconds` without the previews."""
    from portal.frame import SYSTEM
    from portal.lib import days
    from settings_app import selectors as settings_selectors
    from subscriptions.models import Subscription
    from subscriptions.selectors import reading
    from subscriptions.termination import operations, requested
    from subscriptions.termination.quote import quotes

    chosen = list(
        Subscription.objects.exclude(status="terminated")
        .order_by("?")
        .values_list("uuid", "organisation__timezone")[: int(sample)]
    )
    config = settings_selectors.current_config()
    seconds = 0.0
    for number, (uuid, zone) in enumerate(chosen):
        quote = operations.quote_termination(reading.find(uuid), on=days.today_in(zone, at=at), config=config)
        started = time.perf_counter()
        operations.terminate(
            subscription_uuid=uuid,
            request=requested.ExpiredRequest(explanation="Expired long ago."),
            choice=quotes.Automatic(),
            acknowledged=(),
            seen=operations.Seen(quote_id=_id(number), document=quotes.document(quote)),
            by=SYSTEM,
            at=at,
        )
        seconds += time.perf_counter() - started
    return {"terminated": len(chosen), "seconds": seconds}


def renew(*options: str, at: datetime) -> dict[str, Any]:
    """Renew what is due; give what was done, its seconds, and the most memory this process ever had."""
    from portal.frame import SYSTEM
    from subscriptions.life import operations

    started = time.perf_counter()
    counts = operations.renew_due(as_of=None, by=SYSTEM, at=at, is_dry_run="--dry-run" in options)
    seconds = time.perf_counter() - started
    done = {"renewed": counts.renewed, "documents": counts.documents, "refused": counts.refused}
    return {**done, "seconds": seconds, "peak_mb": _peak_mb()}


def _id(number: int) -> Any:
    import uuid

    return uuid.UUID(int=number + 1)


def _peak_mb() -> float:
    """Read this process's high-water mark. *Units*: what `getrusage` says would include what forked it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("the kernel does not say how much memory was used")


if __name__ == "__main__":
    import django

    django.setup()
    what, at, *rest = sys.argv[1:]
    works: dict[str, Callable[..., dict[str, Any]]] = {"command": command, "loop": loop, "renew": renew}
    work = works[what]
    print(json.dumps(work(*rest, at=datetime.fromisoformat(at))))
