"""Every index of ours is there for a statement that the product runs, and the plan of that statement uses it.

Keys, unique and exclusion constraints hold a rule and need no other reason. Of the others each has a row below: who
reads it. That page, operation or trigger runs, and PostgreSQL is asked how it would do its statements if it could
not read whole tables.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import SearchKey
from customers.search import lookup
from portal import frame
from portal.frame import SYSTEM
from portal.outbox import kinds
from portal.outbox import operations as outbox_operations
from portal.outbox.models import Delivery
from settings_app import selectors as settings_selectors
from subscriptions.clean_up.operations import expire
from subscriptions.life.selectors import costs
from subscriptions.reminders import selectors as reminders
from subscriptions.requests import selectors as requests_selectors
from subscriptions.selectors import zones
from tests.architecture.plans import plan_of, without_statistics
from tests.architecture.tables import MADE_BY_TRIGGERS, OF_THE_FRAME, OURS, TABLES
from tests.support.addresses import client_with

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
Reader = Callable[[SimpleNamespace], None]


def page(name: str, row: str = "", **asked: str) -> Reader:
    """Open a page about a row of the world."""

    def read(world: SimpleNamespace) -> None:
        address = reverse(name, args=[getattr(world, row).uuid] if row else [])
        response = client_with(permissions=[], is_superuser=True).get(address, asked)
        assert response.status_code == 200

    return read


def audit_of_an_organisation(world: SimpleNamespace) -> None:
    page("audit:list", organisation=str(world.organisation.uuid))(world)


def items_in_the_admin(world: SimpleNamespace) -> None:
    address = reverse("admin:subscriptions_contractitem_changelist")
    asked = {"contract__exact": world.contract.pk}
    assert client_with(permissions=[], is_superuser=True).get(address, asked).status_code == 200


def misspelt_search(world: SimpleNamespace) -> None:
    """Ask for somebody among many words: of a few each is read quicker than an index."""
    words = [hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest() for number in range(5000)]
    SearchKey.objects.bulk_create(
        SearchKey(organisation=world.organisation, kind="reference", text=" ".join(words[start : start + 10]))
        for start in range(0, len(words), 10)
    )
    lookup.organisations("organisatoin")


def clean_up(world: SimpleNamespace) -> None:
    """End one subscription of many, most of which are not due."""
    copies(
        "subscriptions_subscription", world.neighbour.pk, uuid="gen_random_uuid()", expires_on="expires_on + n - 50"
    )
    expire.terminate_expired(as_of=None, limit=1, by=SYSTEM, at=NOW)


def things_of_a_next_cycle(world: SimpleNamespace) -> None:
    """Ask what a subscription has for its next cycle, and what each of it cost before."""
    with connection.cursor() as cursor:
        of = "(SELECT id, plan_id FROM subscriptions_subscription WHERE id = %(id)s)"
        cursor.execute(costs.THINGS.format(due=of), {"id": world.running.pk})


def message_about_refusals(world: SimpleNamespace) -> None:
    kinds.of("renewal_refused").text_of(cause_id=world.renewal_refusal.notice_id, is_for_customer=True)


def sending(world: SimpleNamespace) -> None:
    class Nobody(outbox_operations.MailServer):
        def deliver(self, message: Delivery) -> NoReturn:
            raise outbox_operations.Unreachable("Nobody is there.")

        def close(self) -> None:
            pass

    outbox_operations.send_due(server=Nobody(), clock=lambda: NOW, limit=1)


def ends_of_the_night(world: SimpleNamespace) -> None:
    requests_selectors.due(at=NOW)


def text_of_a_notice(world: SimpleNamespace) -> None:
    kinds.of("expiring").text_of(cause_id=world.notice.uuid, is_for_customer=True)


def reminders_of_the_day(world: SimpleNamespace) -> None:
    todays, config = zones.todays(as_of=None, at=NOW), settings_selectors.current_config()
    for kind in reminders.KINDS:
        reminders.organisations(kind, todays=todays, config=config)


def forgetting_keys(world: SimpleNamespace) -> None:
    frame.forget_keys(before=NOW)


def payment_of_a_charge(world: SimpleNamespace) -> None:
    """Run what the trigger on payments and allocations runs, with a row that pays nothing: no cap refuses it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'invoicing_sum_paid'")
        (source,) = cursor.fetchone()
        statement = source[source.index("UPDATE") : source.index("';")]
        assert "FROM new_rows" in statement
        cursor.execute(
            statement.replace(
                "new_rows", "(SELECT line_id, 0 AS amount FROM invoicing_paymentline LIMIT 1) new_rows"
            )
        )


# Who reads, and which indexes answer.
READ: list[tuple[str, Reader, set[str]]] = [
    ("the customers", page("customers:list"), {"organisation_by_name"}),
    (
        "a search",
        misspelt_search,
        {
            "search_key_text",
            "search_text_name",
            "search_text_trigrams",
            "search_text_words",
            "search_word_trigrams",
            # The beginning of a word with a wrong letter.
            "customers_searchword_word_7d3181ea_like",
        },
    ),
    (
        "a part of a number",
        page("customers:list", q="0000275"),
        {"organisation_reference_parts", "invoice_number_parts", "note_number_parts", "contract_reference_parts"},
    ),
    ("invoices of a part of a number", page("invoicing:invoice_list", q="0000275"), {"invoice_number_parts"}),
    ("notes of a part of a number", page("invoicing:credit_note_list", q="0000275"), {"note_number_parts"}),
    ("a customer's history", page("customers:history", "organisation"), {"audit_by_organisation"}),
    ("the audit of an app", page("audit:list", app="Tests"), {"audit_by_app"}),
    ("the audit of an event", page("audit:list", event="Built"), {"audit_by_event"}),
    ("the audit of an organisation", audit_of_an_organisation, {"audit_by_organisation"}),
    ("the audit of a day", page("audit:list", date_from="2026-03-10", date_to="2026-03-10"), {"audit_by_time"}),
    ("credit entries of a kind", page("customers:credit_entries", kind="charge"), {"entry_by_kind"}),
    ("credit entries of a period", page("customers:credit_entries", on_from="2026-01-01"), {"entry_by_day"}),
    ("credit entries of a cause", page("customers:credit_entries", cause=str(uuid.uuid4())), {"entry_by_cause"}),
    (
        "a customer's documents",
        page("invoicing:tab", "organisation"),
        {"invoice_by_organisation", "note_by_organisation"},
    ),
    ("invoices of a status", page("invoicing:invoice_list", status="void"), {"invoice_by_status"}),
    ("subscriptions", page("subscriptions:list"), {"subscription_by_expiry"}),
    ("terminations on request", page("subscriptions:terminations"), {"termination_asked_for"}),
    (
        "terminations on request of a period",
        page("subscriptions:terminations", terminated_from="2026-01-01"),
        {"termination_asked_for_by_day"},
    ),
    (
        "all terminations of a period",
        page("subscriptions:terminations", terminated_to="2026-12-31", case="all"),
        {"termination_by_day"},
    ),
    (
        "terminations of a customer",
        page("subscriptions:terminations", organisation="Organisation", case="all"),
        {"termination_by_organisation"},
    ),
    ("invoices of a period", page("invoicing:invoice_list", issued_from="2026-01-01"), {"invoice_by_issue"}),
    ("unpaid invoices by age", page("invoicing:invoice_list", unpaid="30"), {"invoice_unpaid"}),
    ("notes by their day of issue", page("invoicing:credit_note_list", sort="-issued"), {"note_by_issue"}),
    ("payments of a period", page("invoicing:payment_list", received_to="2026-12-31"), {"payment_by_receipt"}),
    ("credit notes of a status", page("invoicing:credit_note_list", status="draft"), {"note_by_status"}),
    (
        "an invoice",
        page("invoicing:invoice", "invoice"),
        {
            "invoicing_chargeline_invoice_id_8369aa36",
            "invoicing_payment_invoice_id_745a7962",
            "invoicing_creditnoteallocation_line_id_977c4f2a",
            "invoicing_creditnoteline_line_id_d55078d9",
            "invoicing_takeback_payment_id_000a730e",
            "invoicing_takebackline_allocation_id_08ba5fc9",
        },
    ),
    (
        "what may be credited",
        page("invoicing:create_credit_note", "invoice"),
        {"invoicing_chargerefund_line_id_731689ae", "invoicing_creditnotestand_line_id_26820d3e"},
    ),
    (
        "a credit note",
        page("invoicing:credit_note", "note"),
        {"invoicing_creditnoteallocation_credit_note_id_fb2eeb53", "invoicing_takeback_credit_note_id_34158d19"},
    ),
    (
        "what may be taken back of a note",
        page("invoicing:take_back_of_note", "linked"),
        {"invoicing_creditnoteputin_credit_note_id_84ff2268", "invoicing_creditnoteputinline_put_in_id_807c40c2"},
    ),
    ("a payment of a charge", payment_of_a_charge, {"invoicing_paymentline_line_id_0534f997"}),
    ("a customer's subscriptions", page("subscriptions:tab", "organisation"), {"subscription_by_organisation"}),
    (
        "a subscription",
        page("subscriptions:detail", "running"),
        {
            "subscriptions_addon_subscription_id_4af60e52",
            "subscriptions_assignment_subscription_id_a566db31",
            "subscriptions_phonenumber_subscription_id_4102cfe2",
            "history_by_subscription",
            "audit_by_subject",
        },
    ),
    (
        "a quote",
        page("subscriptions:terminate", "running"),
        {"subscriptions_cyclecharge_cycle_id_02865e61"},
    ),
    ("a termination", page("subscriptions:termination", "termination"), {"entry_by_cause"}),
    (
        "what a next cycle costs",
        things_of_a_next_cycle,
        {"charge_of_add_on", "charge_of_number", "subscriptions_cyclecharge_cycle_id_02865e61"},
    ),
    ("a message about refused renewals", message_about_refusals, {"refusals_of_a_notice"}),
    ("a run of the clean-up", page("jobs:run", "run"), {"termination_by_run", "item_of_a_run"}),
    ("the clean-up", clean_up, {"subscription_by_expiry", "number_reserved"}),
    (
        "scheduled ends of a period",
        page("subscriptions:scheduled_ends", ends_from="2026-01-01", state="all"),
        {"request_by_day"},
    ),
    (
        "scheduled ends of an organisation",
        page("subscriptions:scheduled_ends", organisation="Organisation", state="all"),
        {"request_by_organisation"},
    ),
    ("the scheduled ends of a night", ends_of_the_night, {"request_open_by_day"}),
    ("the text of a message that tells ahead", text_of_a_notice, {"item_of_a_notice"}),
    ("the reminders of a day", reminders_of_the_day, {"subscription_by_expiry", "number_reserved"}),
    ("messages of a status", page("outbox:list", status="dead"), {"outbox_by_status"}),
    (
        "messages of an organisation",
        page("outbox:list", organisation=str(uuid.uuid4()), status="all"),
        {"outbox_by_organisation"},
    ),
    ("sending", sending, {"outbox_due"}),
    ("forgetting old keys", forgetting_keys, {"key_by_time"}),
    # The admin alone: the items of a contract, where its page leads.
    (
        "the items of a contract in the admin",
        items_in_the_admin,
        {"subscriptions_contractitem_contract_id_9c28eaad"},
    ),
]

UNREAD = {
    # What Django makes beside a unique text, for beginnings that nobody asks for.
    "invoicing_numberseries_document_a1339049_like",
    "settings_app_terminationreason_code_4cfbff13_like",
    "subscriptions_contract_reference_90f43205_like",
    "subscriptions_plan_sku_133ec0b1_like",
    "subscriptions_product_name_95e1aa24_like",
    # Begins a unique constraint as well, which answers for it; Django would drop another one with it.
    "invoicing_creditnotehold_credit_note_id_77d21d89",
}
"""Indexes that nobody reads, on tables of few rows. No new one belongs here."""


def copies(table: str, key: int, **changes: str) -> None:
    """Copy a row 2,000 times, `n` being the number of the copy."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = %s AND is_generated = 'NEVER' AND column_name <> 'id'",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall()]
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(changes.get(c, c) for c in columns)} "
            f"FROM {table} CROSS JOIN generate_series(1, 2000) n WHERE id = %s",
            [key],
        )


def used(plan: dict[str, Any], *, above: str = "") -> Iterator[str]:
    """Name the indexes that a plan looks something up in, or reads in their order up to a limit."""
    # To go through all of an index is what is left where tables may not be read: it answers nothing.
    if "Index Name" in plan and ("Index Cond" in plan or above == "Limit"):
        yield plan["Index Name"]
    for part in plan.get("Plans", ()):
        yield from used(part, above=plan["Node Type"])


@pytest.mark.parametrize(("read", "indexes"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_the_plan_uses_the_index(world: SimpleNamespace, read: Reader, indexes: set[str]) -> None:
    with CaptureQueriesContext(connection) as captured:
        read(world)
    asked = [query["sql"].strip() for query in captured]
    statements = [
        statement for statement in asked if statement.startswith(("SELECT", "(", "WITH", "UPDATE", "DELETE"))
    ]
    for table in sorted(set(TABLES.values()) | MADE_BY_TRIGGERS | OF_THE_FRAME):
        if any(table in statement for statement in statements):
            without_statistics(table)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    found = {name for statement in statements for name in used(plan_of(statement))}
    assert sorted(indexes - found) == [], f"used are {sorted(found)}"


def test_every_index_has_a_reason() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT indexrelid::regclass::text FROM pg_index
            WHERE indrelid::regclass::text ~ %s AND NOT indisunique AND NOT indisexclusion
            """,
            [OURS],
        )
        there = {name for (name,) in cursor.fetchall()}
    read = {name for row in READ for name in row[2]}
    assert sorted(there - read - UNREAD) == []
    assert sorted((read | UNREAD) - there) == []
    assert read & UNREAD == set()
