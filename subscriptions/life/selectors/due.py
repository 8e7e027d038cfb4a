"""The selection of what is due to be renewed: the conditions of `policies.renewals`, in SQL.

Batches go by organisation: what it renews on one date is one charge. The index by organisation has the expiry days,
so a night reads it once, whatever is due.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import connection

from portal.lib import money
from settings_app import policies
from settings_app.selectors import renewals as settings_renewals
from subscriptions.models import NO_END_ASKED
from subscriptions.policies import renewals
from subscriptions.selectors import zones
from subscriptions.selectors.made_here import MADE_HERE

# Below every id.
START = 0

# The last cycle of the subscription `s`; that it follows is the next one.
LAST_CYCLE = """
LEFT JOIN LATERAL (
    SELECT c.id, c.day_after, c.months FROM subscriptions_cycle c
    WHERE c.subscription_id = s.id ORDER BY c.first_day DESC LIMIT 1
) c ON true
"""

# The contract that the subscription `s` is tied to.
CONTRACT = """
LEFT JOIN LATERAL (
    SELECT x.billing_plan, x.ends_on
    FROM subscriptions_contractitem i JOIN subscriptions_contract x ON x.id = i.contract_id
    WHERE i.subscription_id = s.id OFFSET 0
) x ON true
"""

# A renewal after its last cycle was refused.
REFUSED = """EXISTS (
    SELECT FROM subscriptions_renewalrefusal r WHERE r.subscription_id = s.id AND r.first_day = s.expires_on + 1)"""

# What its row and the settings say. What was refused today is tried again tomorrow.
_CONSIDERED = f"""
s.status <> 'terminated' AND s.auto_renew AND NOT s.is_trial
AND s.expires_on >= %(earliest)s::date - %(kept)s::int
AND s.expires_on <= %(latest)s::date + {renewals.DAYS_AHEAD}
AND o.today >= s.expires_on - {renewals.DAYS_AHEAD} AND o.today <= s.expires_on + %(kept)s::int
AND {MADE_HERE}
AND NOT EXISTS (
    SELECT FROM subscriptions_renewalrefusal r WHERE r.subscription_id = s.id AND r.tried_on = o.today)
"""

# What its last cycle, its contract and its requests say besides: a renewal is tried.
TRIED = f"""
{_CONSIDERED}
AND x.billing_plan IS DISTINCT FROM 'milestone'
AND NOT EXISTS (SELECT FROM subscriptions_cyclecharge g WHERE g.cycle_id = c.id AND g.is_external_invoice)
AND {NO_END_ASKED.format(through="greatest(s.expires_on, o.today)")}
AND (o.today <= s.expires_on OR NOT EXISTS (
    SELECT FROM subscriptions_renewalrefusal r
    WHERE r.subscription_id = s.id AND r.first_day = s.expires_on + 1 AND r.tried_on <= s.expires_on))
"""  # noqa: S608 - built from constants

_NEXT = f"""
SELECT s.organisation_id, s.id FROM subscriptions_subscription s {zones.TODAY}
WHERE s.organisation_id > %(after)s AND s.organisation_id <> ALL(%(without)s::bigint[]) AND {_CONSIDERED}
ORDER BY s.organisation_id LIMIT %(room)s
"""  # noqa: S608 - built from constants

_OF_ONE = f"""
SELECT s.organisation_id, s.id FROM subscriptions_subscription s {zones.TODAY}
WHERE s.organisation_id = %(organisation)s AND {_CONSIDERED}
"""  # noqa: S608 - built from constants

_LOCK = """
SELECT s.id FROM subscriptions_subscription s
WHERE s.id = ANY(%(ids)s::bigint[]) ORDER BY s.id FOR NO KEY UPDATE SKIP LOCKED
"""

_OF_UNKNOWN_ZONES = f"""
SELECT s.uuid, s.expires_on, w.timezone
FROM subscriptions_subscription s {zones.TODAY} {LAST_CYCLE} {CONTRACT}
JOIN customers_organisation w ON w.id = s.organisation_id
WHERE w.timezone = ANY(%(unknown)s) AND {TRIED}
ORDER BY s.id
"""  # noqa: S608 - built from constants


@dataclass(frozen=True)
class Rule:
    """What is renewed on a day, under the settings of a run, or under such as nobody has saved."""

    todays: zones.Todays
    config: policies.Values

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Give the parameters of the conditions above, with further ones."""
        return self.todays.parameters(
            kept=self.config.reactivation_days,
            digits=money.digits_as_json(),
            **settings_renewals.parameters(self.config),
            **more,
        )


@dataclass(frozen=True)
class Found:
    """What may be renewed of some organisations. *Shape*: the ids of subscriptions by organisation.

    `last` is where the next batch begins, None where this is the end.
    """

    of: dict[int, list[int]]
    last: int | None


def find(rule: Rule, *, after: int, room: int, without: Sequence[int]) -> Found:
    """Find the next organisations of which something may be renewed.

    *Shape*: `room` is how many subscriptions a batch has; an organisation with more is a batch of its own.
    """
    of: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, rule.parameters(after=after, room=room, without=list(without)))
        rows = cursor.fetchall()
        if not rows:
            return Found(of={}, last=None)
        is_full, last = len(rows) == room, rows[-1][0]
        if is_full and rows[0][0] == last:
            cursor.execute(_OF_ONE, rule.parameters(organisation=last))
            rows = cursor.fetchall()
        elif is_full:
            # Only a part of its subscriptions may be among them.
            rows = [row for row in rows if row[0] != last]
    for organisation, pk in rows:
        of.setdefault(organisation, []).append(pk)
    return Found(of=of, last=max(of, default=last) if is_full else None)


def locked(found: Mapping[int, Sequence[int]]) -> dict[int, Sequence[int]]:
    """Lock the subscriptions of organisations, in the order of their ids, and give those that are wholly locked.

    An organisation of which somebody else has locked a subscription is left for later: its date is one charge.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"ids": [pk for ids in found.values() for pk in ids]})
        free = {pk for (pk,) in cursor.fetchall()}
    return {organisation: ids for organisation, ids in found.items() if free.issuperset(ids)}


@dataclass(frozen=True)
class OfUnknownZone:
    """A subscription that is due in every time zone, of an organisation whose own one is not known."""

    uuid: uuids.UUID
    expires_on: date
    zone: str


def of_unknown_zones(rule: Rule) -> list[OfUnknownZone]:
    """List what is due whatever day it is where the organisation is. One query, none where all zones are known."""
    unknown = rule.todays.unknown
    if not unknown:
        return []
    there = replace(rule.todays, of=dict.fromkeys(unknown, rule.todays.first))
    with connection.cursor() as cursor:
        cursor.execute(_OF_UNKNOWN_ZONES, replace(rule, todays=there).parameters(unknown=list(unknown)))
        return [OfUnknownZone(*row) for row in cursor.fetchall()]
