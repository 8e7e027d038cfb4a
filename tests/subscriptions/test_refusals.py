"""What the refusals about subscriptions tell."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest

from portal.lib import days
from subscriptions.clean_up.operations import counts
from subscriptions.life import refusals as life
from subscriptions.policies import renewals, standing
from subscriptions.record import refusals as record
from subscriptions.record.selectors import corrections
from subscriptions.requests import refusals as scheduled
from subscriptions.termination import refusals, steps
from subscriptions.termination.quote.acknowledgements import Acknowledgement
from tests.support import refusals as support

DAY = dt.date(2026, 3, 10)
QUOTE: Any = None
ENDED = standing.Ended(by="maria", on=DAY, time="17:00 (Asia/Singapore)")
TO_CONFIRM = (Acknowledgement("a", note="", text="One."), Acknowledgement("b", note="", text="Two."))
OUT_OF_RANGE = refusals.CreditsOutOfRange(amount=Decimal(50), balance=Decimal("9999999999999.98"), currency="SGD")
OF_A_NOTE = refusals.CreditsOutOfRange(
    amount=Decimal(50), balance=Decimal("9999999999999.98"), currency="SGD", note="CN-1"
)
BALANCE = (
    "Not all of SGD 50.00 can be added: the balance is SGD 9,999,999,999,999.98, and an account holds less "
    "than SGD 10,000,000,000,000.00. Nothing was written. "
)
TABLE = [
    (
        refusals.NotYetTerminable(standing.NotYet(DAY, terminable_from=dt.date(2026, 4, 8))),
        ("not_yet_terminable", 409, ""),
        "This subscription expired on 10 March 2026. It can be terminated from 8 April 2026.",
    ),
    (
        refusals.AlreadyTerminated(ENDED, termination_uuid=uuid.uuid4()),
        ("already_terminated", 409, ""),
        "This subscription was already terminated by maria on 10 March 2026 at 17:00 (Asia/Singapore). "
        "A termination cannot be undone.",
    ),
    (
        refusals.EndHasCome(DAY),
        ("scheduled_end_has_come", 409, ""),
        "The end of it is scheduled for 10 March 2026, and that day has come: the night after it carries it out. "
        "Withdraw the scheduled end if it is no longer wanted.",
    ),
    (
        refusals.NotScheduled(),
        ("scheduled_end_not_open", 409, ""),
        "This scheduled end is no longer open: it was withdrawn or carried out. Open the subscription again to see "
        "what became of it.",
    ),
    (
        refusals.DayNotOver(DAY),
        ("scheduled_day_not_over", 409, ""),
        "The end was asked for 10 March 2026. It can be carried out when that day is over where the customer is.",
    ),
    (
        life.EndIsScheduled(DAY),
        ("end_scheduled_after_expiry", 409, ""),
        "Its end is scheduled for 10 March 2026, after the last day that is charged. Withdraw that first to let it "
        "expire.",
    ),
    (
        scheduled.AskedAlready(DAY, by="maria"),
        ("end_already_scheduled", 409, ""),
        "Its end is scheduled for 10 March 2026 already, by maria. Withdraw that first to choose another day.",
    ),
    (
        scheduled.NotActive(DAY),
        ("end_of_expired", 409, ""),
        "This subscription expired on 10 March 2026; there is nothing to end later.",
    ),
    (
        scheduled.NotAhead(DAY),
        ("end_not_ahead", 422, "ends_on"),
        "Give 10 March 2026 or a later day. To end it today, choose “Terminate”.",
    ),
    (
        scheduled.AfterExpiry(DAY),
        ("end_after_expiry", 422, "ends_on"),
        "Auto-renewal is off, so it expires on 10 March 2026. Give that day or an earlier one.",
    ),
    (
        scheduled.EstimateChanged(QUOTE, ends_on=DAY),
        ("estimate_changed", 409, ""),
        "The estimate is no longer true. This is how it is now.",
    ),
    (
        scheduled.WhyMissing(),
        ("withdrawal_reason_missing", 422, "reason"),
        "This is empty; expected why it is withdrawn.",
    ),
    (
        scheduled.WhyTooLong(count=2001, most=2000),
        ("withdrawal_reason_too_long", 422, "reason"),
        "This has 2,001 characters; expected at most 2,000.",
    ),
    (
        scheduled.NoneOpen(),
        ("no_scheduled_end", 409, ""),
        "No end is scheduled: it was withdrawn or carried out already.",
    ),
    (refusals.QuoteChanged(QUOTE, seen={}), ("preview_changed", 409, ""), "The preview is no longer true."),
    (
        refusals.CreditNoteNotUsable("CN-1"),
        ("credit_note_not_usable", 422, "note"),
        "Credit note CN-1 cannot be chosen for this refund. Choose one of the list.",
    ),
    (
        refusals.CreditNoteChanged(QUOTE, number="CN-1"),
        ("credit_note_changed", 409, "note"),
        "Credit note CN-1 changed since it was shown. This is how it is now.",
    ),
    (
        OUT_OF_RANGE,
        ("credits_out_of_range", 422, "choice"),
        f"{BALANCE}Choose a credit note as the refund, or ask billing to lower the balance by a correction first.",
    ),
    (
        OF_A_NOTE,
        ("credits_out_of_range", 422, "choice"),
        f"{BALANCE}Choose CN-1 without “Use the note now”, or ask billing to lower the balance by a correction "
        "first.",
    ),
    (
        refusals.AcknowledgementMissing(TO_CONFIRM),
        ("acknowledgement_missing", 422, "acknowledge"),
        "Please confirm: One. Two.",
    ),
    (
        refusals.ExplanationMissing(2000),
        ("explanation_missing", 422, "explanation"),
        "This is empty; expected a text of at most 2,000 characters.",
    ),
    (
        refusals.ExplanationTooLong(2001, most=2000),
        ("explanation_too_long", 422, "explanation"),
        "This has 2,001 characters; expected at most 2,000.",
    ),
    (
        refusals.RequestMissing(),
        ("request_missing", 422, "reason"),
        "Say who asked for the termination, when, how and why.",
    ),
    (
        refusals.RequestNotAsked(),
        ("request_not_asked", 422, "explanation"),
        "The subscription has expired: only an explanation is asked.",
    ),
    (
        refusals.RequestedInTheFuture(DAY),
        ("requested_in_the_future", 422, "requested_on"),
        "This day is in the future; expected 10 March 2026 or an earlier day.",
    ),
    (
        refusals.RequestedBeforeItBegan(DAY),
        ("requested_before_it_began", 422, "requested_on"),
        "The subscription began on 10 March 2026; nobody can have asked before that day.",
    ),
    (
        refusals.ReasonNotOffered("gone"),
        ("reason_not_offered", 422, "reason"),
        "This reason is no longer offered. Choose another one.",
    ),
    (
        refusals.TicketMissing("Quality"),
        ("ticket_missing", 422, "ticket"),
        "The reason “Quality” needs a ticket reference.",
    ),
    (refusals.RequesterMissing(), ("requester_missing", 422, "requested_by"), "This is empty; expected a name."),
    (
        refusals.ChannelUnknown("pigeon"),
        ("channel_unknown", 422, "channel"),
        "What was chosen is not in the list; expected one of the list.",
    ),
    (
        steps.PreviewTooLarge(),
        ("preview_too_large", 422, ""),
        "This subscription has more cycles and charges than one preview can carry, so it cannot be terminated "
        "here. Nothing was written. Tell whoever runs the portal.",
    ),
    (
        steps.SealTooOld(QUOTE),
        ("preview_too_old", 409, ""),
        "The preview is older than 30 minutes; this is a new one.",
    ),
    (
        steps.SealOfSomebodyElse(QUOTE),
        ("preview_of_somebody_else", 409, ""),
        "The preview was made for somebody else; this is yours.",
    ),
    (
        steps.SealUnreadable(QUOTE),
        ("preview_unreadable", 422, ""),
        "The preview could not be read; this is a new one.",
    ),
    (
        life.HasExpired(DAY),
        ("subscription_expired", 409, ""),
        "This subscription expired on 10 March 2026; it no longer renews.",
    ),
    (
        life.NotRenewable(renewals.NotDueYet(DAY)),
        ("not_renewable", 409, ""),
        f"It renews from {days.display(DAY)}.",
    ),
    (
        life.RenewalShownTooLongAgo(None),
        ("renewal_shown_too_long_ago", 409, ""),
        "This was shown more than 30 minutes ago. This is how it is now.",
    ),
    (
        life.RenewalChanged(None),
        ("renewal_changed", 409, ""),
        "What the next cycle costs has changed since it was shown. This is how it is now.",
    ),
    (life.TrialDoesNotRenew(), ("trial_does_not_renew", 409, ""), "A trial does not renew."),
    (life.AlreadySo(wanted=True), ("auto_renewal_already_so", 409, ""), "Auto-renewal is on already."),
    (life.AlreadySo(wanted=False), ("auto_renewal_already_so", 409, ""), "Auto-renewal is off already."),
    (
        counts.TooManyDue(due=1200, allowed=1000),
        ("too_many_due", 409, ""),
        "1,200 subscriptions would be terminated, more than 1,000 (the larger of 1,000 and 10 % of those not yet "
        "terminated). Look at them with --dry-run --report FILE; if they are right, say how many may be: "
        "--max 1200.",
    ),
    (
        record.GivesBackAboveCharged(
            given=corrections.GivenBack(
                termination_uuid=uuid.UUID(int=7),
                currency="SGD",
                charged=Decimal(150),
                by_charge=Decimal(50),
                corrections=Decimal(99),
            ),
            more=Decimal("1.000001"),
        ),
        ("gives_back_above_charged", 409, ""),
        "With this, notes, waivers, refunds and corrections of the termination "
        "00000000-0000-0000-0000-000000000007 come to SGD 150.000001, which is more than its charges: SGD 150.00.",
    ),
]


@pytest.mark.parametrize(("refusal", "coded", "words"), TABLE)
def test_what_it_tells(refusal, coded, words):
    assert support.told(refusal) == (*coded, words)


def test_all_are_here():
    assert {type(row[0]) for row in TABLE} == support.coded("subscriptions")
