"""What the portal and its model have in common after every step."""

import dataclasses

from django.db import connection
from hypothesis.stateful import invariant

from customers.contacts import operations as contacts
from customers.models import CreditAccount, LedgerEntry, Organisation, SearchKey
from invoicing.models import ChargeLine, CreditNote
from portal import verification
from portal.lib import text
from subscriptions.models import PhoneNumber, Subscription, Termination, TerminationRequest
from tests.subscriptions.termination.random_days.day import EVERY, Day
from tests.subscriptions.termination.random_days.world import NUMBERS


class Checks(Day):
    """What is always true of the portal, after every step."""

    @invariant()
    def the_database_agrees(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        self.check_money()
        self.check_endings()
        self.check_contacts()
        # The long look. A fault stays, so looking at every third write finds it too; refusals moved nothing.
        if self.unverified >= EVERY:
            assert list(verification.faults(at=self.at)) == []
            self.unverified = 0

    def check_money(self) -> None:
        entries = LedgerEntry.objects.filter(account_id=self.world.account_id).order_by("seq")
        assert list(entries.values_list("kind", "amount")) == self.model.entries
        account = CreditAccount.objects.get(pk=self.world.account_id)
        assert (account.balance, account.last_seq) == (self.model.balance, len(self.model.entries))
        rows = {line.pk: line for line in ChargeLine.objects.select_related("invoice")}
        for key, charge in self.model.charges.items():
            line = rows[self.world.lines[key]]
            kept = (line.paid, line.noted, line.waived, line.refunded, line.put_in)
            noted = self.model.noted(key)
            assert kept == (charge.paid, noted, charge.waived, charge.refunded, charge.put_in), key
            assert line.noted + line.waived + line.refunded <= charge.charged
            assert line.paid + line.waived <= charge.charged
            assert line.refunded + line.put_in <= line.paid
            on_it = [other for other, its in self.world.invoices.items() if its == line.invoice.uuid]
            is_open = any(self.model.charges[other].open for other in on_it)
            assert line.invoice.status == ("awaiting_payment" if is_open else "paid")
        assert ChargeLine.objects.filter(cycle_charge__isnull=False).count() == len(self.model.charges) - 1
        notes = {note.uuid: note for note in CreditNote.objects.prefetch_related("held_by")}
        assert set(notes) == set(self.notes.values())
        for key, wanted in self.model.notes.items():
            note = notes[self.notes[key]]
            assert (note.status, note.allocated, note.holds) == (wanted.status, wanted.allocated, len(wanted.holds))
            assert sorted(hold.kind for hold in note.held_by.all()) == sorted(kind for kind, _ in wanted.holds)

    def check_endings(self) -> None:
        rows = {sub.uuid: sub for sub in Subscription.objects.select_related("termination", "termination__entry")}
        requests: dict[int, list[TerminationRequest]] = {}
        for request in TerminationRequest.objects.order_by("pk"):
            requests.setdefault(request.subscription_id, []).append(request)
        terminations = 0
        for name, wanted in self.model.subs.items():
            sub = rows[self.world.subs[name]]
            assert (sub.status, sub.auto_renew) == (wanted.status, wanted.auto_renew), name
            assert sub.expires_on == wanted.expires_on
            kept = [
                (request.ends_on, request.asked_on, request.state, request.needs_person)
                for request in requests.get(sub.pk, [])
            ]
            assert kept == [
                (one.ends_on, one.asked_on, one.state, one.needs_person)
                for one in self.life.requests
                if one.sub == name
            ]
            made = getattr(sub, "termination", None)
            assert (made is not None) == (wanted.ended is not None)
            if made is not None and wanted.ended:
                terminations += 1
                expected = {name: value for name, value in wanted.ended.items() if name != "quote_id"}
                assert {name: getattr(made, name) for name in expected} == expected
                # Whole or not at all: what was credited is its entry, in the same breath.
                assert (made.entry.amount if made.entry else None) == made.credited
        assert Termination.objects.count() == terminations

    def check_contacts(self) -> None:
        organisation = Organisation.objects.get(uuid=self.world.organisation_uuid)
        assert dataclasses.astuple(contacts.contacts_of(organisation)) == self.model.contacts
        keys = SearchKey.objects.filter(organisation=organisation).exclude(kind__in=("uuid", "number"))
        assert sorted(keys.values_list("text", flat=True)) == sorted(
            text.fold(value) for value in self.model.contacts if value
        )
        numbers = PhoneNumber.objects.values_list("number", flat=True)
        assert sorted(numbers) == sorted(NUMBERS[name] for name in self.model.numbers)
