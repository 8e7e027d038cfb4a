"""What the refusals of the Invoice app tell programs and people."""

import datetime as dt
import uuid
from decimal import Decimal as D

import pytest

from invoicing import refusals
from portal import frame
from tests.support.refusals import coded, told

SGD = "SGD"
DAY, TODAY = dt.date(2026, 3, 10), dt.date(2026, 3, 9)


def received(amount: str, still_open: str) -> refusals.ReceivedAboveOpen:
    return refusals.ReceivedAboveOpen(number="IN-1", amount=D(amount), open=D(still_open), currency=SGD)


def like_another(reference: str) -> refusals.PaymentLikeAnother:
    return refusals.PaymentLikeAnother("IN-1", D(10), SGD, DAY, reference, recorded_by="bill", recorded_on=TODAY)


def not_voidable(why: refusals.WhyNotVoidable) -> refusals.NoteNotVoidable:
    return refusals.NoteNotVoidable("CN-1", why, allocated=D(5), currency=SGD)


def above_charge(part) -> refusals.AboveTheCharge:
    return refusals.AboveTheCharge(7, "Plan", part, amount=D(50), left=D(49), currency=SGD)


TABLE = [
    (
        refusals.AmountAboveOpen("IN-1", amount=D(60), open=D(50), currency=SGD),
        ("amount_above_open", 409, "amount", "SGD 60.00 is more than what is open on IN-1: SGD 50.00."),
    ),
    (
        refusals.InvoiceNotPayable("IN-1", "draft"),
        ("invoice_not_payable", 409, "invoice", "IN-1 is draft, so nothing can be paid on it."),
    ),
    (
        refusals.InvoiceNotPayable("IN-1", "paid"),
        ("invoice_not_payable", 409, "invoice", "IN-1 has nothing open any more."),
    ),
    (
        refusals.InvoiceNotCreditable("IN-1", "void"),
        ("invoice_not_creditable", 409, "", "IN-1 is void, so it charged nothing to credit."),
    ),
    (
        received("60", "50"),
        (
            "received_above_open",
            409,
            "",
            "SGD 60.00 is more than what is open on IN-1: SGD 50.00."
            " Shall the other SGD 10.00 go into Available Credits?",
        ),
    ),
    (
        received("10", "0"),
        (
            "received_above_open",
            409,
            "",
            "IN-1 has nothing open. Shall SGD 10.00 go into Available Credits?",
        ),
    ),
    (
        received("40", "50"),
        (
            "received_above_open",
            409,
            "",
            "SGD 50.00 is open on IN-1 by now, so nothing of SGD 40.00 is left over.",
        ),
    ),
    (
        like_another("R-7"),
        (
            "payment_like_another",
            409,
            "",
            "SGD 10.00 received on 10 March 2026 with the reference R-7 was recorded on IN-1 already,"
            " by bill on 9 March 2026. Is this a second payment?",
        ),
    ),
    (
        like_another(""),
        (
            "payment_like_another",
            409,
            "",
            "SGD 10.00 received on 10 March 2026 with no reference was recorded on IN-1 already,"
            " by bill on 9 March 2026. Is this a second payment?",
        ),
    ),
    (
        refusals.SurplusAboveAccount(surplus=D(5), balance=D("9999999999999"), currency=SGD),
        (
            "surplus_above_account",
            409,
            "",
            "The balance would become larger than an account can hold. Record less, or several payments later on.",
        ),
    ),
    (
        refusals.PartAboveCharge(7, amount=D(60), open=D(50), currency=SGD),
        (
            "part_above_charge",
            409,
            "charge_7",
            "SGD 60.00 is more than what is open on this charge: SGD 50.00.",
        ),
    ),
    (
        refusals.PartsAboveAmount(parts=D(60), amount=D(50), currency=SGD),
        (
            "parts_above_amount",
            422,
            "amount",
            "The parts by charge come to SGD 60.00, which is more than the payment of SGD 50.00.",
        ),
    ),
    (
        refusals.MethodNotUsable("credits"),
        ("method_not_usable", 422, "method", "Choose bank transfer, card or cheque."),
    ),
    (
        refusals.ReceivedInTheFuture(received_on=DAY, today=TODAY),
        (
            "received_in_the_future",
            422,
            "received_on",
            "This day is in the future; expected 9 March 2026 or an earlier day.",
        ),
    ),
    (refusals.NothingNamed(), ("nothing_named", 422, "", "Give an amount for at least one charge.")),
    (refusals.NoSuchCharge("IN-1", 7), ("no_such_charge", 422, "", "IN-1 has no such charge.")),
    (refusals.ChargeNamedTwice([7, 7]), ("charge_named_twice", 422, "", "A note names each charge once.")),
    *(
        (
            above_charge(part),
            (
                "above_the_charge",
                422,
                field,
                f"“Plan”: SGD 50.00 {part} is more than what can still be given back: SGD 49.00.",
            ),
        )
        for part, field in (("net", "net_7"), ("tax", "tax_7"), ("net and tax", ""))
    ),
    (
        refusals.NoteAboveCharge("CN-1", D(10), "Plan", "IN-1", left=D(0), currency=SGD),
        (
            "note_above_charge",
            409,
            "",
            "CN-1 gives back SGD 10.00 of “Plan” on IN-1, where only SGD 0.00 is left."
            " Void it, and draft another one.",
        ),
    ),
    (
        refusals.NoteAboveCaps(uuid.UUID(int=7)),
        (
            "note_above_caps",
            409,
            "",
            "The note gives back more than its charges leave. Void it, and draft another one.",
        ),
    ),
    (
        refusals.NoteOfUncharged("CN-1"),
        ("note_of_uncharged", 409, "", "The note names a charge of an invoice that charges nothing."),
    ),
    (
        refusals.NoteNotSendable("CN-1", "void"),
        ("note_not_sendable", 409, "", "CN-1 is void, so it can't be marked as Sent."),
    ),
    (
        refusals.NoteNotSendable("CN-1", "applied"),
        ("note_not_sendable", 409, "", "CN-1 was marked as Sent already."),
    ),
    (
        refusals.SendingAsks((refusals.NothingNamed(), refusals.NothingTakenBack())),
        (
            "sending_asks",
            409,
            "",
            "Give an amount for at least one charge. Give an amount for at least one part.",
        ),
    ),
    (not_voidable("void"), ("note_not_voidable", 409, "", "CN-1 is void already.")),
    (
        not_voidable("allocated"),
        ("note_not_voidable", 409, "", "SGD 5.00 of CN-1 is allocated, so it can't be voided."),
    ),
    (
        not_voidable("settles"),
        ("note_not_voidable", 409, "", "CN-1 is the refund of a termination, so it can't be voided."),
    ),
    (
        not_voidable("taken_off"),
        (
            "note_not_voidable",
            409,
            "",
            "CN-1 was taken off the refund of a termination, so it can't be voided.",
        ),
    ),
    (
        refusals.NoteNotAllocatable("CN-1", "draft"),
        ("note_not_allocatable", 409, "", "CN-1 is a draft: mark it as Sent first."),
    ),
    (refusals.NoteNotAllocatable("CN-1", "void"), ("note_not_allocatable", 409, "", "CN-1 is void.")),
    (refusals.NoteNotAllocatable("CN-1", "applied"), ("note_not_allocatable", 409, "", "CN-1 is used up.")),
    (
        refusals.NothingToPutIn("CN-1"),
        (
            "nothing_to_put_in",
            409,
            "",
            "Nothing of CN-1 can be put into Available Credits: what was paid for the charges it gives back came"
            " back already. Allocate it to an invoice.",
        ),
    ),
    (
        refusals.NoteJustSettled("CN-1"),
        (
            "note_just_settled",
            409,
            "",
            "CN-1 has just become the refund of a termination. Send it again.",
        ),
    ),
    (
        refusals.NotTheSameCustomer("IN-1", organisation_name="Acme", currency=SGD),
        ("not_the_same_customer", 409, "invoice", "IN-1 is not an invoice of Acme in SGD."),
    ),
    (
        refusals.AmountAboveNote("CN-1", amount=D(60), left=D(50), currency=SGD),
        ("amount_above_note", 409, "amount", "SGD 60.00 is more than what is left of CN-1: SGD 50.00."),
    ),
    (refusals.NothingTakenBack(), ("nothing_taken_back", 422, "", "Give an amount for at least one part.")),
    (refusals.NoSuchPart(7), ("no_such_part", 422, "", "There is no such part.")),
    (
        refusals.AboveWhatIsThere("paid_7", amount=D(60), left=D(50), currency=SGD),
        (
            "above_what_is_there",
            409,
            "paid_7",
            "SGD 60.00 is more than what is still there: SGD 50.00.",
        ),
    ),
    (
        refusals.CameBackAlready("Plan", "IN-1", came_back=D(60), most=D(40), currency=SGD),
        (
            "came_back_already",
            409,
            "",
            "SGD 60.00 of what was paid for “Plan” on IN-1 came back already, so at most SGD 40.00 of it can be"
            " taken back. What is wrong beyond that is mended by a correction.",
        ),
    ),
    (
        refusals.CreditsDoNotCover(needed=D("20.5"), available=D("19.999999"), currency=SGD),
        (
            "credits_do_not_cover",
            409,
            "",
            "SGD 20.50 is needed in Available Credits, SGD 19.999999 is available.",
        ),
    ),
    (
        refusals.InsufficientCredits(needed=D("54"), available=D("12.4"), currency=SGD),
        ("insufficient_credits", 409, "", "SGD 54.00 is needed, SGD 12.40 is available."),
    ),
]


@pytest.mark.parametrize(("refusal", "expected"), TABLE)
def test_a_refusal_tells_code_status_field_and_words(refusal: frame.Refused, expected) -> None:
    assert told(refusal) == expected


def test_the_table_holds_every_refusal() -> None:
    assert coded("invoicing") == {type(refusal) for refusal, _ in TABLE}
