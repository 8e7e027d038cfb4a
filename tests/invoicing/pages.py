"""Addresses and words of the pages of the Invoice app, and what somebody fills in there."""

import re
import uuid

from django.urls import reverse

from invoicing.models import CreditNote

HTMX = {"HX-Request": "true"}


def url(name, *args):
    return reverse(f"invoicing:{name}", args=args)


def text_of(response):
    """The words of the page, without markup, white space squeezed."""
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", words).replace("&amp;", "&")


def is_page(response):
    return b"<html" in response.content


def payment_of(invoice, amount, **changed):
    wanted = {
        "request_id": uuid.uuid4(),
        "amount": amount,
        "method": "bank_transfer",
        "received_on": "2026-03-01",
        "reference": "FT 12",
    }
    return wanted | changed


def because(reason="Agreed with Ms Tan."):
    return {"request_id": uuid.uuid4(), "reason": reason}


def draft_of(client, invoice, **changed):
    line = invoice.lines.first()
    data = {"request_id": uuid.uuid4(), "reason": "Line fault", f"whole_{line.pk}": "on"} | changed
    response = client.post(url("create_credit_note", invoice.uuid), data)
    assert response.status_code == 303, text_of(response)
    return CreditNote.objects.latest("pk")
