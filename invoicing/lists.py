"""The lists of the Invoice app: invoices, credit notes, payments."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from moneyed import Money

from customers import naming
from invoicing import selectors
from invoicing.models import CreditNote, Invoice, Payment
from portal.lib import lists
from portal.lib.lists import cells, filters, paging

_ISSUED = lists.Sort(
    "issued",
    ("issued_on", "id"),
    ascending="earliest issue first",
    descending="latest issue first",
    may_be_empty=True,
)
_RECEIVED = lists.Sort(
    "received",
    ("received_on", "id"),
    ascending="earliest receipt first",
    descending="latest receipt first",
)
_AGES = (("30", "For 30 days or more"), ("60", "For 60 days or more"), ("90", "For 90 days or more"))


def _unpaid_for(count: str, asked: filters.Filters) -> Q:
    # An invoice has no time zone: its days are those of whoever issued it, and UTC's are near enough for an age.
    last = asked.today - timedelta(days=int(count))
    return Q(status=Invoice.Status.AWAITING_PAYMENT, issued_on__lte=last)


class _Number(filters.Search):
    """A part of a number. *Shape*: `field_name` is the key of the document in a row.

    A long part leads: few numbers have it, and an index finds them. A short one narrows: there may be a million of
    them, all of them old.
    """

    def __init__(
        self, label: str = "Number", field_name: str = "pk", *, of: type[Invoice] | type[CreditNote], **kwargs: Any
    ) -> None:
        self._of = of
        super().__init__(label, field_name, max_length=60, **kwargs)

    def leads(self, value: Any, *, sort: str) -> bool:
        return not selectors.is_short_part(value)

    def condition(self, value: Any) -> Q:
        asked = selectors.numbered(value, of=self._of)
        if selectors.is_short_part(value):
            asked &= selectors.has_in_order(value)
        meant = self._of.objects.filter(asked).values("pk")
        if selectors.is_long_part(value):
            return Q(paging.among(meant, field=self.field_name))
        return asked if self.field_name == "pk" else Q(**{f"{self.field_name}__in": meant})


class InvoiceFilters(filters.Filters):
    """What invoices can be filtered by."""

    more = ("issued_from", "issued_to", "unpaid", "kind", "currency", "amount_from", "amount_to")

    q = _Number(of=Invoice)
    organisation = naming.OrganisationFilter()
    status = filters.Choice("Status", "status", choices=Invoice.Status.choices, leads_in=("newest",))
    issued_from = filters.From("Issued from", "issued_on", leads_in=("issued",), needs="issued")
    issued_to = filters.To("Issued to", "issued_on", leads_in=("issued",), needs="issued")
    unpaid = filters.Choice("Unpaid", choices=_AGES, ask_with=_unpaid_for, leads_in=("issued",), needs="issued")
    kind = filters.Choice("Kind", "kind", choices=Invoice.Kind.choices)
    currency = filters.Currency()
    amount_from = filters.Amount("Charged at least", "charged", "gte")
    amount_to = filters.Amount("Charged at most", "charged", "lte")


INVOICES: lists.List[selectors.InvoiceRow] = lists.List(
    name="invoices",
    title="Invoices",
    about="What organisations were charged, and what of it is still open.",
    permission="invoicing.view_invoice",
    rows=selectors.invoices,
    read=selectors.invoice_rows,
    columns=(
        lists.Column(
            "Number",
            lambda row: cells.Link(row.number, cells.address("invoicing:invoice", row.uuid)),
            is_heading=True,
        ),
        *naming.columns(lambda row: row.organisation),
        lists.Column("Kind", lambda row: cells.Word(row.kind, Invoice.Kind(row.kind).label)),
        lists.Column("Status", lambda row: cells.Code(row.status), kind=cells.Code),
        lists.Column("Issued on", lambda row: row.issued_on, kind=cells.Day, sort="issued"),
        lists.Column("Currency", lambda row: str(row.charged.currency), on="file"),
        lists.Column("Charged", lambda row: row.charged, kind=Money),
        lists.Column("Open", lambda row: row.open, kind=Money),
    ),
    sorts=(lists.NEWEST, _ISSUED),
    filters=InvoiceFilters,
    empty=lists.Empty("No invoices yet", "They come with an import, or when a subscription is renewed.", "invoice"),
    no_match=lists.Empty(
        "No invoice matches",
        "Give three letters or digits of a number, or more; loosen a filter, or clear them all.",
    ),
    sums=(
        lists.Sum("Charged", "charged"),
        lists.Sum("Paid", "paid"),
        lists.Sum("Waived", "waived"),
    ),
    groups=(
        lists.Group("status", "Status", "status", dict(Invoice.Status.choices)),
        lists.Group("kind", "Kind", "kind", dict(Invoice.Kind.choices)),
    ),
)


class NoteFilters(filters.Filters):
    """What credit notes can be filtered by."""

    more = ("linked", "issued_from", "issued_to", "currency", "amount_from", "amount_to")

    q = _Number(of=CreditNote)
    organisation = naming.OrganisationFilter()
    status = filters.Choice("Status", "status", choices=CreditNote.Status.choices, leads_in=("newest",))
    linked = filters.Choice(
        "Termination",
        choices=(("yes", "Links it or took it off"), ("no", "None")),
        ask=lambda value: Q(holds__gt=0) if value == "yes" else Q(holds=0),
    )
    issued_from = filters.From("Issued from", "issued_on", leads_in=("issued",), needs="issued")
    issued_to = filters.To("Issued to", "issued_on", leads_in=("issued",), needs="issued")
    currency = filters.Currency()
    amount_from = filters.Amount("Total at least", "total", "gte")
    amount_to = filters.Amount("Total at most", "total", "lte")


NOTES: lists.List[selectors.NoteRow] = lists.List(
    name="credit-notes",
    title="Credit notes",
    about="What lowers what customers owe. A note is created on the page of an invoice.",
    permission="invoicing.view_creditnote",
    rows=selectors.credit_notes,
    read=selectors.note_rows,
    columns=(
        lists.Column(
            "Number",
            lambda row: cells.Link(row.number, cells.address("invoicing:credit_note", row.uuid)),
            is_heading=True,
        ),
        *naming.columns(lambda row: row.organisation),
        lists.Column("Invoice", lambda row: _invoice_of(row)),
        lists.Column("Status", lambda row: cells.Code(row.status), kind=cells.Code),
        lists.Column("Issued on", lambda row: row.issued_on, kind=cells.Day, sort="issued"),
        lists.Column("Currency", lambda row: str(row.total.currency), on="file"),
        lists.Column("Total", lambda row: row.total, kind=Money),
        lists.Column("Not allocated", lambda row: row.left, kind=Money),
    ),
    sorts=(lists.NEWEST, _ISSUED),
    filters=NoteFilters,
    empty=lists.Empty("No credit notes yet", "Open an invoice to create one against its charges.", "credit-note"),
    no_match=lists.Empty(
        "No credit note matches",
        "Give three letters or digits of a number, or more; loosen a filter, or clear them all.",
    ),
    sums=(lists.Sum("Total", "total"), lists.Sum("Allocated", "allocated")),
    groups=(lists.Group("status", "Status", "status", dict(CreditNote.Status.choices)),),
)


def _invoice_of(row: selectors.NoteRow | selectors.PaymentRow) -> cells.Link | None:
    if row.invoice_uuid is None:
        return None
    return cells.Link(row.invoice_number, cells.address("invoicing:invoice", row.invoice_uuid))


class PaymentFilters(filters.Filters):
    """What payments can be filtered by."""

    more = ("method", "currency", "amount_from", "amount_to", "actor", "reference")

    q = _Number("Invoice number", "invoice_id", of=Invoice, window=2_000)  # each is looked up
    organisation = naming.OrganisationFilter("invoice__organisation_id")
    received_from = filters.From("Received from", "received_on", leads_in=("received",), needs="received")
    received_to = filters.To("Received to", "received_on", leads_in=("received",), needs="received")
    method = filters.Choice("Method", "method", choices=Payment.Method.choices)
    currency = filters.Currency()
    amount_from = filters.Amount("Amount at least", "amount", "gte")
    amount_to = filters.Amount("Amount at most", "amount", "lte")
    actor = filters.Line("Recorded by", "actor", "icontains")
    reference = filters.Line("Reference", "reference", "icontains")


PAYMENTS: lists.List[selectors.PaymentRow] = lists.List(
    name="payments",
    title="Payments",
    about="What came in for invoices, by whom it was recorded, and what of it was taken back.",
    permission="invoicing.view_invoice",
    rows=selectors.payments,
    read=selectors.payment_rows,
    columns=(
        lists.Column("Received on", lambda row: row.received_on, kind=cells.Day, sort="received"),
        *naming.columns(lambda row: row.organisation),
        lists.Column("Invoice", lambda row: _invoice_of(row)),
        lists.Column("Method", lambda row: cells.Word(row.method, Payment.Method(row.method).label)),
        lists.Column("Reference", lambda row: row.reference, css="text-break"),
        lists.Column("Recorded by", lambda row: row.actor),
        lists.Column("Currency", lambda row: str(row.amount.currency), on="file"),
        lists.Column("Amount", lambda row: row.amount, kind=Money),
        lists.Column("Taken back", lambda row: row.taken_back if row.taken_back else None, kind=Money),
        lists.Column("Payment UUID", lambda row: row.uuid, on="file"),
    ),
    sorts=(lists.NEWEST, _RECEIVED),
    filters=PaymentFilters,
    empty=lists.Empty("No payments yet", "Open an invoice to record one.", "wallet"),
    no_match=lists.Empty("No payment matches", "Loosen a filter, or clear them all."),
    sums=(lists.Sum("Amount", "amount"),),
    groups=(lists.Group("method", "Method", "method", dict(Payment.Method.choices)),),
)
