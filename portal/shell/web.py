"""What gunicorn is told beside its options: each web process also sends notifications, in a thread of its own, and
looks for garbage less often.

Several senders at once are no harm: each message has one sender at a time. A process that dies takes its thread
along and is replaced by gunicorn together with it; nothing is left running when the server ends.
"""

from __future__ import annotations

import gc
import threading
from typing import Any

# How long the end of a web process waits for the message at hand; then it is sent again, with the same Message-ID.
LAST_MESSAGE = 5
PAUSE_AFTER_A_FAULT = 30
# A page makes some ten thousand objects and drops nearly all at once; Python would look for garbage at every 700.
OBJECTS_BETWEEN_COLLECTIONS = 10_000

# Connections of one process; all of them, its files and its database stay below the usual limit of 1,024 handles.
worker_connections = 400

_stop = threading.Event()
_threads: list[threading.Thread] = []


def post_worker_init(worker: Any) -> None:
    """Begin to send, where there is a mail server. Called by gunicorn in each new web process."""
    # What is there now, Django and all of the portal, stays: no collection has to go through it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
    # Django is there only now.
    from portal.outbox import operations

    if operations.MailServer.is_configured():
        thread = threading.Thread(target=_send, name="notifications", daemon=True)
        thread.start()
        _threads.append(thread)


def worker_exit(server: Any, worker: Any) -> None:
    """Finish the message at hand. Called by gunicorn when a web process ends."""
    _stop.set()
    for thread in _threads:
        thread.join(LAST_MESSAGE)


def _send() -> None:
    """Send until told to stop. A fault nobody thought of is printed by its thread and ends only that one."""
    from portal.outbox.management.commands import deliver

    while not _stop.is_set():
        thread = threading.Thread(
            target=deliver.keep_delivering, args=[_stop], name="notifications-now", daemon=True
        )
        thread.start()
        thread.join()
        _stop.wait(PAUSE_AFTER_A_FAULT)
