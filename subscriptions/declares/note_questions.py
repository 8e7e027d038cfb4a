"""Declare to the Invoice app what a note does to terminations that were corrected. Source: domain.md 5."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from invoicing import note_questions
from portal import frame
from subscriptions.record import refusals
from subscriptions.record.selectors import corrections


@note_questions.declare
def above_what_was_charged(amounts: Mapping[int, Decimal]) -> tuple[frame.Refused, ...]:
    """Ask where a note and corrections together would give back more than a termination's charges were charged."""
    return tuple(
        asks
        for given, more in corrections.corrected_with(amounts)
        if (asks := refusals.GivesBackAboveCharged.when(given, more=more))
    )
