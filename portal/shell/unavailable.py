"""Tell a database that does not answer from everything else that can go wrong, and say it plainly.

Logging is set up before Django knows its apps: nothing here may import one.
"""

import logging

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg import errors

logger = logging.getLogger(__name__)

# It took too long: a statement, a lock, two that wait for each other.
BUSY = (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)
# Django calls these internal errors: a transaction that was left open, a server that only reads (it is being
# replaced by another one).
AWAY = (errors.IdleInTransactionSessionTimeout, errors.ReadOnlySqlTransaction)


class OneLine(logging.Filter):
    """Keep to one line what is nobody's mistake in the code: a lost database, a request that was refused."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:
            refused = getattr(record, "status_code", 500) < 500
            if refused or is_away(record.exc_info[1]):
                record.exc_info = None
        return True


def page(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Give the plain page, which needs no database; the next request tries again."""
    # Repr of the path: it is the sender's, and the line of the log is ours.
    logger.error("503 %s %r: %s", request.method, request.path[:200], str(error).strip().split("\n", 1)[0])
    context = {"is_busy": isinstance(error.__cause__, BUSY), "was_sent": request.method == "POST"}
    response = HttpResponse(render_to_string("503.html", context), status=503)
    response["Retry-After"] = "5"
    return response


def is_away(error: BaseException) -> bool:
    """Say whether an error means that the database does not answer, or not in time."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, InternalError) and isinstance(error.__cause__, AWAY)
    )
