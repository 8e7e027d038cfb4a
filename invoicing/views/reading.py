"""Lists, documents, and the tab of a customer's page."""

import uuid as uuids

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from customers import selectors as customers_selectors
from customers import tab_bar
from customers.models import Organisation
from invoicing import selectors
from invoicing.lists import INVOICES, NOTES, PAYMENTS
from invoicing.models import CreditNote, Invoice
from portal.lib import htmx, lists
from portal.lib.http import Request

invoice_list = lists.page(INVOICES)
credit_note_list = lists.page(NOTES)
payment_list = lists.page(PAYMENTS)


@require_safe
@permission_required("invoicing.view_invoice", raise_exception=True)
def invoice(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show one invoice with its charges, payments and the notes that name them."""
    return htmx.render_page(
        request,
        page="invoicing/invoice.html",
        fragment="invoicing/_invoice.html",
        context={
            "invoice": invoice_or_404(uuid),
            "may_take_back": request.user.has_perm("invoicing.take_back"),
        },
    )


@require_safe
@permission_required("invoicing.view_creditnote", raise_exception=True)
def credit_note(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show one credit note."""
    return htmx.render_page(
        request,
        page="invoicing/credit_note.html",
        fragment="invoicing/_credit_note.html",
        context={"note": note_or_404(uuid)},
    )


@require_safe
@permission_required("invoicing.view_invoice", raise_exception=True)
def tab(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show the invoices and credit notes of one organisation."""
    try:
        header = customers_selectors.organisation_header(uuid)
    except Organisation.DoesNotExist as error:
        raise Http404("There is no such organisation.") from error
    of_theirs = {"organisation_id": header.id}
    without = ("Organisation",)
    context = {
        "invoices": lists.show(
            request,
            INVOICES,
            rows=selectors.invoices().filter(**of_theirs),
            without=without,
            target="",
            empty=lists.Empty("No invoices", "Nothing was charged to this organisation yet.", "invoice"),
            is_part=True,
        ),
        "notes": lists.show(
            request,
            NOTES,
            rows=selectors.credit_notes().filter(**of_theirs),
            prefix="notes_",
            without=without,
            target="",
            empty=lists.Empty(
                "No credit notes", "Open an invoice to create one against its charges.", "credit-note"
            ),
            is_part=True,
        ),
    }
    return tab_bar.page(
        request, organisation=header, tab="invoices", fragment="invoicing/_tab.html", context=context
    )


def invoice_or_404(uuid: uuids.UUID) -> selectors.InvoiceDetails:
    """Give an invoice, or the page that says there is none."""
    try:
        return selectors.invoice_details(uuid)
    except Invoice.DoesNotExist as error:
        raise Http404("There is no such invoice.") from error


def note_or_404(uuid: uuids.UUID) -> selectors.NoteDetails:
    """Give a credit note, or the page that says there is none."""
    try:
        return selectors.note_details(uuid)
    except CreditNote.DoesNotExist as error:
        raise Http404("There is no such credit note.") from error
