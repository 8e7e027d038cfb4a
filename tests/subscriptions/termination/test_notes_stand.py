"""What a note stands for: the charges it names, those it settles, and how much of each.

Source: domain.md 3, "A chosen note stands for its charges".
"""

import importlib
from decimal import Decimal as D

import pytest
from django.db import connection, transaction

from invoicing import selectors as invoicing_selectors
from invoicing.models import CreditNoteHold, CreditNoteStand
from portal.audit.models import AuditEntry
from subscriptions.termination.quote import quotes
from tests.support import factories, refused
from tests.support.factories import C
from tests.support.terminations import terminate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _deferred_keys_hold():
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_note_that_names_nothing_stands_for_the_charges_it_settles(agent, now):
    """Otherwise the same 50.00 could be given back once more by a second note."""
    made = factories.subscription(cycles=(C("2026-03-01", net="45.87", tax="4.13"),))
    note = factories.credit_note(made.organisation, net="45.87", tax="4.13", number="CN-1")
    record = terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-1")).termination
    line = factories.charge_of(made)
    stand = CreditNoteStand.objects.get()
    assert (stand.credit_note_id, stand.line_id, stand.net, stand.tax, stand.cause_id) == (
        note.pk,
        line.pk,
        D("45.87"),
        D("4.13"),
        record.uuid,
    )
    assert (line.noted, line.refunded, line.waived) == (50, 0, 0)
    ((_, left),) = invoicing_selectors.creditables(line.invoice.uuid).values()
    assert (left.left, left.net_left, left.tax_left) == (0, 0, 0)
    cap = "notes_waived_and_refunded_stay_within_the_charge"
    with refused.by(cap), transaction.atomic():
        factories.credit_note(made.organisation, net="0.01", line=line)


def test_a_note_stands_for_charges_in_the_order_of_the_quote_up_to_what_is_left(agent, now):
    made = factories.subscription(
        cycles=(C("2026-03-01", net="40", tax="4", paid="20"), C("2026-04-01", net="10", tax="1"))
    )
    first, second = factories.charge_of(made, "2026-03-01"), factories.charge_of(made, "2026-04-01")
    factories.credit_note(made.organisation, net="10", tax="1", line=first, number="CN-NAMES")
    factories.credit_note(made.organisation, net="40", number="CN-1")
    terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-1"), acknowledged=["difference:CN-1"])
    stood = {s.line_id: (s.net, s.tax) for s in CreditNoteStand.objects.all()}
    assert stood == {first.pk: (D("30.00"), D("3.00")), second.pk: (D("6.36"), D("0.64"))}
    assert CreditNoteHold.objects.get(kind="taken_off").credit_note.number == "CN-NAMES"


def test_what_a_note_names_and_what_it_stands_for_go_together(agent, now):
    made = factories.subscription(cycles=(C("2026-03-01", net="50", tax="5"),))
    line = factories.charge_of(made)
    note = factories.credit_note(made.organisation, net="20", tax="2", line=line, number="CN-1")
    note.lines.create(currency="SGD", net=30, tax=3)
    type(note).objects.filter(pk=note.pk).update(net=50, tax=5)
    terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-1"))
    stand = CreditNoteStand.objects.get()
    assert (stand.net, stand.tax) == (30, 3)
    line.refresh_from_db()
    assert line.noted == 55


def test_a_note_that_settled_before_gets_its_charges_as_far_as_the_caps_allow(agent, now):
    """What the migration does for terminations from before notes stood for charges."""
    organisation = factories.OrganisationFactory.create()
    whole, cut = (
        factories.subscription(organisation=organisation, cycles=(C("2026-03-01", net="45.87", tax="4.13"),))
        for _ in range(2)
    )
    for made, number in ((whole, "CN-1"), (cut, "CN-2")):
        factories.credit_note(organisation, net="45.87", tax="4.13", number=number)
        terminate(made, by=agent, at=now, choice=quotes.LinkNote(number))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE invoicing_creditnotestand DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM invoicing_creditnotestand")
        cursor.execute("UPDATE invoicing_chargeline SET noted = 0")
        cursor.execute("ALTER TABLE invoicing_creditnotestand ENABLE TRIGGER USER")
    # Meanwhile a part of the second one was given back once more.
    factories.credit_note(organisation, net="20", line=factories.charge_of(cut))
    migration = importlib.import_module("subscriptions.migrations.0007_stands_of_settled_notes")
    with connection.schema_editor(atomic=False) as editor:
        migration.write(None, editor)
    stood = {s.line_id: (s.credit_note.number, s.net, s.tax) for s in CreditNoteStand.objects.all()}
    assert stood == {
        factories.charge_of(whole).pk: ("CN-1", D("45.87"), D("4.13")),
        factories.charge_of(cut).pk: ("CN-2", D("27.52"), D("2.48")),
    }
    assert factories.charge_of(cut).noted == 50
    assert AuditEntry.objects.get(event="Upgraded").description.startswith("Wrote which charges 2 credit note(s)")
