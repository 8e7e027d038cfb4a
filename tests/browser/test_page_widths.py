"""No page of the table of addresses is wider than the screen, whatever things are called."""

import uuid
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal.audit.models import AuditEntry
from tests.architecture import world as worlds
from tests.browser.looks import set_width
from tests.browser.widths import GERMAN, SKU, WIDTHS, hides_where_one_is, too_wide
from tests.support import factories
from tests.support.addresses import FOREIGN, PUBLIC, TABLE, address_of

PAGES = [
    name
    for name, (_, methods) in TABLE.items()
    if methods.get("GET", (PUBLIC, 0))[1] == 200
    and methods["GET"][0] != PUBLIC
    and not name.startswith(FOREIGN)
    # A file, not a page.
    and name != "subscriptions:clean_up_report"
]
ADDRESS = f"{GERMAN.lower().encode('ascii', 'ignore').decode()}@{'a' * 60}.{'b' * 60}.example"
# As long as a name of somebody's making may be, without a place to break.
LONG = {
    "customers_organisation": f"name = '{GERMAN}', customer_reference = '{SKU}', owner_email = '{ADDRESS}', "
    f"billing_email = '{ADDRESS}'",
    "customers_member": f"name = '{GERMAN}', email = id || '{ADDRESS}'",
    "customers_ledgerentry": f"description = '{SKU}{GERMAN}'",
    "customers_topup": f"reason = '{SKU}{GERMAN}'",
    "invoicing_invoice": f"number = '{SKU}' || id",
    "invoicing_creditnote": f"number = '{SKU}' || id, reason = '{GERMAN}'",
    "invoicing_chargeline": f"description = '{SKU}{GERMAN}'",
    "invoicing_payment": f"reference = '{SKU}'",
    "subscriptions_product": f"name = '{SKU}'",
    "subscriptions_plan": f"name = '{GERMAN}', sku = '{SKU}' || id",
    "subscriptions_contract": f"reference = '{SKU}' || id",
    "subscriptions_addon": f"name = '{SKU}{GERMAN}'",
    "subscriptions_historyentry": f"description = '{SKU}{GERMAN}'",
    "subscriptions_termination": f"requested_by = '{GERMAN}', ticket = '{SKU}', explanation = '{SKU}{GERMAN}'",
    "settings_app_terminationreason": f"label = left('{GERMAN}{SKU}', 100) || id",
    "jobs_runitem": f"sentence = '{SKU}{GERMAN}'",
    "outbox_delivery": f"subject = '{SKU}{GERMAN}', \"to\" = '{ADDRESS}'",
}


@pytest.fixture
def world(live_server) -> SimpleNamespace:
    with transaction.atomic():
        built = worlds.build()
        organisation = built.organisation
        for _ in range(2):
            factories.invoice(organisation, amounts=[("9999999.90", "1111111.10")] * 2, paid=["0", "20"])
        AuditEntry.objects.create(
            at=timezone.now(),
            app="Subscriptions",
            event="Subscription terminated",
            description=f"Subscription {uuid.uuid4()} ({GERMAN} · {SKU}) terminated.",
            actor=f"{GERMAN.lower()}",
            organisation_uuid=organisation.uuid,
            organisation_name=GERMAN,
        )
        with connection.cursor() as cursor:
            # What is written stays as it is; here it is as if it had always had these names.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table, names in LONG.items():
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                cursor.execute(f"UPDATE {table} SET {names}")
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return built


def test_the_names_are_as_long_as_they_are_meant_to_be():
    assert (len(GERMAN), "BUNDLE" in SKU, len(PAGES) > 20, WIDTHS == [320, 768, 1440]) == (63, True, True, True)


def test_no_page_is_wider_than_the_screen(visit, world, shot):
    widths = list(WIDTHS)
    page = visit("superuser", width=widths[0])
    wide, lost = {}, []
    for name in PAGES:
        assert page.goto(address_of(name, world)).status == 200, name
        for width in widths:
            set_width(page, width)
            shot(page, f"{name.replace(':', '-')}-{width}")
            if found := too_wide(page):
                wide[name, width] = found
            if hides_where_one_is(page):
                lost.append((name, width))
        # The next one begins as wide as this one ends.
        widths.reverse()
    assert (wide, lost) == ({}, [])
