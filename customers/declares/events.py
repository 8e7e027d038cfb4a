"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(
    names.CUSTOMERS,
    {
        "contacts.changed": "Contacts changed",
        "correction.posted": "Correction posted",
        "credits.topped_up": "Topped up",
        "tax_exemption.changed": "Tax exemption changed",
        "search_keys.written": "Search keys written",
    },
)
