"""Name a subscription wherever it could be mistaken for another: its identity line. Pure. Source: domain.md 1."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date

from portal.lib import days

NUMBERS_SHOWN = 2
SIGNS_OF_UUID = 8


def plan_title(*, product: str, plan: str) -> str:
    """Name a plan with its product; many plans begin with their product's name already."""
    begins = plan.casefold().startswith(product.casefold()) and not plan[len(product) : len(product) + 1].isalnum()
    return plan if begins else f"{product}, {plan}"


@dataclass(frozen=True)
class Identity:
    """Hold what tells a subscription from its twins.

    *Shape*: `numbers` are the first of `number_count`, in their order; `contract` is empty where there is none.
    """

    uuid: uuids.UUID
    product: str
    plan: str
    numbers: tuple[str, ...]
    number_count: int
    contract: str
    started_on: date

    @property
    def title(self) -> str:
        """Name product and plan."""
        return plan_title(product=self.product, plan=self.plan)

    @property
    def short_uuid(self) -> str:
        """Give the first signs of the UUID."""
        return str(self.uuid)[:SIGNS_OF_UUID]

    @property
    def numbers_text(self) -> str:
        """Write two numbers, and how many there are beside them; empty without any."""
        shown = self.numbers[:NUMBERS_SHOWN]
        more = self.number_count - len(shown)
        return ", ".join(shown) + (f" and {more:,} more" if more else "")

    @property
    def line(self) -> str:
        """Write the identity line."""
        return f"{self._known_by} · {self.short_uuid}"

    @property
    def named(self) -> str:
        """Write the whole UUID with the rest of the identity line behind it, for records."""
        return f"{self.uuid} ({self._known_by})"

    @property
    def _known_by(self) -> str:
        contract = f"contract {self.contract}" if self.contract else ""
        parts = (self.title, self.numbers_text, contract, f"since {days.display(self.started_on)}")
        return " · ".join(part for part in parts if part)
