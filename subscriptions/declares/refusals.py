"""Declare what the refusals about subscriptions say."""

from __future__ import annotations

from decimal import Decimal

from portal import frame
from portal.lib import days, mistakes, money
from subscriptions.clean_up.operations import counts
from subscriptions.life import refusals as life
from subscriptions.policies import renewals, standing
from subscriptions.record import refusals as record
from subscriptions.record.selectors import corrections
from subscriptions.requests import refusals as scheduled
from subscriptions.termination import refusals, steps


def _credits_out_of_range(refusal: refusals.CreditsOutOfRange) -> str:
    currency, note = refusal.currency, refusal.note
    way = f"Choose {note} without “Use the note now”" if note else "Choose a credit note as the refund"
    return (
        f"Not all of {money.display(refusal.amount, currency=currency)} can be added: the balance is "
        f"{money.display_balance(refusal.balance, currency=currency)}, and an account holds less than "
        f"{money.display(Decimal(10) ** 13, currency=currency)}. Nothing was written. {way}, "
        "or ask billing to lower the balance by a correction first."
    )


def _too_many_due(refusal: counts.TooManyDue) -> str:
    return (
        f"{refusal.due:,} subscriptions would be terminated, more than {refusal.allowed:,} (the larger of 1,000 "
        "and 10 % of those not yet terminated). Look at them with --dry-run --report FILE; if they are right, say "
        f"how many may be: --max {refusal.due}."
    )


frame.declare(
    {
        refusals.NotYetTerminable: lambda refusal: standing.why_not_terminable(refusal.why),
        refusals.AlreadyTerminated: lambda refusal: standing.why_not_terminable(refusal.why),
        refusals.EndHasCome: lambda refusal: (
            f"The end of it is scheduled for {days.display(refusal.ends_on)}, and that day has come: "
            "the night after it carries it out. Withdraw the scheduled end if it is no longer wanted."
        ),
        refusals.NotScheduled: (
            "This scheduled end is no longer open: it was withdrawn or carried out. Open the subscription again to "
            "see what became of it."
        ),
        refusals.DayNotOver: lambda refusal: (
            f"The end was asked for {days.display(refusal.ends_on)}. It can be carried out when that day is over "
            "where the customer is."
        ),
        refusals.QuoteChanged: "The preview is no longer true.",
        refusals.CreditNoteNotUsable: lambda refusal: (
            f"Credit note {refusal.number} cannot be chosen for this refund. Choose one of the list."
        ),
        refusals.CreditNoteChanged: lambda refusal: (
            f"Credit note {refusal.number} changed since it was shown. This is how it is now."
        ),
        refusals.CreditsOutOfRange: _credits_out_of_range,
        refusals.AcknowledgementMissing: lambda refusal: (
            "Please confirm: " + " ".join(item.text for item in refusal.missing)
        ),
        refusals.ExplanationMissing: lambda refusal: mistakes.empty(
            right=f"a text of at most {refusal.most:,} characters"
        ),
        refusals.ExplanationTooLong: lambda refusal: mistakes.too_long(count=refusal.count, most=refusal.most),
        refusals.RequestMissing: "Say who asked for the termination, when, how and why.",
        refusals.RequestNotAsked: "The subscription has expired: only an explanation is asked.",
        refusals.RequestedInTheFuture: lambda refusal: mistakes.in_the_future(today=refusal.today),
        refusals.RequestedBeforeItBegan: lambda refusal: standing.why_too_early(refusal.began),
        refusals.ReasonNotOffered: "This reason is no longer offered. Choose another one.",
        refusals.TicketMissing: lambda refusal: f"The reason “{refusal.reason_label}” needs a ticket reference.",
        refusals.RequesterMissing: mistakes.empty(right="a name"),
        refusals.ChannelUnknown: mistakes.NOT_IN_LIST,
        steps.PreviewTooLarge: (
            "This subscription has more cycles and charges than one preview can carry, so it cannot be terminated "
            "here. Nothing was written. Tell whoever runs the portal."
        ),
        steps.SealTooOld: "The preview is older than 30 minutes; this is a new one.",
        steps.SealOfSomebodyElse: "The preview was made for somebody else; this is yours.",
        steps.SealUnreadable: "The preview could not be read; this is a new one.",
        life.HasExpired: lambda refusal: (
            f"This subscription expired on {days.display(refusal.expired_on)}; it no longer renews."
        ),
        life.EndIsScheduled: lambda refusal: (
            f"Its end is scheduled for {days.display(refusal.ends_on)}, after the last day that is charged. "
            "Withdraw that first to let it expire."
        ),
        life.TrialDoesNotRenew: "A trial does not renew.",
        life.AlreadySo: lambda refusal: f"Auto-renewal is {'on' if refusal.wanted else 'off'} already.",
        life.NotRenewable: lambda refusal: renewals.why_not_renewed(refusal.why),
        life.RenewalShownTooLongAgo: "This was shown more than 30 minutes ago. This is how it is now.",
        life.RenewalChanged: "What the next cycle costs has changed since it was shown. This is how it is now.",
        counts.TooManyDue: _too_many_due,
        scheduled.AskedAlready: lambda refusal: (
            f"Its end is scheduled for {days.display(refusal.ends_on)} already, by {refusal.by}. "
            "Withdraw that first to choose another day."
        ),
        scheduled.NotActive: lambda refusal: (
            f"This subscription expired on {days.display(refusal.expired_on)}; there is nothing to end later."
        ),
        scheduled.NotAhead: lambda refusal: (
            f"Give {days.display(refusal.first)} or a later day. To end it today, choose “Terminate”."
        ),
        scheduled.AfterExpiry: lambda refusal: (
            f"Auto-renewal is off, so it expires on {days.display(refusal.expires_on)}. "
            "Give that day or an earlier one."
        ),
        scheduled.EstimateChanged: "The estimate is no longer true. This is how it is now.",
        scheduled.WhyMissing: mistakes.empty(right="why it is withdrawn"),
        scheduled.WhyTooLong: lambda refusal: mistakes.too_long(count=refusal.count, most=refusal.most),
        scheduled.NoneOpen: "No end is scheduled: it was withdrawn or carried out already.",
        record.GivesBackAboveCharged: lambda refusal: corrections.sentence_above(refusal.given, more=refusal.more),
    }
)
