"""Examples for the style guide: every component in every state, with made-up data and no query."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from customers.models import Organisation
from portal.lib import forms as fields
from portal.lib.http import Request
from portal.lib.lists import filters

UUID = "4c1f6f0e-6d2b-4a53-9c0e-0d6a3b1f7e21"

STATUSES = (
    "active",
    "expired",
    "terminated",
    "suspended",
    "draft",
    "sent",
    "partly_applied",
    "applied",
    "void",
    "awaiting_payment",
    "paid",
    "pending",
    "in_use",
    "reserved",
    "free",
    "credited",
    "credit_note_linked",
    "on",
    "off",
)
ICONS = (
    "settings",
    "shield",
    "log-out",
    "sun",
    "moon",
    "monitor",
    "search",
    "x",
    "check",
    "circle-check",
    "circle-alert",
    "triangle-alert",
    "info",
    "circle-dot",
    "circle-dashed",
    "circle-slash",
    "circle-pause",
    "circle-stop",
    "clock",
    "arrow-right",
    "arrow-left",
    "chevron-right",
    "chevron-left",
    "chevron-down",
    "copy",
    "plus",
    "download",
    "inbox",
    "wallet",
    "banknote",
    "ban",
    "history",
    "mail",
    "package",
    "send",
    "people",
    "invoice",
    "credit-note",
    "audit",
)
TONES = ("info", "success", "warning", "danger")


@dataclass(frozen=True)
class Link:
    label: str
    url: str
    is_current: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Fact:
    term: str
    value: str
    hint: str = ""


@dataclass(frozen=True)
class RefundRow:
    cycle: str
    note: str
    charged: str
    paid: str
    refund: str


class ExampleForm(fields.Form):
    """Show each kind of field the flows use."""

    takes_focus = False

    reason = fields.ChoiceField(
        label="Reason",
        choices=[fields.UNCHOSEN, ("moved", "Moved to another provider"), ("closed", "Business closed")],
    )
    explanation = fields.TextField(label="Explanation", max_length=2000, help_text="Up to 2,000 characters.")
    requested_on = fields.DayField(label="Requested on")
    ticket_reference = fields.LineField(
        label="Ticket reference", required=False, help_text="Optional for this reason."
    )
    settlement = fields.ChoiceField(
        label="How is the refund made?",
        widget=fields.Radios,
        choices=[("note", "Choose from Invoice app"), ("credits", "No credit note has been sent")],
    )
    acknowledged = forms.BooleanField(label="I have seen that CN-0000012 was sent and is not used for this refund")


class ExampleFilters(filters.Filters):
    """Show the filters of a list."""

    more = ("expires_from",)

    q = filters.Search("Search")
    status = filters.Choice("Status", choices=[("active", "Active"), ("expired", "Expired")])
    expires_from = filters.From("Expires from", "expires_on")


def context(request: Request, *, at: datetime) -> dict[str, Any]:
    """Give the examples of the style guide."""
    filled = {
        "guide-reason": "moved",
        "guide-explanation": "The customer moved to another provider.",
        "guide-requested_on": "2025-11-03",
        "guide-settlement": "credits",
        "guide-acknowledged": "on",
    }
    # Nothing is looked for: the rows below are made up.
    asked = ExampleFilters({"status": "active"}, queryset=Organisation.objects.none(), request=request, at=at)
    faulty = {"faulty-explanation": " ", "faulty-requested_on": "tomorrow", "faulty-reason": ""}
    return {
        "statuses": STATUSES,
        "tones": TONES,
        "uuid": UUID,
        "tabs": [
            Link("Overview", "#"),
            Link("Subscriptions", "#", is_current=True, count=12),
            Link("Payment", "#"),
            Link("Invoices", "#", count=48),
            Link("Members", "#"),
            Link("History", "#"),
        ],
        "facts": [
            Fact("Organisation", "Ümlaut & Sons"),
            Fact("Plan", "SIP Trunk, 10 channels", "SKU SIP-10"),
            Fact("Contract", ""),
            Fact("Billing model", "1 month a cycle"),
            Fact("Expiry date", "15 December 2025"),
            Fact("Auto-renewal", "On", "Renews on 8 December 2025"),
        ],
        "refund_rows": [
            RefundRow("7 earlier cycles", "Over: nothing comes back", "SGD 350.00", "SGD 350.00", "SGD 0.00"),
            RefundRow("16 Nov – 15 Dec 2025", "Running, within 14 days", "SGD 50.00", "SGD 50.00", "SGD 50.00"),
            RefundRow("16 Dec 2025 – 15 Jan 2026", "Not begun", "SGD 50.00", "SGD 50.00", "SGD 50.00"),
        ],
        "step_numbers": (1, 2, 3, 4),
        "form": ExampleForm(filled, prefix="guide"),
        "faulty_form": ExampleForm(faulty, prefix="faulty"),
        "list_filters": {"form": asked.form, "filters": asked, "address": request.path, "target": ""},
        "icons": ICONS,
    }
