"""Declare to the Invoice app what charge lines are about: the subscription whose cycle they charged for."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from invoicing import subjects
from subscriptions.selectors import naming


@subjects.declare
def subscriptions_of(line_ids: Collection[int]) -> dict[int, subjects.Subject]:
    """Name the subscriptions of charge lines by their identity lines. One query."""
    return {
        line_id: subjects.Subject(
            text=identity.line, url=reverse("subscriptions:detail", kwargs={"uuid": identity.uuid})
        )
        for line_id, identity in naming.identities_of_charges(line_ids).items()
    }
