"""What the pages that write answer with: their form, their form with a refusal, or the way on."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from invoicing.models import CreditNote
from portal import frame
from portal.lib import htmx
from portal.lib.http import Request


def page(request: Request, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Answer with a form."""
    return htmx.render_page(
        request,
        page=f"invoicing/{name}_form.html",
        fragment=f"invoicing/_{name}_form.html",
        context=context,
        status=status,
    )


def refused(
    request: Request, name: str, context: dict[str, Any], form: forms.Form, refusal: frame.Refused
) -> HttpResponse:
    """Answer with a form that says why nothing was written."""
    return page(request, name, context, status=frame.put_into(form, refusal))


def done(request: Request, sentence: str, address: str) -> HttpResponse:
    """Say what was written, and lead on."""
    messages.success(request, sentence)
    return htmx.lead_to(request, address)


def note_address(note: CreditNote) -> str:
    """Give the address of a credit note."""
    return reverse("invoicing:credit_note", args=[note.uuid])
