"""Declare which credit notes need somebody."""

from invoicing.lists import NOTES
from invoicing.models import CreditNote
from portal.lib import attention

attention.declare(
    attention.Box(
        code="unlinked_notes",
        order=500,
        of=NOTES,
        address="invoicing:credit_note_list",
        advice="Apply them to invoices, put them into Available Credits, or void them.",
        lines=(
            attention.Line(
                "Sent credit notes that no termination links",
                {"status": CreditNote.Status.SENT.value, "linked": "no"},
            ),
        ),
    )
)
