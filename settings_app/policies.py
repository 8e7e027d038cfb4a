"""The values of Portal Config, and their differences in words. No clock, no database, no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from portal.lib import money
from portal.outbox import kinds

TERMINATION_METHODS = {
    "by_credit_note": "Termination by Credit Note",
    "simplified": "Simplified termination",
}

# These are the methods of subscriptions.policies.METHODS, which a lower app may not import. A test compares them.
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
    "renewals_are_made_here": "Renewals",
}
# Whom a kind of message goes to.
ADDRESSEES = {
    "customer": "Customer, the partner in copy",
    "provider": "Partner",
    "nobody": "Nobody",
}
TERMINATED = "subscription_terminated"
# Where subscriptions are renewed, by `renewals_are_made_here`.
RENEWALS = {False: "made elsewhere", True: "made here"}


@dataclass(frozen=True, kw_only=True)
class Values:
    """The settings that a superuser may change.

    *Units*: a reservation counts days from the day after the end.
    *Shape*: `full_refund_days` is None while the full-refund window is off. `fees` maps currencies to amounts, and
    is kept while `charge_administrative_fee` is off: use `fee_for`. `use_note_now` is the default of that box.
    `renewals_by_product` tells of products, by their names, whether they are renewed here; use `renews_here`.
    `messages_by_kind` has those kinds of messages that do not follow the two switches; use `addressee_of`.
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
    renewals_are_made_here: bool = False
    fees: dict[str, Decimal] = field(default_factory=dict)
    renewals_by_product: dict[str, bool] = field(default_factory=dict)
    messages_by_kind: dict[str, str] = field(default_factory=dict)

    def addressee_of(self, kind: str) -> str:
        """Tell whom a kind of message goes to: "customer" (the provider in copy), "provider", or "" for nobody.

        A message to the provider needs the notification address.
        """
        chosen = self._chosen(kind)
        if chosen == "nobody" or (chosen == "provider" and not self.notification_address):
            return ""
        return chosen

    @property
    def is_mute(self) -> bool:
        """Tell whether the provider should get messages, but no address is set, so that nobody gets them."""
        kinds_of_ours = {TERMINATED, *self.messages_by_kind}
        return not self.notification_address and any(self._chosen(kind) == "provider" for kind in kinds_of_ours)

    def _chosen(self, kind: str) -> str:
        switches = "customer" if self.notify_customers else "provider" if self.notify_partner else "nobody"
        return self.messages_by_kind.get(kind, switches)

    def fee_for(self, currency: str) -> Decimal | None:
        """Give the administrative fee of a currency; None if the fee is switched off or the currency has none."""
        return self.fees.get(currency) if self.charge_administrative_fee else None

    def renews_here(self, product: str) -> bool:
        """Tell whether subscriptions of a product, by its name, are renewed here."""
        return self.renewals_by_product.get(product, self.renewals_are_made_here)

    @property
    def renews_anything_here(self) -> bool:
        """Tell whether subscriptions of any product are renewed here."""
        return self.renewals_are_made_here or any(self.renewals_by_product.values())

    def renews_more_than(self, other: Values) -> bool:
        """Tell whether anything is renewed here that is not under the other settings."""
        named = {*self.renewals_by_product, *other.renewals_by_product}
        return (self.renewals_are_made_here and not other.renewals_are_made_here) or any(
            self.renews_here(product) and not other.renews_here(product) for product in named
        )


@dataclass(frozen=True)
class Change:
    """One difference between two versions, in words."""

    label: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.label}: {self.before} → {self.after}"


def changes(*, before: Values, after: Values) -> tuple[Change, ...]:
    """List the differences in the order of the page; empty if there are none."""
    found = [
        Change(label, _words(name, getattr(before, name)), _words(name, getattr(after, name)))
        for name, label in LABELS.items()
        if getattr(before, name) != getattr(after, name)
    ]
    for currency in sorted(before.fees.keys() | after.fees.keys()):
        old, new = before.fees.get(currency), after.fees.get(currency)
        if old != new:
            found.append(Change(f"Administrative fee in {currency}", _fee(old, currency), _fee(new, currency)))
    for product in sorted(before.renewals_by_product.keys() | after.renewals_by_product.keys()):
        was, is_ = before.renewals_by_product.get(product), after.renewals_by_product.get(product)
        if was != is_:
            found.append(Change(f"Renewals of {product}", _renewed(was), _renewed(is_)))
    for kind in sorted(before.messages_by_kind.keys() | after.messages_by_kind.keys()):
        old_one, new_one = before.messages_by_kind.get(kind), after.messages_by_kind.get(kind)
        if old_one != new_one:
            found.append(Change(_message(kind), _addressee(old_one), _addressee(new_one)))
    return tuple(found)


def in_words(values: Values) -> tuple[tuple[str, str], ...]:
    """List every setting with its value in words: those of all, then fees, products and kinds of messages."""
    settings = [(label, _words(name, getattr(values, name))) for name, label in LABELS.items()]
    fees = [
        (f"Administrative fee in {currency}", _fee(amount, currency))
        for currency, amount in sorted(values.fees.items())
    ]
    products = [
        (f"Renewals of {product}", _renewed(is_here))
        for product, is_here in sorted(values.renewals_by_product.items())
    ]
    messages = [(_message(kind), _addressee(whom)) for kind, whom in sorted(values.messages_by_kind.items())]
    return (*settings, *fees, *products, *messages)


def _message(kind: str) -> str:
    return f"Message “{kinds.label_of(kind)}”"


def _addressee(whom: str | None) -> str:
    return "as the switches say" if whom is None else ADDRESSEES[whom]


def _renewed(is_here: bool | None) -> str:
    return "as all others" if is_here is None else RENEWALS[is_here]


def _words(name: str, value: object) -> str:
    if name == "renewals_are_made_here":
        return RENEWALS[bool(value)]
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
    # A fee may be in a currency that has since been withdrawn.
    if not money.is_currency(currency):
        return f"{amount:,f}"
    _, _, digits = money.display(amount, currency=currency).partition(" ")
    return digits


def per_cent(rate: Decimal) -> str:
    """Write a tax rate for people: 8.875 %."""
    digits = f"{rate:f}"
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}\xa0%"
