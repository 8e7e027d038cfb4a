"""Write the e-mail of a message and hand it to the mail server, through Django's SMTP backend."""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Sequence
from email.utils import format_datetime, parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from portal.lib import addresses
from portal.outbox import policies
from portal.outbox.models import Delivery
from portal.outbox.policies import Attempt, Refusal

# What stands right of the @ of every Message-ID: it must be the same for every attempt, whatever is configured.
ID_DOMAIN = "notifications.portal"
NO_ADDRESS_CODE = 553  # "mailbox name not allowed", RFC 5321


class Unreachable(Exception):
    """Say that the mail server can't be used at all, which is not the fault of a message."""

    def __init__(self, reason: str) -> None:
        self.reason = policies.one_line(reason)[: policies.LONGEST_ERROR]
        super().__init__(f"The mail server can't be used: {self.reason}.")


class MailServer:
    """Hold one connection to the mail server of the settings; it is opened when needed, also anew."""

    def __init__(self) -> None:
        self._backend = EmailBackend(fail_silently=False)

    @staticmethod
    def is_configured() -> bool:
        """Say whether the settings name a mail server."""
        return bool(settings.EMAIL_HOST)

    def deliver(self, delivery: Delivery) -> Attempt:
        """Hand one message over to those who do not have it yet. *Raises*: Unreachable."""
        waiting = policies.recipients(to=delivery.to, cc=delivery.cc, delivered_to=delivery.delivered_to)
        wrong = tuple(
            Refusal(address=address, code=NO_ADDRESS_CODE, words="This is no e-mail address.")
            for address in waiting
            if not addresses.is_address(address)
        )
        usable = [address for address in waiting if addresses.is_address(address)]
        if not usable:
            return Attempt(refusals=wrong)
        connection = self._connection()
        try:
            answers = connection.sendmail(
                addresses.envelope(settings.DEFAULT_FROM_EMAIL),
                [addresses.envelope(address) for address in usable],
                _bytes(compose(delivery)),
            )
        except smtplib.SMTPRecipientsRefused as error:
            answers = error.recipients
        except smtplib.SMTPResponseException as error:
            failure, is_permanent = _words(error), policies.is_permanent(error.smtp_code)
            if is_permanent and isinstance(error, smtplib.SMTPSenderRefused):
                raise Unreachable(f"it refuses the sender {error.sender}: {failure}") from error
            return Attempt(failure=failure, is_permanent=is_permanent, refusals=wrong)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Attempt(failure=f"The connection broke off: {error}", refusals=wrong)
        refused = _by_address(usable, answers=answers)
        return Attempt(
            delivered_to=tuple(address for address in usable if addresses.envelope(address) not in answers),
            refusals=(*wrong, *refused),
        )

    def close(self) -> None:
        """Take leave of the mail server, where there is a connection."""
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self._backend.close()

    def _connection(self) -> smtplib.SMTP:
        sender = settings.DEFAULT_FROM_EMAIL
        if not _is_sender(sender):
            raise Unreachable(f"DEFAULT_FROM_EMAIL is {sender!r}, which is no e-mail address")
        connection: smtplib.SMTP | None = self._backend.connection
        if connection is not None and connection.sock is None:
            self._drop()
        try:
            self._backend.open()
            connection = self._backend.connection
            if connection is None:
                raise Unreachable("it gives no connection")
            connection.ehlo_or_helo_if_needed()
        except smtplib.SMTPResponseException as error:
            self._drop()
            raise Unreachable(_words(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise Unreachable(str(error) or type(error).__name__) from error
        return connection

    def _drop(self) -> None:
        """Forget a connection that broke, without a word to the other side."""
        connection = self._backend.connection
        self._backend.connection = None
        if connection is not None:
            connection.close()


def compose(delivery: Delivery) -> EmailMessage:
    """Write the e-mail. It is the same at every attempt, so that a repeat can be told by its Message-ID."""
    return EmailMessage(
        subject=policies.one_line(delivery.subject),
        body=delivery.body.replace("\r\n", "\n").replace("\r", "\n"),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.to] if addresses.is_address(delivery.to) else [],
        cc=[delivery.cc] if addresses.is_address(delivery.cc) else [],
        headers={
            "Message-ID": f"<{delivery.message_id}@{ID_DOMAIN}>",
            "Date": format_datetime(delivery.created_at),
            # Nobody's absence notice shall answer it (RFC 3834).
            "Auto-Submitted": "auto-generated",
        },
    )


def _by_address(ours: Sequence[str], *, answers: dict[str, tuple[int, bytes]]) -> tuple[Refusal, ...]:
    """Name the addresses as we know them, not as the envelope wrote them."""
    written = {address: addresses.envelope(address) for address in ours}
    return policies.refusals({address: answers[told] for address, told in written.items() if told in answers})


def _bytes(mail: EmailMessage) -> bytes:
    written: bytes = mail.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # the stubs are of Django 6
    return written


def _is_sender(sender: str) -> bool:
    """Say whether a sender can be written: an address, or a name and an address."""
    try:
        _, address = parseaddr(addresses.envelope(sender))
        return sender == policies.one_line(sender) and addresses.is_address(address)
    except ValueError:
        return False


def _words(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
