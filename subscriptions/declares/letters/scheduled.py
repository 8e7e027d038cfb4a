"""The messages about scheduled ends: what they tell is read from their request."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from portal.outbox import kinds
from portal.outbox.policies import Text
from settings_app import selectors as settings_selectors
from subscriptions.declares.letters import samples
from subscriptions.models import TerminationRequest
from subscriptions.requests import words
from subscriptions.selectors import naming


def text_of(kind: str, *, cause_id: uuids.UUID, is_for_customer: bool) -> Text:
    """Write subject and text of a message about a request.

    *Raises*: TerminationRequest.DoesNotExist.
    """
    found = TerminationRequest.objects.select_related("organisation").get(uuid=cause_id)
    (identity,) = naming.identities([found.subscription_id]).values()
    scheduled = words.Scheduled(
        identity=identity,
        organisation=found.organisation.name,
        ends_on=found.ends_on,
        requested_by=found.requested_by,
        requested_on=found.requested_on,
        why=found.refusal_sentence if kind == words.NEEDS_PERSON else found.withdrawal_reason,
    )
    return words.text(
        kind,
        scheduled=scheduled,
        is_for_customer=is_for_customer,
        provider_name=settings_selectors.provider_name(),
    )


def _sample_of(kind: str, why: str) -> Callable[..., Text]:
    def sample(*, is_for_customer: bool, **_: Any) -> Text:
        scheduled = words.Scheduled(
            identity=samples.IDENTITY,
            organisation=samples.ORGANISATION,
            ends_on=date(2026, 3, 31),
            requested_by="Ms Tan",
            requested_on=date(2026, 3, 6),
            why=why,
        )
        return words.text(
            kind,
            scheduled=scheduled,
            is_for_customer=is_for_customer,
            provider_name=settings_selectors.provider_name(),
        )

    return sample


KINDS = tuple(
    kinds.Kind(
        code,
        label,
        partial(text_of, code),
        when=when,
        sample_of=_sample_of(code, why),
        is_for_staff=code == words.NEEDS_PERSON,
    )
    for code, label, when, why in (
        (words.ASKED, "End scheduled", "When an end is scheduled for a later day.", ""),
        (words.WITHDRAWN, "Scheduled end withdrawn", "When a scheduled end is withdrawn.", "They stay after all."),
        (
            words.NEEDS_PERSON,
            "Scheduled end needs a person",
            "When a scheduled end was not carried out by itself; to the provider alone.",
            "Credit note CN-0000012 may be the refund.",
        ),
    )
)
