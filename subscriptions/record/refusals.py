"""Why a correction of a termination, or a note that names its charges, asks first."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from customers import refusals as customers_refusals
from subscriptions.record.selectors import corrections


@dataclass(eq=False)
class GivesBackAboveCharged(customers_refusals.CorrectionAsks):
    """More would come back of the termination's charges than they were charged; `more` is asked for."""

    code = "gives_back_above_charged"

    given: corrections.GivenBack
    more: Decimal

    @classmethod
    def when(cls, given: corrections.GivenBack, *, more: Decimal) -> Self | None:
        """Ask only where so much more passes what was charged."""
        return cls(given=given, more=more) if given.is_above(more) else None
