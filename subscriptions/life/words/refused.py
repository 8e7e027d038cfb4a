"""Say why a renewal was refused, from the code and the values that were kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from invoicing import refusals as invoicing_refusals
from subscriptions.policies import renewals
from subscriptions.policies.next_cycle import NoTaxRate

NO_CREDIT = invoicing_refusals.InsufficientCredits.code


def told(code: str, *, data: Mapping[str, Any]) -> str:
    """Say why a renewal was refused. *Raises*: KeyError for a code that nobody writes."""
    if code == NO_CREDIT:
        return str(
            invoicing_refusals.InsufficientCredits(
                needed=Decimal(data["needed"]), available=Decimal(data["available"]), currency=data["currency"]
            )
        )
    return renewals.why_not_renewed(_FAILURES[code](data))


def _passes(data: Mapping[str, Any]) -> renewals.Failure:
    return renewals.PassesItsContract(
        date.fromisoformat(data["contract_ends_on"]), last_day=date.fromisoformat(data["last_day"])
    )


_FAILURES: dict[str, Any] = {
    renewals.OrganisationSuspended.code: lambda data: renewals.OrganisationSuspended(),
    renewals.NoCycleKnown.code: lambda data: renewals.NoCycleKnown(),
    renewals.PassesItsContract.code: _passes,
    renewals.UnknownCurrency.code: lambda data: renewals.UnknownCurrency(data["currency"]),
    NoTaxRate.code: lambda data: NoTaxRate(data["country"], date.fromisoformat(data["on"])),
}

LABELS = {
    NO_CREDIT: "Available Credits",
    renewals.OrganisationSuspended.code: "Organisation suspended",
    renewals.NoCycleKnown.code: "No cycle known",
    renewals.PassesItsContract.code: "End of the contract",
    renewals.UnknownCurrency.code: "Unknown currency",
    NoTaxRate.code: "No tax rate",
}
"""What a refusal is about, in a word or two."""
