"""Read the scheduled ends that are due."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date, datetime

from portal.lib import days
from subscriptions.models import TerminationRequest

KIND = "scheduled_ends"
PART = "carry_out"
# The items of a run are about subscriptions.
SUBSCRIPTION = "subscription"
# The time zone whose day begins first: tomorrow is never later elsewhere.
FIRST_ZONE = "Pacific/Kiritimati"


@dataclass(frozen=True)
class Due:
    """A scheduled end whose day is over. *Shape*: `why_not` says why nobody can tell, else it is empty."""

    uuid: uuids.UUID
    subscription_uuid: uuids.UUID
    organisation_uuid: uuids.UUID
    ends_on: date
    why_not: str = ""


def due(*, at: datetime) -> tuple[Due, ...]:
    """List the open requests whose day has ended where the organisation is, the earliest first.

    Those that wait for a person are left out. One query.
    """
    rows = (
        TerminationRequest.objects.filter(
            state=TerminationRequest.State.OPEN,
            needs_person_since__isnull=True,
            ends_on__lt=days.today_in(FIRST_ZONE, at=at),
        )
        .order_by("ends_on", "pk")
        .values_list("uuid", "subscription__uuid", "organisation__uuid", "ends_on", "organisation__timezone")
    )
    found = []
    for uuid, subscription, organisation, ends_on, zone in rows:
        try:
            is_over = ends_on < days.today_in(zone, at=at)
        except days.UnknownTimezone as unknown:
            found.append(Due(uuid, subscription, organisation, ends_on, why_not=str(unknown)))
        else:
            if is_over:
                found.append(Due(uuid, subscription, organisation, ends_on))
    return tuple(found)
