"""Lists, documents, and the tab of a customer's page."""

import uuid as uuids
from typing import Any

from django import forms as django_forms
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from customers import selectors as customers_selectors
from customers import tab_bar
from customers.models import Organisation
from invoicing import forms, selectors
from invoicing.models import CreditNote, Invoice
from portal.lib import htmx
from portal.lib.http import Request


@require_safe
@permission_required("invoicing.view_invoice", raise_exception=True)
def invoice_list(request: Request) -> HttpResponse:
    """List invoices, filtered by number, status and kind."""
    form = forms.InvoiceFilterForm(request.GET)
    before, after = _keys(request)
    page = None
    if form.is_valid():
        page = selectors.invoices(
            search=form.cleaned_data["q"],
            status=form.cleaned_data["status"],
            kind=form.cleaned_data["kind"],
            before=before,
            after=after,
        )
    return _list(request, form=form, page=page, name="invoice")


@require_safe
@permission_required("invoicing.view_creditnote", raise_exception=True)
def credit_note_list(request: Request) -> HttpResponse:
    """List credit notes, filtered by number and status."""
    form = forms.NoteFilterForm(request.GET)
    before, after = _keys(request)
    page = None
    if form.is_valid():
        page = selectors.credit_notes(
            search=form.cleaned_data["q"], status=form.cleaned_data["status"], before=before, after=after
        )
    return _list(request, form=form, page=page, name="credit_note")


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
    before, after = _keys(request)
    notes_before, notes_after = _keys(request, prefix="notes_")
    invoices = selectors.invoices(organisation_uuid=uuid, before=before, after=after)
    notes = selectors.credit_notes(organisation_uuid=uuid, before=notes_before, after=notes_after)
    context = {
        "invoices": invoices.rows,
        "notes": notes.rows,
        **_links(request, newer=invoices.newer, older=invoices.older),
        **_links(request, newer=notes.newer, older=notes.older, prefix="notes_"),
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


def _list(request: Request, *, form: django_forms.Form, page: Any, name: str) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "rows": page.rows if page else (),
        "is_filtered": any(request.GET.get(field) for field in form.fields),
    }
    if page:
        context |= _links(request, newer=page.newer, older=page.older)
    return htmx.render_page(
        request,
        page=f"invoicing/{name}_list.html",
        fragment=f"invoicing/_{name}_list.html",
        context=context,
        status=200 if page else 422,
    )


def _keys(request: Request, *, prefix: str = "") -> tuple[int | None, int | None]:
    form = forms.KeyForm(request.GET)
    if not form.is_valid():
        raise Http404("There is no such page of the list.")
    return form.cleaned_data[f"{prefix}before"], form.cleaned_data[f"{prefix}after"]


def _links(request: Request, *, newer: int | None, older: int | None, prefix: str = "") -> dict[str, str]:
    links = {}
    for word, key, value in (("newer", "after", newer), ("older", "before", older)):
        query = request.GET.copy()
        for old in ("before", "after"):
            query.pop(f"{prefix}{old}", None)
        if value is not None:
            query[f"{prefix}{key}"] = str(value)
        links[f"{prefix}{word}_url"] = f"{request.path}?{query.urlencode()}" if value is not None else ""
    return links
