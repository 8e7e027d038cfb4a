"""Know which day it is where a customer is: in every time zone in use, for what works with many at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from customers.models import Organisation
from portal.lib import days

# The time zone whose day ends last: today is never earlier elsewhere.
LAST_ZONE = "Etc/GMT+12"


@dataclass(frozen=True)
class Todays:
    """The dates of today in the time zones in use.

    *Shape*: `of` maps a zone to the date that a run works with, `by_the_clock` to the date by the clock. They
    differ if a date was given (`are_named`). Without one, zones that Python does not know are in `unknown` only.
    `first` is today in the zone whose day ends last: what is due there is due everywhere.
    """

    of: dict[str, date]
    by_the_clock: dict[str, date]
    first: date
    unknown: tuple[str, ...] = ()
    are_named: bool = False

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Give the parameters of the statements below, with further ones."""
        known = self.of.values() or [date(1970, 1, 1)]
        return {
            "todays": json.dumps(self.of, default=str),
            "earliest": min(known),
            "latest": max(known),
            **more,
        }


def todays(*, as_of: date | None, at: datetime) -> Todays:
    """Compute today in each time zone. A given `as_of` is today in all of them."""
    zones = list(Organisation.objects.order_by().values_list("timezone", flat=True).distinct())
    by_the_clock: dict[str, date] = {}
    unknown: list[str] = []
    for zone in zones:
        try:
            by_the_clock[zone] = days.today_in(zone, at=at)
        except days.UnknownTimezone:
            unknown.append(zone)
    first = days.today_in(LAST_ZONE, at=at)
    if as_of is None:
        return Todays(of=by_the_clock, by_the_clock=by_the_clock, first=first, unknown=tuple(unknown))
    return Todays(of=dict.fromkeys(zones, as_of), by_the_clock=by_the_clock, first=first, are_named=True)


# Today in the time zone of a subscription. OFFSET 0 keeps this a lookup of one row. Otherwise the planner may join
# the other way round, and every batch would read and sort all rows that are left.
TODAY = """
CROSS JOIN LATERAL (
    SELECT o.uuid, o.status, (%(todays)s::jsonb ->> o.timezone)::date AS today
    FROM customers_organisation o WHERE o.id = s.organisation_id OFFSET 0
) o
"""
