"""Send what is due, and put a dead letter back."""

from portal.outbox.operations.again import AlreadyOnItsWay, PutBack, send_again
from portal.outbox.operations.mail import MailServer, Unreachable
from portal.outbox.operations.sending import Counts, send_due

__all__ = [
    "AlreadyOnItsWay",
    "Counts",
    "MailServer",
    "PutBack",
    "Unreachable",
    "send_again",
    "send_due",
]
