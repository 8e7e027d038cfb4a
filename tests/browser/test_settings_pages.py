"""Tax rates, renewals and the tax exemption in the browser: both themes, wide and narrow, keyboard, no script."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from settings_app import selectors
from settings_app.models import TaxRate
from subscriptions.models import Product
from tests.subscriptions.life.nights import renew
from tests.support import factories
from tests.support.browsing import configure, renewing


@pytest.fixture
def rates(live_server):
    for country, name, per_cent, begins_on in (
        ("SG", "GST", 8, dt.date(2023, 1, 1)),
        ("SG", "GST", 9, dt.date(2024, 1, 1)),
        ("SG", "GST", 10, dt.date(9998, 1, 1)),
        ("US", "Sales tax", "8.875", dt.date(2025, 7, 1)),
    ):
        TaxRate.objects.create(country=country, name=name, per_cent=per_cent, begins_on=begins_on)


def test_tax_rates_can_be_read_by_everybody(visit, rates, look):
    page = visit("superuser")
    page.goto("/settings/tax-rates/")
    expect(page.get_by_role("row").filter(has_text="In force")).to_have_count(2)
    look(page, "tax-rates")
    page.goto("/settings/tax-rates/add/")
    expect(page.get_by_label("Country")).to_be_focused()
    page.get_by_label("Country").fill("Singapore")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_be_focused()
    look(page, "tax-rate-refused")


def test_where_renewals_are_made_can_be_read_by_everybody(visit, made, look):
    Product.objects.create(name="Fax")
    page = visit("superuser")
    page.goto("/settings/portal-config/")
    look(page, "renewals", at=page.get_by_role("heading", name="Renewals"))


def test_a_rate_is_added_and_withdrawn_by_keyboard(visit, live_server):
    page = visit("superuser")
    page.goto("/settings/tax-rates/add/")
    for typed, key in (("sg", "Tab"), ("GST", "Tab"), ("9", "Tab"), ("01019998", "Enter")):
        page.keyboard.type(typed)
        page.keyboard.press(key)
    expect(page.get_by_text("SG: GST 9 % from 1 January 9998 on was added.")).to_be_visible()
    page.get_by_role("button", name="Withdraw SG GST from 1 January 9998").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No tax rates yet")).to_be_visible()


def test_without_javascript_all_of_it_works(visit, made):
    page = visit("superuser", javascript=False)
    page.goto("/settings/tax-rates/add/")
    page.get_by_label("Country").fill("SG")
    page.get_by_label("Name").fill("GST")
    page.get_by_label("Per cent").fill("9")
    page.get_by_label("Begins on").fill("2024-01-01")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("row").filter(has_text="1 January 2024")).to_contain_text("In force")
    (product,) = Product.objects.all()
    page.goto("/settings/portal-config/")
    page.get_by_label("Made here").first.check()
    page.get_by_label("Product, row 1").select_option(product.name)
    page.get_by_label("Renewals, row 1").select_option("Made elsewhere")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("saved as version 2")).to_be_visible()
    config = selectors.current_config()
    assert (config.renewals_are_made_here, config.renewals_by_product) == (True, {product.name: False})
    page.goto(f"/customers/{made.organisation.uuid}/tax-exemption/")
    page.get_by_label("Exempt from taxes").check()
    page.get_by_label("Reason").fill("Certificate 12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Exempt", exact=True)).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_what_the_night_would_charge_is_said_before_it_is_saved(visit, live_server, look, javascript):
    renewing(factories.OrganisationFactory.create(account="100"), net="50")
    page = visit("superuser", width=360, javascript=javascript)
    page.goto("/settings/portal-config/")
    page.get_by_label("Made here").first.check()
    page.get_by_role("button", name="Save").click()
    asked = page.get_by_role("alert")
    expect(asked).to_contain_text("would renew 1 subscription and charge SGD 50.00 to Available Credits.")
    if javascript:
        expect(asked).to_be_focused()
        look(page, "renewals-asked")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("saved as version 2")).to_be_visible()
    assert selectors.current_config().renewals_are_made_here


def test_the_exemption_can_be_read_by_everybody(visit, made, look):
    page = visit("billing")
    page.goto(f"/customers/{made.organisation.uuid}/tax-exemption/")
    expect(page.get_by_label("Exempt from taxes")).to_be_focused()
    look(page, "exemption")


def test_samples_of_messages_can_be_read_by_everybody(visit, live_server, look):
    page = visit("superuser")
    page.goto("/notifications/samples/")
    page.get_by_text("To a customer").first.click()
    page.get_by_text("To a customer").last.click()
    expect(page.get_by_text("Example Trading Pte Ltd").first).to_be_visible()
    look(page, "samples")
    page.goto("/settings/portal-config/")
    kinds = page.get_by_text("Other than that, by kind of message")
    kinds.click()
    expect(page.get_by_label("Renewal ahead")).to_be_visible()
    look(page, "kinds", at=kinds)


def test_a_message_that_waits_is_opened_from_the_samples(visit, live_server, look):
    configure(renewals_are_made_here=True, notification_address="provider@example.com")
    renewing(factories.OrganisationFactory.create(name="Zürich Telecom AG", account="12.40"), net="50")
    renew(timezone.now())
    page = visit("superuser")
    page.goto("/notifications/samples/")
    page.get_by_role("link", name="Those that wait: Renewals refused").click()
    page.get_by_role("link", name="Renewals of Zürich Telecom AG were refused").click()
    expect(page.get_by_role("heading", name="Zürich Telecom AG: a renewal was refused")).to_be_visible()
    expect(page.get_by_text("SGD 50.00 is needed, SGD 12.40 is available.")).to_be_visible()
    look(page, "message")
