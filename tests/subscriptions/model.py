"""The rules of money and endings once more, as plain dictionaries and sums: what the portal is held against.

It knows calendar months only (every subscription of its world begins on the first of a month), one currency with
two digits and one customer. Nothing here imports the portal.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
COUNTED = ("sent", "partly_applied", "applied")
OPEN = ("sent", "partly_applied")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def months_on(first_day: dt.date, count: int) -> dt.date:
    years, month = divmod(first_day.month - 1 + count, 12)
    return dt.date(first_day.year + years, month + 1, 1)


@dataclass
class Charge:
    """One invoice of one line. `sub` is "" where it belongs to no cycle."""

    sub: str
    first_day: dt.date
    months: int
    net: Decimal
    tax: Decimal
    paid: Decimal
    waived: Decimal = ZERO
    refunded_net: Decimal = ZERO
    refunded_tax: Decimal = ZERO

    @property
    def charged(self) -> Decimal:
        return self.net + self.tax

    @property
    def refunded(self) -> Decimal:
        return self.refunded_net + self.refunded_tax

    @property
    def open(self) -> Decimal:
        return self.charged - self.paid - self.waived

    @property
    def day_after(self) -> dt.date:
        return months_on(self.first_day, self.months)


@dataclass
class Note:
    charge: str
    net: Decimal
    tax: Decimal
    status: str = "draft"
    allocated: Decimal = ZERO
    holds: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


@dataclass
class Sub:
    expires_on: dt.date
    status: str = "active"
    auto_renew: bool = False
    ended: dict[str, object] | None = None


@dataclass(frozen=True)
class Back:
    """What one charge gives back: the value not used, and what of it is waived and refunded."""

    value: Decimal
    left: Decimal
    waived: Decimal
    net: Decimal
    tax: Decimal


@dataclass
class Model:
    today: dt.date
    charges: dict[str, Charge]
    subs: dict[str, Sub]
    notes: dict[str, Note] = field(default_factory=dict)
    entries: list[tuple[str, Decimal]] = field(default_factory=list)
    # What was recorded by hand: charge, day and amount of each payment.
    payments: list[tuple[str, dt.date, Decimal]] = field(default_factory=list)
    config: dict[str, object] = field(default_factory=dict)

    @property
    def balance(self) -> Decimal:
        return sum((amount for _, amount in self.entries), ZERO)

    # --- what notes give back

    def naming(self, charge: str, *, without: str = "") -> list[Note]:
        return [n for key, n in self.notes.items() if n.charge == charge and n.status in COUNTED and key != without]

    def noted(self, charge: str, *, without: str = "") -> Decimal:
        return sum((note.total for note in self.naming(charge, without=without)), ZERO)

    def creditable(self, key: str) -> tuple[Decimal, Decimal, Decimal]:
        """Net, tax and both together that a further note may give back."""
        charge = self.charges[key]
        left = charge.charged - self.noted(key) - charge.waived - charge.refunded
        net = charge.net - charge.refunded_net - sum((n.net for n in self.naming(key)), ZERO)
        tax = charge.tax - charge.refunded_tax - sum((n.tax for n in self.naming(key)), ZERO)
        return max(ZERO, min(left, net)), max(ZERO, min(left, tax)), left

    # --- where a subscription stands

    def case(self, sub: str) -> str:
        """ "request", "expired", "wait" or "ended"."""
        stands = self.subs[sub]
        if stands.ended:
            return "ended"
        if self.today <= stands.expires_on:
            return "request"
        return "expired" if (self.today - stands.expires_on).days > self.config["reactivation_days"] else "wait"

    # --- the refund

    def part(self, charge: Charge) -> tuple[int, int]:
        """The part that counts as not used, of how many."""
        method, window = self.config["refund_method"], self.config["full_refund_days"]
        if method == "none":
            return 0, 1
        if self.today < charge.first_day:
            return 1, 1
        if self.today >= charge.day_after:
            return 0, 1
        if window is not None and (self.today - charge.first_day).days <= window:
            return 1, 1
        if method == "full":
            return 1, 1
        if method == "remaining_days":
            return (charge.day_after - self.today).days - 1, (charge.day_after - charge.first_day).days
        begins = [months_on(charge.first_day, count) for count in range(charge.months)]
        return len([day for day in begins if day > self.today]), charge.months

    def back(self, key: str, *, without: str = "") -> Back:
        charge = self.charges[key]
        part, whole = self.part(charge)
        value_net = cents(charge.net * part / whole)
        value = value_net + cents(charge.tax * part / whole)
        left = max(ZERO, value - self.noted(key, without=without) - charge.refunded - charge.waived)
        waived = min(left, charge.open)
        refund = left - waived
        net = cents(refund * value_net / value) if value else ZERO
        return Back(value=value, left=left, waived=waived, net=net, tax=refund - net)

    def charges_of(self, sub: str) -> list[str]:
        return [key for key, charge in self.charges.items() if charge.sub == sub]

    def quote(self, sub: str) -> tuple[Decimal, Decimal, Decimal]:
        """What is waived, the fee, and the total."""
        backs = [self.back(key) for key in self.charges_of(sub)] if self.case(sub) == "request" else []
        refunds = sum((back.net + back.tax for back in backs), ZERO)
        fee = min(self.config["fee"] or ZERO, refunds)
        return sum((back.waived for back in backs), ZERO), fee, refunds - fee

    def choosable(self, sub: str) -> set[str]:
        return {
            key
            for key, note in self.notes.items()
            if note.status in OPEN and not note.holds and self.charges[note.charge].sub in ("", sub)
        }

    def expected(self, sub: str, note: str) -> Decimal:
        """What a note for this very refund would say."""
        return sum((self.back(key, without=note).left for key in self.charges_of(sub)), ZERO)

    # --- the endings

    def outcome(self, sub: str, *, note: str, confirms: bool) -> str:
        """Foretell a termination: the name of its refusal, or of its settlement. `note` is "" for none."""
        case = self.case(sub)
        if case in ("ended", "wait"):
            return {"ended": "AlreadyTerminated", "wait": "NotTerminable"}[case]
        if note:
            if case == "expired" or self.config["simplified"] or note not in self.choosable(sub):
                return "CreditNoteNotUsable"
            if self.notes[note].total != self.expected(sub, note) and not confirms:
                return "AcknowledgementMissing"
            return "credit_note_linked"
        if case == "expired":
            return "nothing_due"
        if not confirms and any(self.charges[self.notes[key].charge].sub == sub for key in self.choosable(sub)):
            return "AcknowledgementMissing"
        return "credited" if self.config["allow_refund"] and self.quote(sub)[2] else "nothing_due"

    def end(self, sub: str, *, note: str, settlement: str) -> None:
        """Apply a termination that goes through."""
        case = self.case(sub)
        keys = self.charges_of(sub)
        backs = {key: self.back(key) for key in keys}
        waived, _, total = self.quote(sub)
        gives_back = case == "request" and not note and self.config["allow_refund"]
        if case == "request" and (gives_back or note):
            for key, named in self.notes.items():
                if key == note:
                    named.holds.append(("settles", sub))
                elif named.status in COUNTED and named.charge in keys and backs[named.charge].value:
                    named.holds.append(("taken_off", sub))
        if gives_back:
            for key in keys:
                self.charges[key].waived += backs[key].waived
                self.charges[key].refunded_net += backs[key].net
                self.charges[key].refunded_tax += backs[key].tax
        if settlement == "credited":
            self.entries.append(("refund", total))
        self.subs[sub].status, self.subs[sub].auto_renew = "terminated", False
        self.subs[sub].ended = {
            "case": "customer_request" if case == "request" else "expired",
            "settlement": settlement,
            "credited": total if settlement == "credited" else None,
            "waived": waived if gives_back else ZERO,
            "terminated_on": self.today,
        }

    def clean_up(self) -> tuple[int, int]:
        """The nightly run: how many are marked expired, how many end."""
        marked = [s for s in self.subs.values() if s.status == "active" and s.expires_on < self.today]
        for sub in marked:
            sub.status = "expired"
        ending = [key for key in self.subs if self.case(key) == "expired"]
        for key in ending:
            self.end(key, note="", settlement="nothing_due")
        return len(marked), len(ending)
