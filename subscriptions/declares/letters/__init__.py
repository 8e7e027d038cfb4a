"""Declare the messages about terminations and refused renewals, and read what they tell of their cause."""

from __future__ import annotations

import uuid as uuids
from itertools import groupby

from portal.lib import days
from portal.outbox import kinds
from portal.outbox.policies import Text
from settings_app import selectors as settings_selectors
from subscriptions.declares.letters import reminders, samples, scheduled
from subscriptions.life import writer
from subscriptions.life.words import letters as life_letters
from subscriptions.life.words import refused
from subscriptions.models import PhoneNumber, RenewalRefusal, Termination
from subscriptions.selectors import naming
from subscriptions.termination.selectors import settled
from subscriptions.termination.words import letters
from subscriptions.termination.words import scheduled as scheduled_words


def text_of(*, cause_id: uuids.UUID, is_for_customer: bool) -> Text:
    """Write subject and text of the message that a termination caused.

    *Raises*: Termination.DoesNotExist.
    """
    found = Termination.objects.select_related(
        "organisation", "credit_note", "reason", "request", "subscription__plan__product"
    ).get(uuid=cause_id)
    (identity,) = naming.identities([found.subscription_id]).values()
    ended = letters.Ended(
        identity=identity,
        organisation=found.organisation.name,
        is_postpaid=found.organisation.payment_mode == "postpaid",
        terminated_on=found.terminated_on,
        expired_on=found.subscription.expires_on if found.case == Termination.Case.EXPIRED else None,
        document=found.quote,
        currency=found.currency,
        done=settled.done_of(found),
        note_total=found.credit_note.total if found.credit_note else None,
        why_nothing=found.nothing_reason,
        reserved=_reserved(found.subscription_id),
        done_by=found.actor,
        requested_by=found.requested_by,
        requested_on=found.requested_on,
        channel=found.get_channel_display(),
        reason=found.reason.label if found.reason else "",
        estimated=scheduled_words.estimate(found.request.quote) if found.request else "",
    )
    return letters.text(ended, is_for_customer=is_for_customer, provider_name=settings_selectors.provider_name())


def _reserved(subscription_id: int) -> tuple[letters.Reserved, ...]:
    rows = (
        PhoneNumber.objects.filter(subscription=subscription_id, status=PhoneNumber.Status.RESERVED)
        .order_by("reserved_through", "number")
        .values_list("reserved_through", "number")
    )
    return tuple(
        letters.Reserved(through=through, numbers=tuple(number for _, number in group))
        for through, group in groupby(rows, key=lambda row: row[0])
    )


def text_of_refusals(*, cause_id: uuids.UUID, is_for_customer: bool) -> Text:
    """Write subject and text of the day's message about an organisation's refused renewals.

    *Raises*: RenewalRefusal.DoesNotExist.
    """
    found = list(
        RenewalRefusal.objects.filter(notice_id=cause_id)
        .select_related("subscription__organisation")
        .order_by("pk")
    )
    if not found:
        raise RenewalRefusal.DoesNotExist
    identities = naming.identities([refusal.subscription_id for refusal in found])
    return life_letters.text(
        [
            life_letters.Refused(
                identity=identities[refusal.subscription_id],
                usable_through=days.add_days(refusal.first_day, -1),
                why=refused.told(refusal.code, data=refusal.data),
            )
            for refusal in found
        ],
        organisation=found[0].subscription.organisation.name,
        tried_on=found[0].tried_on,
        is_for_customer=is_for_customer,
        provider_name=settings_selectors.provider_name(),
    )


kinds.declare(
    kinds.Kind(
        writer.REFUSED,
        "Renewals refused",
        text_of_refusals,
        when="Once a day for an organisation of which a renewal was refused.",
        sample_of=samples.renewals_refused,
    )
)
kinds.declare(
    kinds.Kind(
        "subscription_terminated",
        "Subscription terminated",
        text_of,
        when="With each termination, by whomever and however it was made.",
        sample_of=samples.terminated,
    )
)
for kind in (*reminders.KINDS, *scheduled.KINDS):
    kinds.declare(kind)
