"""Random contacts, imports, corrections and top-ups."""

import csv
import uuid
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from customers import operations as customers_operations
from customers.contacts import operations as contacts
from portal.importing import run as importing
from subscriptions.models import Termination
from subscriptions.record import operations as record_operations
from tests.subscriptions.termination.model_rows import ZERO
from tests.subscriptions.termination.random_days.day import Day
from tests.subscriptions.termination.random_days.drawn import A_CONTACT, AMOUNT, OFTEN, PICK
from tests.subscriptions.termination.random_days.world import CONTACTS, NUMBERS, write_organisation


class Customer(Day):
    """Contacts, what another system sends, corrections and top-ups."""

    @rule(wanted=A_CONTACT, is_fresh=OFTEN)
    def change_contacts(self, wanted: tuple[str, str, str, str], is_fresh: bool) -> None:
        """Change the customer's contacts, sometimes in a form that was opened at the beginning."""
        now = self.model.contacts
        seen = now if is_fresh else CONTACTS
        refusal = "ContactsChanged" if now not in (seen, wanted) else ""
        call = partial(
            contacts.change_contacts,
            organisation_uuid=self.world.organisation_uuid,
            seen=contacts.Contacts(*seen),
            values=contacts.Contacts(*wanted),
            by=self.agent,
            at=self.at,
        )
        changed = self.expect(refusal, call)
        if not refusal:
            assert changed == (now != wanted)
            self.model.contacts = wanted
            # The double click.
            assert self.expect("", call) is False

    @rule(pick=PICK, said=A_CONTACT)
    def import_an_update(self, pick: int, said: tuple[str, str, str, str]) -> None:
        """Import contacts, and a number: of what ended here it is an exception, and the rest is written."""
        name = self.sub(pick)
        write_organisation(self.world.directory, said)
        with (self.world.directory / "numbers.csv").open("w") as file:
            csv.writer(file).writerows(
                [("number", "subscription_uuid"), (NUMBERS[name], self.world.subs[name])],
            )
        told: list[bytes] = []
        call = partial(
            importing.import_directory,
            self.world.directory,
            at=self.at,
            update=True,
            on_exceptions=told.extend,
        )
        counts = {count.csv: count for count in self.expect("", call)}
        is_known = name in self.model.numbers
        is_exception = bool(not is_known and self.model.subs[name].ended)
        is_new = not is_known and not is_exception
        is_changed = said != self.model.imported
        assert counts == {
            "organisations.csv": importing.Count("organisations.csv", 0, not is_changed, changed=is_changed),
            "numbers.csv": importing.Count("numbers.csv", is_new, is_known, exceptions=is_exception),
        }
        assert len(list(csv.reader(b"".join(told).decode().splitlines()))) == 1 + is_exception
        if is_changed:
            self.model.contacts = self.model.imported = said
        if is_new:
            self.model.numbers.add(name)

    @rule(pick=PICK, amount=AMOUNT, takes=st.booleans(), fraction=st.sampled_from([ZERO, Decimal("0.000001")]))
    def correct(self, pick: int, amount: Decimal, takes: bool, fraction: Decimal) -> None:
        """Mend a termination, or nothing that ended."""
        moved = -(amount + fraction) if takes else amount + fraction
        common: dict[str, Any] = {
            "amount": moved,
            "reason": "Counted wrongly.",
            "seen_seq": len(self.model.entries),
            "request_id": uuid.uuid4(),
            "by": self.agent,
            "at": self.at,
        }
        ended = [name for name, sub in self.model.subs.items() if sub.ended]
        name = ended[pick % len(ended)] if ended else ""
        refusal = "GivesBackAboveCharged" if name and self.model.is_above_charged(name, moved) else ""
        if name:
            termination = Termination.objects.get(subscription__uuid=self.world.subs[name])
            form = partial(
                record_operations.correct_termination,
                termination_uuid=termination.uuid,
                is_confirmed=False,
                **common,
            )
        else:
            form = partial(
                customers_operations.post_correction,
                organisation_uuid=self.world.organisation_uuid,
                cause_id=None,
                **common,
            )
        self.expect(refusal, form)
        if not refusal:
            self.model.entries.append(("correction", moved))
            self.model.corrections.append((name, moved))
            self.last_form = form

    @rule(amount=AMOUNT)
    def top_up(self, amount: Decimal) -> None:
        form = partial(
            customers_operations.post_top_up,
            organisation_uuid=self.world.organisation_uuid,
            amount=amount,
            reason="Paid at the counter.",
            seen_seq=len(self.model.entries),
            request_id=uuid.uuid4(),
            by=self.agent,
            at=self.at,
        )
        self.expect("", form)
        self.model.entries.append(("top_up", amount))
        self.last_form = form
