"""Hold the values of Portal Config and say in words what a change of them changes.

Pure: no clock, no database, no Django.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from portal.lib import money

TERMINATION_METHODS = {
    "by_credit_note": "Termination by Credit Note",
    "simplified": "Simplified termination",
}

# This app stands below subscriptions, so the names are written down here; a test holds them equal to
# those of subscriptions.policies.METHODS.
REFUND_METHODS = {
    "remaining_months": "Remaining months",
    "remaining_days": "Remaining days",
    "full": "Full",
    "none": "None",
}

LABELS = {
    "termination_method": "Termination Method",
    "allow_refund": "Allow Refund",
    "refund_method": "Refund method",
    "full_refund_days": "Full refund within (days)",
    "reactivation_days": "Reactivation days",
    "number_reservation_days": "Number reservation (days)",
    "number_reservation_days_ported_in": "Number reservation of ported-in numbers (days)",
    "use_note_now": "Use the note now",
    "charge_administrative_fee": "Administrative fee",
    "notify_partner": "Subscription notification to the partner",
    "notify_customers": "Subscription notification to customers with the partner in copy",
    "provider_name": "Provider name",
    "notification_address": "Notification address",
}


@dataclass(frozen=True, kw_only=True)
class Values:
    """Hold what a superuser may set.

    *Shape*: no `full_refund_days` switches the window off; `fees` are kept by currency also while the switch
    `charge_administrative_fee` is off, so ask `fee_for`; the days of a reservation follow the end, whose own day
    is not counted; `use_note_now` is how the box of that name stands when the choice is shown.
    """

    termination_method: str
    allow_refund: bool
    refund_method: str
    full_refund_days: int | None
    reactivation_days: int
    number_reservation_days: int
    number_reservation_days_ported_in: int
    use_note_now: bool
    charge_administrative_fee: bool
    notify_partner: bool
    notify_customers: bool
    provider_name: str
    notification_address: str
    fees: dict[str, Decimal] = field(default_factory=dict)

    @property
    def tells_somebody(self) -> bool:
        """Say whether a termination is told to anybody: the provider alone needs an address for it."""
        return self.notify_customers or (self.notify_partner and bool(self.notification_address))

    @property
    def is_mute(self) -> bool:
        """Say whether the provider is to be told and has no address, so that nobody is told."""
        return self.notify_partner and not self.tells_somebody

    def fee_for(self, currency: str) -> Decimal | None:
        """Give the administrative fee of a currency; None while it is switched off or has no row."""
        return self.fees.get(currency) if self.charge_administrative_fee else None


@dataclass(frozen=True)
class Change:
    """Hold one difference between two states, in words."""

    label: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.label}: {self.before} → {self.after}"


def changes(*, before: Values, after: Values) -> tuple[Change, ...]:
    """List what is different, in the order of the page; empty where nothing is."""
    found = [
        Change(label, _words(name, getattr(before, name)), _words(name, getattr(after, name)))
        for name, label in LABELS.items()
        if getattr(before, name) != getattr(after, name)
    ]
    for currency in sorted(before.fees.keys() | after.fees.keys()):
        old, new = before.fees.get(currency), after.fees.get(currency)
        if old != new:
            found.append(Change(f"Administrative fee in {currency}", _fee(old, currency), _fee(new, currency)))
    return tuple(found)


def in_words(values: Values) -> tuple[tuple[str, str], ...]:
    """List every setting with its value in words, in the order of the page; fees come last."""
    settings = [(label, _words(name, getattr(values, name))) for name, label in LABELS.items()]
    fees = [
        (f"Administrative fee in {currency}", _fee(amount, currency))
        for currency, amount in sorted(values.fees.items())
    ]
    return (*settings, *fees)


def _words(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "off"
    if name == "termination_method":
        return TERMINATION_METHODS.get(str(value), str(value))
    if name == "refund_method":
        return REFUND_METHODS.get(str(value), str(value))
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) or "empty"


def _fee(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return "none"
    # A currency may have left the list of current ones since its fee was saved.
    if not money.is_currency(currency):
        return f"{amount:,f}"
    _, _, digits = money.display(amount, currency=currency).partition(" ")
    return digits
