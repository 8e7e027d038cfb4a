"""Numbers of documents and UUIDs are links wherever a sentence names them."""

import dataclasses
import uuid

import pytest
from django.urls import reverse

from portal.audit.models import AuditEntry
from portal.lib import mentions
from subscriptions.models import HistoryEntry, Termination
from tests.support import factories
from tests.support.terminations import terminate

ADDRESSES = {"IN-7": "/invoices/7/", "CN/2026_12": "/credit-notes/12/"}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Paid on IN-7.", 'Paid on <a href="/invoices/7/">IN-7</a>.'),
        ("(IN-7, CN/2026_12; IN-77)", None),
        ("<b>IN-7</b>", "&lt;b&gt;IN-7&lt;/b&gt;"),
        ("<b> IN-7", '&lt;b&gt; <a href="/invoices/7/">IN-7</a>'),
        ("nothing", "nothing"),
    ],
)
def test_words_that_lead_somewhere_are_links_and_all_else_is_escaped(text, written):
    if written is None:
        written = '(<a href="/invoices/7/">IN-7</a>, <a href="/credit-notes/12/">CN/2026_12</a>; IN-77)'
    assert mentions.linked(text, ADDRESSES) == written


def test_without_addresses_a_text_is_only_escaped():
    assert mentions.linked("<b>IN-7</b>", {}) == "&lt;b&gt;IN-7&lt;/b&gt;"


@dataclasses.dataclass(frozen=True)
class Shown:
    sentences: tuple[str, ...]
    inner: object = None


@pytest.mark.django_db
def test_documents_and_uuids_are_found_in_one_query_each(django_assert_num_queries):
    made = factories.subscription()
    line = factories.charge_of(made)
    note = factories.credit_note(made.organisation, line=line)
    shown = Shown(
        (f"Of {line.invoice.number}.",), Shown((f"{note.number} for {made.uuid}, {uuid.uuid4()}; TIN-1x",))
    )
    with django_assert_num_queries(2):
        found = mentions.found_in([shown])
    assert found == {
        line.invoice.number: reverse("invoicing:invoice", args=[line.invoice.uuid]),
        note.number: reverse("invoicing:credit_note", args=[note.uuid]),
        str(made.uuid): reverse("subscriptions:detail", args=[made.uuid]),
    }
    with django_assert_num_queries(0):
        assert mentions.found_in("Nothing to find.", None) == {}


@pytest.mark.django_db
def test_every_place_that_tells_of_a_document_leads_to_it(client_of, make_user, now):
    from portal.frame import Actor

    made = factories.subscription(cycles=(factories.C("2026-03-01", paid="20"),))
    terminate(made, by=Actor.of(make_user("agent", "maria")), at=now)
    number = factories.charge_of(made).invoice.number
    link = f'<a href="{reverse("invoicing:invoice", args=[factories.charge_of(made).invoice.uuid])}">{number}</a>'
    organisation = made.organisation.uuid
    HistoryEntry.objects.create(
        subscription=made, at=now, event="Told", description=f"Waived on {number}.", actor="maria"
    )
    AuditEntry.objects.create(
        at=now,
        app="Invoices",
        event="Told",
        description=f"Paid on {number}.",
        actor="maria",
        organisation_uuid=organisation,
    )
    client = client_of("superuser")
    for place in (
        "/audit/",
        reverse("customers:history", args=[organisation]),
        reverse("subscriptions:detail", args=[made.uuid]),
        reverse("subscriptions:termination", args=[Termination.objects.get().uuid]),
    ):
        assert link in client.get(place).content.decode(), place
    # The entry of the refund names the subscription.
    own = reverse("subscriptions:detail", args=[made.uuid])
    payment = client.get(reverse("customers:payment", args=[organisation])).content.decode()
    assert f'<a href="{own}">{made.uuid}</a>' in payment
