"""Tell a database that does not answer from other errors, and answer with 503.

Django sets up logging before it loads apps, so this module imports none.
"""

import logging

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg import errors

logger = logging.getLogger(__name__)

# Time-outs of statements and locks, and conflicts of transactions.
BUSY = (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)
# Django raises these as InternalError: a transaction that was idle for too long, and a server in recovery (another
# one is taking over).
AWAY = (errors.IdleInTransactionSessionTimeout, errors.ReadOnlySqlTransaction)


class OneLine(logging.Filter):
    """Log in one line what is no bug: a lost database, a refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:
            refused = getattr(record, "status_code", 500) < 500
            if refused or is_away(record.exc_info[1]):
                record.exc_info = None
        return True


def page(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Render the page of a lost database, without a query. The next request tries again."""
    # The sender chose the path: repr keeps it from forging a line of the log.
    logger.error("503 %s %r: %s", request.method, request.path[:200], str(error).strip().split("\n", 1)[0])
    context = {"is_busy": isinstance(error.__cause__, BUSY), "was_sent": request.method == "POST"}
    response = HttpResponse(render_to_string("503.html", context), status=503)
    response["Retry-After"] = "5"
    return response


def is_away(error: BaseException) -> bool:
    """Tell whether an error means that the database does not answer, or not in time."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, InternalError) and isinstance(error.__cause__, AWAY)
    )
