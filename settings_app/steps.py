"""What is asked before Portal Config is saved, and what somebody has read of it, which travels sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from portal.lib import seals
from portal.lib.http import Request
from settings_app import policies, tonight

PURPOSE = "renewals made here"
SEAL_AGE = timedelta(minutes=30)
# The settings by which a night renews.
ASKED_ABOUT = ("renewals_are_made_here", "renewals_by_product", "reactivation_days")


@dataclass(frozen=True)
class RenewalsQuestion:
    """The question before the night renews more. *Shape*: `seal` holds what it says, for the answer."""

    renewals: tonight.Renewals
    seal: str


def renewals_question(
    request: Request,
    *,
    values: policies.Values,
    in_force: policies.Values,
    at: datetime,
    stop: Callable[[], bool],
) -> RenewalsQuestion | None:
    """Give the question if the night would renew more with these values, unless somebody has read as much.

    An answer is about the same settings, not older than 30 minutes, and no more would be charged by now.
    *Shape*: counting ends when `stop` says so; what was counted by then is “at least”.
    """
    found = tonight.renewals(values, in_force=in_force, at=at, stop=stop)
    if found is None:
        return None
    said = {"user": request.user.pk, **{name: getattr(values, name) for name in ASKED_ABOUT}}
    read = _read(request, at=at)
    sums = {currency: Decimal(amount) for currency, amount in read.pop("sums", {}).items()}
    if read == said and (found.is_cut or not found.is_above(read=sums)):
        return None
    written = {currency: str(amount) for currency, amount in found.sums.items()}
    return RenewalsQuestion(found, seals.seal({**said, "sums": written}, at=at, purpose=PURPOSE))


def _read(request: Request, *, at: datetime) -> dict[str, Any]:
    """Open the seal of the form; empty where there is none that is good."""
    try:
        return seals.unseal(request.POST.get("confirmed_renewals", ""), at=at, purpose=PURPOSE, max_age=SEAL_AGE)
    except (seals.SealBroken, seals.SealExpired):
        return {}
