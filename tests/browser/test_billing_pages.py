"""What billing staff do with payments, notes and balances: at every width, in both themes."""

import pytest
from django.urls import reverse

from customers.models import LedgerEntry
from tests.browser.looks import WALKED
from tests.support import factories

NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter GmbH"


@pytest.mark.parametrize("width", WALKED)
def test_the_pages_of_billing(visit, look, width):
    organisation = factories.OrganisationFactory.create(name=NAME, account="12.5")
    invoice = factories.invoice(organisation, amounts=[("100", "9"), ("50", "0")], paid=["0", "0"])
    note = factories.credit_note(organisation, net="50", line=invoice.lines.last(), status="draft")
    page = visit("billing", width=width)
    # A payment by charge, above what is open: the form comes back and asks once.
    page.goto(reverse("invoicing:record_payment", args=[invoice.uuid]))
    page.get_by_text("Say which charges it pays").click()
    page.get_by_label("Amount in SGD").fill("170")
    look(page, "billing-payment")
    page.get_by_role("button", name="Record payment").click()
    page.get_by_text("Shall the other SGD 11.00 go into Available Credits?").wait_for()
    look(page, "billing-question")
    page.get_by_label("Yes, put SGD 11.00 into Available Credits").check()
    page.get_by_role("button", name="Record payment").click()
    page.get_by_text("SGD 11.00 of it went into Available Credits.").wait_for()
    # Taken back by charge.
    page.get_by_role("link", name="Take back").click()
    page.get_by_label("Reason").fill("It was another customer's.")
    look(page, "billing-take-back")
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("heading", name="Taken back").wait_for()
    look(page, "billing-invoice")
    # A note: sent with a reason, put into Available Credits or used on what is open.
    page.goto(reverse("invoicing:credit_note", args=[note.uuid]))
    page.get_by_role("link", name="Mark as Sent").click()
    look(page, "billing-send")
    page.get_by_label("Reason").fill("Sent by e-mail.")
    page.get_by_role("button", name="Mark as Sent").click()
    page.get_by_role("link", name="Put into Available Credits").wait_for()
    look(page, "billing-note")
    page.get_by_role("link", name="Put into Available Credits").click()
    look(page, "billing-put-in")
    page.get_by_role("button", name="Put into Available Credits").click()
    page.get_by_text(f"SGD 50.00 paid on {invoice.number}.").wait_for()
    other = factories.credit_note(organisation, net="5")
    page.goto(reverse("invoicing:void_credit_note", args=[other.uuid]))
    look(page, "billing-void")
    # A correction in its dialog: the balance as it will be, before it is posted.
    page.goto(reverse("customers:payment", args=[organisation.uuid]))
    look(page, "billing-payment-tab")
    page.get_by_role("link", name="Post a correction").click()
    page.get_by_label("Add to Available Credits").check()
    page.get_by_label("Amount (SGD)").fill("7.25")
    page.get_by_label("Reason").fill("Counted twice.")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Balance after posting").wait_for()
    look(page, "billing-preview")
    page.get_by_role("button", name="Post the correction").click()
    page.locator("#tab").get_by_text("Counted twice.").wait_for()
    assert LedgerEntry.objects.filter(kind="correction").count() == 1


def test_a_top_up_without_javascript(visit):
    organisation = factories.OrganisationFactory.create()
    page = visit("billing", javascript=False)
    page.goto(reverse("customers:payment", args=[organisation.uuid]))
    page.get_by_role("link", name="Top up").click()
    page.get_by_label("Amount (SGD)").fill("20")
    page.get_by_label("Reason").fill("Paid at the counter.")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Balance after posting").wait_for()
    page.get_by_role("button", name="Back").click()
    page.get_by_label("Amount (SGD)").fill("25")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Post the top-up").click()
    page.get_by_text("SGD 25.00 added to Available Credits.").wait_for()
    assert LedgerEntry.objects.get().amount == 25
