"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(
    names.INVOICES,
    {
        "credit_note.allocated": "Credit note allocated",
        "credit_note.created": "Credit note created",
        "credit_note.put_in": "Credit note put into Available Credits",
        "credit_note.sent": "Credit note sent",
        "credit_note.taken_back": "Credit note taken back",
        "credit_note.voided": "Credit note voided",
        "payment.recorded": "Payment recorded",
        "payment.taken_back": "Payment taken back",
    },
)
