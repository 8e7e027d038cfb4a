"""The messages that tell ahead: what they tell is read from their notice."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable
from datetime import date
from typing import Any

from customers.models import Organisation
from portal.outbox import kinds
from portal.outbox.models import Notice
from portal.outbox.policies import Text
from settings_app import selectors as settings_selectors
from subscriptions.declares.letters import samples
from subscriptions.models import Subscription
from subscriptions.reminders import selectors, words
from subscriptions.selectors import naming


def text_of(*, cause_id: uuids.UUID, is_for_customer: bool) -> Text:
    """Write subject and text of the message of a notice.

    *Raises*: Notice.DoesNotExist.
    """
    notice = Notice.objects.get(uuid=cause_id)
    items = list(notice.items.order_by("on", "pk")[: words.MOST_LISTED])
    keys = dict(
        Subscription.objects.filter(uuid__in={item.subject_uuid for item in items}).values_list("uuid", "pk")
    )
    identities = naming.identities(list(keys.values()))
    return words.text(
        notice.kind,
        items=[words.Item(identities[keys[item.subject_uuid]], number=item.about, on=item.on) for item in items],
        count=notice.items.count(),
        organisation=Organisation.objects.values_list("name", flat=True).get(uuid=notice.organisation_uuid),
        is_for_customer=is_for_customer,
        provider_name=settings_selectors.provider_name(),
    )


def _sample_of(kind: str, numbers: tuple[str, ...]) -> Callable[..., Text]:
    def sample(*, is_for_customer: bool, **_: Any) -> Text:
        return words.text(
            kind,
            items=[words.Item(samples.IDENTITY, number=number, on=date(2026, 3, 15)) for number in numbers],
            count=len(numbers),
            organisation=samples.ORGANISATION,
            is_for_customer=is_for_customer,
            provider_name=settings_selectors.provider_name(),
        )

    return sample


KINDS = (
    kinds.Kind(
        selectors.RENEWAL,
        "Renewal ahead",
        text_of,
        when="7 days before the renewal date, where renewals are made here. An organisation gets one a day.",
        sample_of=_sample_of(selectors.RENEWAL, ("",)),
    ),
    kinds.Kind(
        selectors.EXPIRY,
        "Expiring without renewal",
        text_of,
        when="3 days before the expiry date, where auto-renewal is off or no renewal is possible. An organisation "
        "gets one a day.",
        sample_of=_sample_of(selectors.EXPIRY, ("",)),
    ),
    kinds.Kind(
        selectors.RESERVATION,
        "Reservation of a number ending",
        text_of,
        when="7 days before the last day of a number's reservation. An organisation gets one a day.",
        sample_of=_sample_of(selectors.RESERVATION, samples.NUMBERS),
    ),
)
