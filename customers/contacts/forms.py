"""The form of an organisation's contacts."""

from __future__ import annotations

from dataclasses import asdict

from customers.contacts import operations
from customers.models import Organisation
from portal.lib import forms as fields


class ContactsForm(fields.Form):
    """Name, addresses and reference. `seen` holds the values that the page showed."""

    seen = fields.SeenField(of=operations.Contacts)
    name = fields.LineField(
        label=operations.LABELS["name"], max_length=Organisation._meta.get_field("name").max_length
    )
    owner_email = fields.AddressField(
        label=operations.LABELS["owner_email"],
        required=False,
        help_text="Messages go here while there is no billing e-mail.",
    )
    billing_email = fields.AddressField(
        label=operations.LABELS["billing_email"], required=False, help_text="Messages to the customer go here."
    )
    customer_reference = fields.LineField(
        label=operations.LABELS["customer_reference"],
        required=False,
        max_length=Organisation._meta.get_field("customer_reference").max_length,
        help_text="How this customer is called elsewhere.",
    )

    @classmethod
    def showing(cls, contacts: operations.Contacts) -> ContactsForm:
        """Build the form that shows the current contacts."""
        return cls(initial={**asdict(contacts), "seen": contacts})

    def values(self) -> operations.Contacts:
        """Give the contacts of a valid form."""
        return operations.Contacts(**{name: self.cleaned_data[name] for name in operations.LABELS})
