"""The form of an organisation's tax exemption."""

from __future__ import annotations

from django import forms

from customers.exemption import operations
from portal.lib import forms as fields

LONGEST_REASON = 300


class ExemptionForm(fields.Form):
    """Whether taxes are charged, and why. `seen` holds what the page showed."""

    seen = fields.SeenField(of=operations.Exemption)
    is_tax_exempt = forms.BooleanField(
        label="Exempt from taxes",
        required=False,
        help_text="Ticked, what is charged here from now on bears no tax. What was charged keeps its tax.",
    )
    reason = fields.TextField(
        label="Reason",
        max_length=LONGEST_REASON,
        help_text="For the audit: the certificate and until when it is valid, for example.",
    )

    @classmethod
    def showing(cls, *, is_tax_exempt: bool) -> ExemptionForm:
        """Build the form that shows what is so."""
        return cls(
            initial={"is_tax_exempt": is_tax_exempt, "seen": operations.Exemption(is_tax_exempt=is_tax_exempt)}
        )
