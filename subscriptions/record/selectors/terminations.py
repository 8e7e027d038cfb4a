"""Read the record of a termination, and what the portal says right after it."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass

from customers.models import LedgerEntry
from portal.lib import days, money
from subscriptions.models import Termination
from subscriptions.policies.identity import Identity
from subscriptions.record.selectors import details
from subscriptions.selectors import naming
from subscriptions.termination.quote import figures
from subscriptions.termination.words import preview as words_preview
from subscriptions.termination.words import scheduled, told


@dataclass(frozen=True)
class TerminationRecord:
    """The record of one termination."""

    uuid: uuids.UUID
    subscription_uuid: uuids.UUID
    organisation_uuid: uuids.UUID
    organisation_name: str
    identity: Identity
    sentences: tuple[str, ...]
    figures: tuple[figures.Shown, ...]
    request: tuple[details.Term, ...]
    settlement: tuple[details.Term, ...]
    settlement_code: str
    settlement_label: str
    explanation: str
    acknowledgements: tuple[str, ...]
    credit_note_uuid: uuids.UUID | None
    credit_note_number: str
    preview: words_preview.Preview | None
    shown_before: str
    corrections: tuple[details.Term, ...]


def find_termination(termination_uuid: uuids.UUID) -> Termination:
    """Read one termination with what its record shows, in one query.

    *Raises*: Termination.DoesNotExist.
    """
    found = Termination.objects.select_related(
        "subscription__plan__product",
        "subscription__contract_item__contract",
        "organisation",
        "reason",
        "config_version",
        "credit_note",
        "request",
    )
    termination: Termination = naming.with_identity(found, subscription="subscription").get(uuid=termination_uuid)
    return termination


def termination_record(termination: Termination) -> TerminationRecord:
    """Write a termination from `find_termination` in words.

    One query, for the corrections that name it, and those of `told.result_of`.
    """
    note = termination.credit_note
    currency = termination.currency
    at = termination.terminated_at
    there = days.wall_clock(termination.organisation.timezone, at=at)
    request = [
        details.Term("Case", termination.get_case_display()),
        details.Term(
            "Terminated on",
            days.display(termination.terminated_on),
            f"recorded {days.moment(there)}; {days.moment(at)}",
        ),
        details.Term("By", termination.actor, termination.get_actor_kind_display()),
    ]
    if termination.request:
        asked = termination.request
        request.append(
            details.Term(
                "On behalf of",
                asked.actor,
                f"scheduled on {days.display(asked.asked_on)}; estimated then: {scheduled.estimate(asked.quote)}",
            )
        )
    if termination.case == "customer_request" and termination.requested_on:
        request += [
            details.Term("Reason", termination.reason.label if termination.reason else ""),
            details.Term("Requested by", termination.requested_by),
            details.Term("Requested on", days.display(termination.requested_on)),
            details.Term("Channel", termination.get_channel_display()),
            details.Term("Ticket reference", termination.ticket),
        ]
    result = told.result_of(termination)
    return TerminationRecord(
        uuid=termination.uuid,
        subscription_uuid=termination.subscription.uuid,
        organisation_uuid=termination.organisation.uuid,
        organisation_name=termination.organisation.name,
        identity=naming.identity_of(termination.subscription, row=termination),
        sentences=result.sentences,
        figures=result.figures,
        request=tuple(request),
        settlement=(
            details.Term("Choice", termination.get_choice_display() if termination.choice != "none" else ""),
            details.Term(
                "Portal Config",
                f"Version {termination.config_version.number}" if termination.config_version else "",
                words_preview.settled_under(termination.quote) if termination.quote else "",
            ),
        ),
        settlement_code=termination.settlement,
        settlement_label=termination.get_settlement_display(),
        explanation=termination.explanation,
        acknowledgements=tuple(item["text"] for item in termination.acknowledgements),
        credit_note_uuid=note.uuid if note else None,
        credit_note_number=note.number if note else "",
        # What has expired is stored without lines; older records have them.
        preview=words_preview.preview_of(termination.quote)
        if termination.quote and "lines" in termination.quote
        else None,
        shown_before=_shown_before(termination),
        corrections=tuple(
            details.Term(
                days.display(entry.on), money.display_balance(entry.amount, currency=currency), entry.description
            )
            # By the cause alone, which has few entries: of a kind there are many.
            for entry in LedgerEntry.objects.filter(cause_id=termination.uuid).order_by("pk")
            if entry.kind == LedgerEntry.Kind.CORRECTION
        ),
    )


def _shown_before(termination: Termination) -> str:
    """Say what the preview of a record is: what was shown, and how it was chosen over."""
    if termination.case == "expired":
        return "What had been charged and paid when it ended."
    if termination.credit_note:
        return (
            "The total refund as it was shown. A credit note was chosen as the refund, so that the system neither "
            "refunded nor waived any of it."
        )
    if not termination.quote or not termination.quote["terms"]["allow_refund"]:
        return "The total refund as it was shown. Allow Refund was off, so that none of it was refunded or waived."
    return "The total refund as it was shown, and applied."
