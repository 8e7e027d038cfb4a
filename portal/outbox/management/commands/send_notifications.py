"""Send what is due; `keep_sending` does the same in the background of the web server."""

from __future__ import annotations

import json
import logging
import signal
import threading
from dataclasses import asdict
from types import FrameType
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from portal.lib import numerals, text
from portal.outbox import operations, selectors

logger = logging.getLogger(__name__)

PAUSE = 3
# A mail server or database that is down is not asked every few seconds.
PAUSE_AFTER_TROUBLE = 30
# A clean-up writes many messages at once. Batches leave room for the agents' requests in between.
BATCH = 50
NO_MAIL_SERVER = "No mail server is set up (EMAIL_HOST): nothing was sent"


class Command(BaseCommand):
    help = "Send the notifications that are due, each at least once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--max", metavar="N", dest="limit", help="stop after N messages")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        limit = _limit(options["limit"])
        stop = threading.Event()
        self._finish_on_a_signal(stop)
        counts = operations.Counts()
        if operations.MailServer.is_configured():
            counts = operations.send_due(
                server=operations.MailServer(), clock=timezone.now, limit=limit, should_stop=stop.is_set
            )
        waiting = selectors.waiting()
        if options["json"]:
            document = {**asdict(counts), "waiting": waiting, "trouble": counts.trouble or None}
            self.stdout.write(json.dumps(document))
        else:
            self.stdout.write(f"sent          {counts.sent:,}")
            self.stdout.write(f"put off       {counts.put_off:,}")
            self.stdout.write(f"dead letters  {counts.dead:,}")
            self.stdout.write(f"waiting       {waiting}")
        if not operations.MailServer.is_configured():
            # Django would colour it red, and it is no error.
            self.stderr.write(f"{NO_MAIL_SERVER}, {_waiting(waiting)}.", style_func=str)
        elif counts.trouble:
            raise CommandError(f"{counts.trouble} {_waiting(waiting).capitalize()}.")

    @staticmethod
    def _finish_on_a_signal(stop: threading.Event) -> None:
        """Stop after the current message. Interrupting it would send it twice."""
        if threading.current_thread() is not threading.main_thread():
            return

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()
            # A second signal ends the process at once.
            signal.signal(number, signal.SIG_DFL)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)


def keep_sending(stop: threading.Event) -> None:
    """Send due messages every few seconds until `stop` is set. Trouble is logged once, when it begins."""
    is_in_trouble = False
    while not stop.is_set():
        trouble, is_full = "", False
        try:
            counts = operations.send_due(
                server=operations.MailServer(), clock=timezone.now, limit=BATCH, should_stop=stop.is_set
            )
            trouble = counts.trouble
            is_full = counts.sent + counts.dead + counts.put_off >= BATCH
        except (OperationalError, InterfaceError) as error:
            trouble = f"The database can't be used: {text.first_line(error)}."
        finally:
            connection.close()
        if trouble and not is_in_trouble:
            logger.warning("Notifications wait. %s", trouble)
        is_in_trouble = bool(trouble)
        stop.wait(PAUSE_AFTER_TROUBLE if trouble else 1 if is_full else PAUSE)


def _limit(given: str | None) -> int | None:
    if given is None:
        return None
    try:
        return numerals.whole(given)
    except numerals.Unreadable as unreadable:
        _refuse(f"--max: {unreadable}")


def _refuse(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=2)


def _waiting(count: int) -> str:
    return "1 message waits" if count == 1 else f"{count:,} messages wait"
