"""Send what is due, at least once: take a message, commit, send it, note what came of it.

Whoever is killed in between leaves a message that is pending and due again when its lease is over; it is then
sent under the same Message-ID. So a message may arrive twice and is never lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from portal import frame
from portal.outbox import policies, selectors
from portal.outbox.models import Delivery
from portal.outbox.operations.mail import MailServer, Unreachable

# One connection that fails is bad luck; then the mail server is left alone until the next run.
UNREACHABLE_IN_A_ROW = 3


@dataclass(frozen=True)
class Counts:
    """Hold what one run did. *Shape*: `trouble` is the sentence that ended it early, else empty."""

    sent: int = 0
    put_off: int = 0
    dead: int = 0
    trouble: str = ""


def send_due(
    *,
    server: MailServer,
    clock: Callable[[], datetime],
    limit: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Counts:
    """Send the messages that are due, the longest due first, at most `limit`.

    Any number of senders may run at once: each message has one at a time. The mail server is never spoken to
    inside a transaction.
    """
    counts, taken, unreachable = Counts(), 0, 0
    try:
        while (limit is None or taken < limit) and not should_stop():
            delivery = _take(at=clock())
            if delivery is None:
                break
            taken += 1
            if delivery.status == Delivery.Status.DEAD:
                counts = replace(counts, dead=counts.dead + 1)
                continue
            try:
                attempt = server.deliver(delivery)
            except Unreachable as error:
                _give_back(delivery, error=error, at=clock())
                counts = replace(counts, put_off=counts.put_off + 1)
                unreachable += 1
                if unreachable >= UNREACHABLE_IN_A_ROW:
                    return replace(counts, trouble=str(error))
                continue
            unreachable = 0
            status = _note(delivery, attempt=attempt, at=clock())
            counts = replace(
                counts,
                sent=counts.sent + (status == Delivery.Status.SENT),
                dead=counts.dead + (status == Delivery.Status.DEAD),
                put_off=counts.put_off + (status == Delivery.Status.PENDING),
            )
    finally:
        server.close()
    return counts


def _take(*, at: datetime) -> Delivery | None:
    """Keep the longest due message for this sender, for as long as the lease; None when nothing is due.

    A message that used up its attempts without an answer (its senders were killed) comes back as a dead letter.
    """
    with frame.operation("send_notifications"):
        delivery = (
            Delivery.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .filter(status=Delivery.Status.PENDING, next_attempt_at__lte=at)
            .order_by("next_attempt_at", "pk")
            .first()
        )
        if delivery is None:
            return None
        if delivery.attempts >= policies.MOST_ATTEMPTS:
            delivery.status = Delivery.Status.DEAD
            delivery.last_error = delivery.last_error or "Its sending was broken off each time."
        else:
            delivery.attempts += 1
            delivery.next_attempt_at = at + policies.LEASE
            _compose(delivery)
        delivery.save(update_fields=["status", "attempts", "next_attempt_at", "last_error", "subject", "body"])
    return delivery


def _compose(delivery: Delivery) -> None:
    """Write the text, once: every further attempt sends the same."""
    if delivery.body:
        return
    text = selectors.text_now(delivery)
    delivery.subject, delivery.body = text.subject, text.body


def _note(taken: Delivery, *, attempt: policies.Attempt, at: datetime) -> str:
    """Write down what came of an attempt, and give the status the message has now."""
    with frame.operation("send_notifications"):
        delivery = Delivery.objects.select_for_update(no_key=True, of=("self",)).get(pk=taken.pk)
        # Whatever happened meanwhile: who has it has it.
        delivery.delivered_to = list(dict.fromkeys([*delivery.delivered_to, *attempt.delivered_to]))
        is_still_ours = (delivery.status, delivery.next_attempt_at) == (
            Delivery.Status.PENDING,
            taken.next_attempt_at,
        )
        if not policies.recipients(to=delivery.to, cc=delivery.cc, delivered_to=delivery.delivered_to):
            if delivery.status != Delivery.Status.SENT:
                delivery.status, delivery.sent_at, delivery.last_error = Delivery.Status.SENT, at, ""
        elif is_still_ours:
            delivery.last_error = attempt.error
            if attempt.is_final or delivery.attempts >= policies.MOST_ATTEMPTS:
                delivery.status = Delivery.Status.DEAD
            else:
                delivery.next_attempt_at = at + policies.pause_after(
                    attempts=delivery.attempts, message_id=delivery.message_id
                )
        delivery.save(update_fields=["status", "delivered_to", "sent_at", "last_error", "next_attempt_at"])
    return delivery.status


def _give_back(taken: Delivery, *, error: Unreachable, at: datetime) -> None:
    """Let a message wait as it was: no mail server has seen it."""
    with frame.operation("send_notifications"):
        Delivery.objects.filter(
            pk=taken.pk, status=Delivery.Status.PENDING, next_attempt_at=taken.next_attempt_at
        ).update(
            attempts=taken.attempts - 1,
            next_attempt_at=at + policies.PAUSE_WHEN_UNREACHABLE,
            last_error=str(error),
        )
