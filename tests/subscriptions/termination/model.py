"""The rules of money and endings once more, as plain dictionaries and sums: what the portal is held against.

It knows calendar months only (every subscription of its world begins on the first of a month), one currency with
two digits and one customer. Nothing here imports the portal.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.subscriptions.termination.model_rows import (
    COUNTED,
    OPEN,
    ZERO,
    Back,
    Charge,
    Note,
    Sub,
    cents,
    months_on,
)


@dataclass
class Model:
    today: dt.date
    charges: dict[str, Charge]
    subs: dict[str, Sub]
    notes: dict[str, Note] = field(default_factory=dict)
    entries: list[tuple[str, Decimal]] = field(default_factory=list)
    # What mends an ending: its subscription ("" for none) and what moved.
    corrections: list[tuple[str, Decimal]] = field(default_factory=list)
    # What was taken back of each part of a payment or a note's use, by its table and key in the database.
    taken_back: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    # What was recorded by hand, by its key in the database: charge, day and amount; and what of it is still there.
    payments: dict[int, tuple[str, dt.date, Decimal]] = field(default_factory=dict)
    standing: dict[int, Decimal] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    # Name, owner and billing e-mail, and reference: those of now, and those of the row that was imported last.
    contacts: tuple[str, str, str, str] = ("", "", "", "")
    imported: tuple[str, str, str, str] = ("", "", "", "")
    # The subscriptions whose number was imported.
    numbers: set[str] = field(default_factory=set)
    # The day of the commit, where `today` is another one for a while.
    committed_on: dt.date | None = None

    @property
    def balance(self) -> Decimal:
        return sum((amount for _, amount in self.entries), ZERO)

    def is_like_another(self, payment: tuple[str, dt.date, Decimal]) -> bool:
        """Tell whether such a payment was recorded and is still there, or a part of it."""
        return any(like == payment and self.standing[key] for key, like in self.payments.items())

    # --- what notes give back

    def naming(self, charge: str, *, without: str = "") -> list[Note]:
        return [n for key, n in self.notes.items() if n.charge == charge and n.status in COUNTED and key != without]

    def noted(self, charge: str, *, without: str = "") -> Decimal:
        stood = sum((net + tax for _, net, tax in self.charges[charge].stood), ZERO)
        return stood + sum((note.total for note in self.naming(charge, without=without)), ZERO)

    def creditable(self, key: str) -> tuple[Decimal, Decimal, Decimal]:
        """Net, tax and both together that a further note may give back."""
        charge = self.charges[key]
        left = charge.charged - self.noted(key) - charge.waived - charge.refunded
        stood_net = sum((net for _, net, _ in charge.stood), ZERO)
        stood_tax = sum((tax for _, _, tax in charge.stood), ZERO)
        net = charge.net - charge.refunded_net - stood_net - sum((n.net for n in self.naming(key)), ZERO)
        tax = charge.tax - charge.refunded_tax - stood_tax - sum((n.tax for n in self.naming(key)), ZERO)
        return max(ZERO, min(left, net)), max(ZERO, min(left, tax)), left

    # --- corrections count

    def corrected(self, sub: str) -> Decimal:
        return sum((moved for name, moved in self.corrections if name == sub), ZERO)

    def is_above_charged(self, sub: str, more: Decimal) -> bool:
        charges = [(key, charge) for key, charge in self.charges.items() if charge.sub == sub]
        charged = sum((charge.charged for _, charge in charges), ZERO)
        back = sum((self.noted(key) + charge.waived + charge.refunded for key, charge in charges), ZERO)
        return more > 0 and back + self.corrected(sub) + more > charged

    def note_asks(self, note: Note) -> bool:
        sub = self.charges[note.charge].sub
        return bool(sub and self.subs[sub].ended and self.corrected(sub)) and self.is_above_charged(sub, note.total)

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
        return Back(value=value, value_net=value_net, left=left, waived=waived, net=net, tax=refund - net)

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
            if (note.status in OPEN or (note.status == "applied" and not note.charge))
            and not note.holds
            and (not note.charge or self.charges[note.charge].sub in ("", sub))
        }

    def counts(self, sub: str, note: str) -> bool:
        """Tell whether the charge it names is one of the subscription's and still has value."""
        named = self.notes[note].charge
        return named in self.charges_of(sub) and bool(self.back(named).value)

    def sums(self, sub: str) -> set[Decimal]:
        """What a note for the refund of today may say."""
        _, fee, total = self.quote(sub)
        return {self.expected(sub, ""), total + fee, total}

    def candidates(self, sub: str, *, asked_on: dt.date | None = None) -> set[str]:
        """The notes that may have been sent for this very refund. Nobody has a twin here."""
        sums = self.sums(sub)
        if asked_on:
            today, self.today = self.today, asked_on
            sums |= self.sums(sub)
            self.today = today
        sums -= {ZERO}
        choosable = self.choosable(sub)
        taken_off = {key for key in choosable if self.counts(sub, key)}
        same_sum = {key for key in choosable if not self.notes[key].charge and self.notes[key].total in sums}
        return taken_off | same_sum | {key for key in self.notes if self.is_above(key)}

    def is_above(self, key: str) -> bool:
        """Tell whether another termination linked a note of which more is left than is written on charges."""
        note = self.notes[key]
        is_linked = any(kind == "settles" for kind, _ in note.holds)
        stood = (net + tax for charge in self.charges.values() for by, net, tax in charge.stood if by == key)
        return is_linked and not note.charge and note.total > sum(stood, ZERO)

    def asks_choice(self, sub: str) -> bool:
        return not self.config["simplified"] or bool(self.candidates(sub))

    def difference(self, sub: str, note: str) -> Decimal:
        """What a note gives back here above what this refund would be."""
        named = self.notes[note]
        counting = self.counts(sub, note) or not named.charge
        return (named.total if counting else ZERO) - self.expected(sub, note)

    def expected(self, sub: str, note: str) -> Decimal:
        """What a note for this very refund would say."""
        return sum((self.back(key, without=note).left for key in self.charges_of(sub)), ZERO)

    # --- the endings

    def outcome(self, sub: str, *, note: str, confirms: bool, asked_on: dt.date | None = None) -> str:
        """Foretell a termination: the name of its refusal, or of its settlement. `note` is "" for none."""
        case = self.case(sub)
        if case in ("ended", "wait"):
            return {"ended": "AlreadyTerminated", "wait": "NotYetTerminable"}[case]
        if note:
            if case == "expired" or not self.asks_choice(sub) or note not in self.choosable(sub):
                return "CreditNoteNotUsable"
            is_for_nothing = self.notes[note].charge in self.charges_of(sub) and not self.counts(sub, note)
            if (is_for_nothing or self.difference(sub, note)) and not confirms:
                return "AcknowledgementMissing"
            return "credit_note_linked"
        if case == "expired":
            return "nothing_due"
        waived, _, total = self.quote(sub)
        gives_back = self.config["allow_refund"] and (waived or total)
        if not confirms and gives_back and self.candidates(sub, asked_on=asked_on):
            return "AcknowledgementMissing"
        return "credited" if self.config["allow_refund"] and total else "nothing_due"

    def end(self, sub: str, *, note: str, settlement: str, uses: bool = False) -> None:
        """Apply a termination that goes through; `uses` where the note is used at once."""
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
        if note and settlement == "credit_note_linked":
            self.stand(note, keys=keys, backs=backs)
            if uses:
                self.use(note, others=keys)
        ends = self.subs[sub]
        ends.status, ends.auto_renew = "terminated", False
        if ends.request:
            ends.request.state = "closed"
        if sub in self.numbers:
            ends.reserved_through = max(self.today, self.committed_on or self.today) + dt.timedelta(days=28)
        self.subs[sub].ended = {
            "case": "customer_request" if case == "request" else "expired",
            "settlement": settlement,
            "credited": total if settlement == "credited" else None,
            "waived": waived if gives_back else ZERO,
            "terminated_on": self.today,
        }

    def stand(self, key: str, *, keys: list[str], backs: dict[str, Back]) -> None:
        """Write what a note that names no charge gives back of those it settles, each up to what was left."""
        rest = ZERO if self.notes[key].charge else self.notes[key].total
        for name in keys:
            part = min(rest, backs[name].left)
            if part > 0:
                net = cents(part * backs[name].value_net / backs[name].value)
                self.charges[name].stood.append((key, net, part - net))
                rest -= part

    def use(self, key: str, *, others: list[str]) -> None:
        """Pay what is open on its charges, then on the others, and put the rest into Available Credits."""
        note = self.notes[key]
        paid, put_in = self.usable(key, others=others)
        for name, part in paid.items():
            self.charges[name].paid += part
        for name, part in put_in.items():
            note.put_in[name] = note.put_in.get(name, ZERO) + part
            if name:
                self.charges[name].put_in += part
        credited = sum(put_in.values(), ZERO)
        note.allocated += sum(paid.values(), ZERO) + credited
        if note.allocated:
            note.status = "applied" if note.allocated == note.total else "partly_applied"
        if credited:
            self.entries.append(("credit_note", credited))

    def usable(self, key: str, *, others: list[str]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        """Say what the use of a note would pay, and put into Available Credits, by charge."""
        note = self.notes[key]
        given = {note.charge: note.total} if note.charge else {}
        for name, charge in self.charges.items():
            for by, net, tax in charge.stood:
                if by == key:
                    given[name] = given.get(name, ZERO) + net + tax
        unused = note.total - note.allocated
        paid, put_in = {}, {}
        for name in dict.fromkeys((*given, *others)):
            if part := min(unused, self.charges[name].open):
                paid[name] = part
                unused -= part
        for name, most in given.items():
            charge = self.charges[name]
            room = charge.paid + paid.get(name, ZERO) - charge.refunded - charge.put_in
            part = min(unused, most - note.put_in.get(name, ZERO), room)
            if part > 0:
                put_in[name] = part
                unused -= part
        free = min(unused, note.total - sum(given.values(), ZERO) - note.put_in.get("", ZERO))
        if free > 0:
            put_in[""] = free
        return paid, put_in

    def settled_by(self, key: str) -> str:
        """Name the subscription whose termination a note settles, "" where there is none."""
        return next((sub for kind, sub in self.notes[key].holds if kind == "settles"), "")

    def is_held(self, sub: Sub) -> bool:
        """Tell whether it may only have missed its renewal."""
        was_refused = any(first == sub.expires_on + dt.timedelta(days=1) for first, _ in sub.refusals)
        return sub.auto_renew and not (was_refused and self.config["here"])

    def clean_up(self, *, also_renewing: bool) -> tuple[int, int, int]:
        """The nightly run: how many are marked expired, how many end, how many are held."""
        marked = [s for s in self.subs.values() if s.status == "active" and s.expires_on < self.today]
        for sub in marked:
            sub.status = "expired"
        due = [key for key, sub in self.subs.items() if self.case(key) == "expired" and not sub.request]
        # There is neither a trial here, nor a contract, nor a customer who is suspended.
        ending = [key for key in due if also_renewing or not self.is_held(self.subs[key])]
        for key in ending:
            self.end(key, note="", settlement="nothing_due")
        return len(marked), len(ending), len(due) - len(ending)
