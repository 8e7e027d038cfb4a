"""Read the tax rates: all of them, that of one country on a day, and those of many in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from settings_app.models import TaxRate


@dataclass(frozen=True)
class Rate:
    """What a country takes from a day on. *Units*: `per_cent` of the net."""

    id: int
    country: str
    name: str
    per_cent: Decimal
    begins_on: date


def rates() -> tuple[Rate, ...]:
    """List all rates by country, the youngest of each first."""
    return tuple(_rate(found) for found in TaxRate.objects.order_by("country", "-begins_on"))


def rate(pk: int) -> Rate:
    """Read one rate.

    *Raises*: TaxRate.DoesNotExist.
    """
    return _rate(TaxRate.objects.get(pk=pk))


def rate_on(day: date, *, country: str) -> Rate | None:
    """Give the rate of a country on a day: the youngest that has begun. None where there is none. One query.

    `lateral` says the same of many rows.
    """
    found = TaxRate.objects.filter(country=country, begins_on__lte=day).order_by("-begins_on").first()
    return _rate(found) if found else None


def lateral(alias: str, *, country: str, day: str) -> str:
    """Write the join that gives each row the rate of its country on its day, as `rate_on` does for one.

    *Shape*: `country` and `day` are SQL over what stands before in the FROM, such as "o.country". Afterwards
    `ALIAS.per_cent` (numeric), `ALIAS.begins_on` (date) and `ALIAS.name` are those of the rate, NULL where the
    country has none by that day. No row is lost, and none doubled.
    """
    return f"""
        LEFT JOIN LATERAL (
            SELECT rate.per_cent, rate.begins_on, rate.name
            FROM settings_app_taxrate rate
            WHERE rate.country = {country} AND rate.begins_on <= {day}
            ORDER BY rate.begins_on DESC
            LIMIT 1
        ) {alias} ON true
    """  # noqa: S608 - put together from what the statement around it names


def _rate(found: TaxRate) -> Rate:
    return Rate(
        id=found.pk,
        country=found.country,
        name=found.name,
        per_cent=found.per_cent,
        begins_on=found.begins_on,
    )
