"""Credit notes: drafted, sent and voided; exact rows, what did not change, and every refusal."""

import datetime as dt
import uuid
from decimal import Decimal as D

import pytest

from customers import refusals as customers_refusals
from invoicing import operations, refusals
from invoicing.models import CreditNote, CreditNoteHold, NumberSeries
from portal import frame
from tests.invoicing.booking import BY, allocate, draft, send, sentences, sums, void
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_a_draft_draws_its_number_and_counts_for_nothing_yet(unpaid, now):
    note = draft(unpaid, now, [(0, "100", "9"), (1, "10", "0")])
    assert (note.number, note.sequence_number, note.series.document) == ("CN-0000001", 1, "credit_note")
    note.refresh_from_db()
    assert (note.status, note.net, note.tax, note.total) == ("draft", 110, 9, 119)
    assert (note.invoice, note.organisation, note.reason, note.issued_on, note.sent_at) == (
        unpaid,
        unpaid.organisation,
        "Line fault",
        None,
        None,
    )
    first, second = unpaid.lines.all()
    assert list(note.lines.values_list("line", "net", "tax", "description")) == [
        (first.pk, 100, 9, "Plan"),
        (second.pk, 10, 0, "Plan"),
    ]
    assert sums(unpaid) == [(0, 0, 0, 0), (0, 0, 0, 0)]
    assert sentences()[0][1:3] == (
        "Credit note created",
        f"Credit note CN-0000001 of SGD 119.00 drafted against {unpaid.number}.",
    )


def test_the_same_form_sent_twice_is_one_note(unpaid, now):
    request_id = uuid.uuid4()
    first = draft(unpaid, now, request_id=request_id)
    assert draft(unpaid, now, request_id=request_id) == first
    assert CreditNote.objects.count() == 1
    assert NumberSeries.objects.get(document="credit_note").last_number == 1
    with pytest.raises(frame.KeyReused):
        draft(unpaid, now, [(1, "1", "0")], request_id=request_id)


@pytest.mark.parametrize(
    ("amounts", "error", "sentence"),
    [
        ([(0, "249.01", "0")], refusals.AboveTheCharge, r"SGD 249\.01 net is more .* SGD 249\.00"),
        ([(0, "0", "22.42")], refusals.AboveTheCharge, r"SGD 22\.42 tax is more .* SGD 22\.41"),
        ([(0, "0", "0")], refusals.NothingNamed, "at least one charge"),
        ([(0, "-1", "0")], customers_refusals.AmountNotUsable, "too little"),
        ([(0, "0.001", "0")], customers_refusals.AmountNotUsable, "decimals"),
        ([(0, "1", "0"), (0, "1", "0")], refusals.ChargeNamedTwice, "each charge once"),
    ],
)
def test_a_note_that_cannot_be_is_refused_and_draws_no_number(unpaid, now, amounts, error, sentence):
    with pytest.raises(error, match=sentence):
        draft(unpaid, now, amounts)
    assert not CreditNote.objects.exists()
    assert NumberSeries.objects.get(document="credit_note").last_number == 0


def test_a_note_names_only_charges_of_its_invoice(unpaid, now):
    other = factories.invoice(unpaid.organisation, amounts=[("50", "0")])
    foreign = [operations.NoteAmount(line_id=other.lines.get().pk, net=D(1), tax=D(0))]
    with pytest.raises(refusals.NoSuchCharge, match="no such charge"):
        draft(unpaid, now, amounts=foreign)


@pytest.mark.parametrize("status", ["draft", "void"])
def test_no_note_against_an_invoice_that_charges_nothing(now, status):
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")], status=status)
    with pytest.raises(refusals.InvoiceNotCreditable, match=f"is {status}"):
        draft(invoice, now, [(0, "10", "0")])


def test_a_note_leaves_what_was_given_back_before(unpaid, now):
    send(draft(unpaid, now, [(0, "200", "20")]), now)
    with pytest.raises(refusals.AboveTheCharge, match=r"SGD 50\.00 net is more .* SGD 49\.00"):
        draft(unpaid, now, [(0, "50", "0")])
    assert draft(unpaid, now, [(0, "49", "2.41")]).number == "CN-0000002"


def test_a_sent_note_counts_against_its_charges(unpaid, now):
    note = send(draft(unpaid, now), now)
    note.refresh_from_db()
    assert (note.status, note.sent_at, note.issued_on) == ("sent", now, dt.date(2026, 3, 10))
    assert sums(unpaid) == [(0, D("271.41"), 0, 0), (0, 0, 0, 0)]
    unpaid.refresh_from_db()
    assert (unpaid.paid, unpaid.status) == (0, "awaiting_payment")
    assert sentences()[-1][1:3] == (
        "Credit note sent",
        "Credit note CN-0000001 of SGD 271.41 marked as Sent: Agreed.",
    )


def test_sending_checks_the_caps_again(unpaid, now):
    one, two = draft(unpaid, now), draft(unpaid, now, [(0, "10", "0")])
    send(one, now)
    with pytest.raises(refusals.NoteAboveCharge, match=r"SGD 10\.00 of “Plan” .* only SGD 0\.00 is left"):
        send(two, now)
    two.refresh_from_db()
    assert (two.status, two.sent_at, two.issued_on) == ("draft", None, None)
    assert sums(unpaid)[0] == (0, D("271.41"), 0, 0)


def test_the_database_has_the_last_word_on_the_caps(unpaid, now, monkeypatch):
    one, two = draft(unpaid, now), draft(unpaid, now)
    send(one, now)
    monkeypatch.setattr("invoicing.operations.credit_notes._check_caps", lambda note: None)
    with pytest.raises(refusals.NoteAboveCaps, match="more than its charges leave"):
        send(two, now)
    two.refresh_from_db()
    assert two.status == "draft"


def test_only_a_draft_is_sent(unpaid, now):
    note = send(draft(unpaid, now), now)
    with pytest.raises(refusals.NoteNotSendable, match="marked as Sent already"):
        send(note, now)
    gone = void(draft(unpaid, now, [(1, "1", "0")]), now)
    with pytest.raises(refusals.NoteNotSendable, match="is void"):
        send(gone, now)


def test_a_voided_note_gives_nothing_back_any_more(unpaid, now):
    note = send(draft(unpaid, now), now)
    void(note, now)
    note.refresh_from_db()
    assert (note.status, note.number) == ("void", "CN-0000001")
    assert sums(unpaid)[0] == (0, 0, 0, 0)
    assert sentences()[-1][1:3] == ("Credit note voided", "Credit note CN-0000001 voided: Agreed.")
    with pytest.raises(refusals.NoteNotVoidable, match="void already"):
        void(note, now)
    assert draft(unpaid, now).number == "CN-0000002"


def test_an_allocated_note_is_not_voided(unpaid, now):
    note = send(draft(unpaid, now), now)
    allocate(note, unpaid, "1", now)
    with pytest.raises(refusals.NoteNotVoidable, match=r"SGD 1\.00 of CN-0000001 is allocated"):
        void(note, now)


@pytest.mark.parametrize(("settles", "why"), [(True, "is the refund"), (False, "taken off the refund")])
def test_a_held_note_is_not_voided(unpaid, now, settles, why):
    note = send(draft(unpaid, now), now)
    kind = "settles" if settles else "taken_off"
    CreditNoteHold.objects.create(credit_note=note, kind=kind, cause_id=uuid.uuid4())
    with pytest.raises(refusals.NoteNotVoidable, match=why):
        void(note, now)
    note.refresh_from_db()
    assert note.status == "sent"


def test_an_unknown_document_is_not_found(now):
    with pytest.raises(CreditNote.DoesNotExist):
        operations.mark_as_sent(
            is_confirmed=False, note_uuid=uuid.uuid4(), reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now
        )
    with pytest.raises(CreditNote.DoesNotExist):
        operations.void(note_uuid=uuid.uuid4(), reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now)
