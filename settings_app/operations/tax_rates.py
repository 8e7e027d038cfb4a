"""Add a tax rate, and withdraw one that has not begun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portal import frame
from portal.audit import operations as audit_operations
from portal.lib import days
from portal.postgresql import diagnosis
from settings_app import policies
from settings_app.models import TaxRate


@dataclass(eq=False)
class RateTaken(frame.Refused):
    """The country has another rate from this day on."""

    code = "tax_rate_taken"
    status = 422
    field = "begins_on"

    country: str
    begins_on: date


@dataclass(eq=False)
class RateHasBegun(frame.Refused):
    """The rate has begun somewhere, so charges may have been made under it."""

    code = "tax_rate_has_begun"

    country: str
    begins_on: date


@dataclass(frozen=True)
class RateValues:
    """What a rate says. *Units*: `per_cent` of the net, with at most four decimals."""

    country: str
    name: str
    per_cent: Decimal
    begins_on: date


def add_tax_rate(*, values: RateValues, by: frame.Actor, at: datetime) -> int:
    """Add a rate, and return its id. A form that is sent twice adds it once.

    It may begin on a day that is over: what was charged since keeps its tax.
    *Raises*: RateTaken.
    """
    taken = {
        "a_country_has_one_tax_rate_from_a_day_on": lambda: RateTaken(
            country=values.country, begins_on=values.begins_on
        )
    }
    try:
        with diagnosis.told_as(taken), frame.operation("add_tax_rate"):
            if (same := _same(values)) is not None:
                return same
            added = TaxRate.objects.create(
                country=values.country, name=values.name, per_cent=values.per_cent, begins_on=values.begins_on
            )
            _record("tax_rate.added", values=values, by=by, at=at)
    except RateTaken:
        # Somebody was quicker by a moment: it may have been the same form.
        if (same := _same(values)) is not None:
            return same
        raise
    return added.pk


def _same(values: RateValues) -> int | None:
    """Give the id of the rate that says just this, None where its country has none from that day on.

    *Raises*: RateTaken, where that one is another rate.
    """
    there = TaxRate.objects.filter(country=values.country, begins_on=values.begins_on).first()
    if there is None:
        return None
    if values_of(there) != values:
        raise RateTaken(country=values.country, begins_on=values.begins_on)
    return there.pk


def withdraw_tax_rate(*, pk: int, by: frame.Actor, at: datetime) -> RateValues:
    """Take a rate back that has begun nowhere yet, and return what it was.

    *Raises*: TaxRate.DoesNotExist, also where it was withdrawn already; RateHasBegun.
    """
    with frame.operation("withdraw_tax_rate"):
        rate = TaxRate.objects.select_for_update().get(pk=pk)
        values = values_of(rate)
        if has_begun(rate.begins_on, at=at):
            raise RateHasBegun(country=values.country, begins_on=values.begins_on)
        rate.delete()
        _record("tax_rate.withdrawn", values=values, by=by, at=at)
    return values


def has_begun(begins_on: date, *, at: datetime) -> bool:
    """Tell whether a day has begun for any organisation, wherever it is."""
    return begins_on <= days.earliest_today(at=at)


def values_of(rate: TaxRate) -> RateValues:
    """Take the values of a rate. No query."""
    return RateValues(country=rate.country, name=rate.name, per_cent=rate.per_cent, begins_on=rate.begins_on)


def _record(kind: str, *, values: RateValues, by: frame.Actor, at: datetime) -> None:
    audit_operations.record(
        kind,
        sentence=f"{values.country}: {values.name} {policies.per_cent(values.per_cent)} "
        f"from {days.display(values.begins_on)} on.",
        data={
            "country": values.country,
            "name": values.name,
            "per_cent": values.per_cent,
            "begins_on": values.begins_on,
        },
        by=by,
        at=at,
    )
