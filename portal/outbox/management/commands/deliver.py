"""Deliver what is due, again and again until somebody ends it; the web server does the same in the background."""

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
    help = "Deliver what is due, each at least once, and go on until a signal ends it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="deliver what is due now, and end")
        self._add_options(parser)

    def _add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--max", metavar="N", dest="limit", help="with --once: stop after N messages")
        parser.add_argument("--json", action="store_true", help="with --once: one JSON document")

    def handle(self, *args: Any, once: bool = True, **options: Any) -> None:
        limit = _limit(options["limit"])
        stop = threading.Event()
        self._finish_on_a_signal(stop)
        if once:
            self._deliver_once(limit, is_json=options["json"], stop=stop)
            return
        if limit is not None or options["json"]:
            _refuse("--max and --json go with --once: without it there is no end to count at.")
        if not operations.MailServer.is_configured():
            raise CommandError(f"{NO_MAIL_SERVER}. Set EMAIL_HOST, then start it again.")
        keep_delivering(stop)

    def _deliver_once(self, limit: int | None, *, is_json: bool, stop: threading.Event) -> None:
        counts = operations.Counts()
        if operations.MailServer.is_configured():
            counts = operations.send_due(
                server=operations.MailServer(), clock=timezone.now, limit=limit, should_stop=stop.is_set
            )
        waiting = selectors.waiting()
        if is_json:
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


def keep_delivering(stop: threading.Event) -> None:
    """Deliver what is due every few seconds until `stop` is set. Trouble is logged once, when it begins."""
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
