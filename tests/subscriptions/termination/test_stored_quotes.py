"""Quotes that were stored: each schema there ever was is read by its number, for good."""

import copy
import dataclasses
import datetime as dt
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from subscriptions.models import Termination
from subscriptions.termination import operations, requested
from subscriptions.termination.quote import lines, quotes
from subscriptions.termination.words import preview as words_preview
from subscriptions.termination.writer import terminations
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.stored_quotes import CHARGED_BEFORE, LINE, SCHEMA_0, SCHEMA_1
from tests.support.terminations import preview, seen_of, terminate

STORED = [pytest.param(document, id=f"schema {n}") for n, document in enumerate((SCHEMA_0, SCHEMA_1))]


@pytest.mark.parametrize("document", STORED)
def test_a_stored_quote_is_read_by_its_number(document):
    shown = words_preview.preview_of(document)
    (line,) = shown.lines
    assert (line.period, line.why) == ("10 January 2026 to 9 April 2026", "2 of 3 months not begun")
    assert (line.charged, line.net, line.tax, line.refund) == ("11.00", "6.67", "0.67", "7.34")
    assert [note.number for note in shown.notes] == ["CN-0000003"]


@pytest.mark.django_db
@pytest.mark.parametrize("document", STORED)
def test_the_record_opens_a_stored_quote(document, client_of, monkeypatch, agent, now):
    made = factories.subscription(cycles=(C("2026-01-10", months=3, net="10", tax="1"),), started_on="2026-01-10")
    written = terminations.record_terminations
    stored = {**document, "subscription": str(made.uuid), "organisation": str(made.organisation.uuid)}

    def as_of_then(rows, **others):
        return written([dataclasses.replace(row, quote=stored) for row in rows], **others)

    monkeypatch.setattr(terminations, "record_terminations", as_of_then)
    terminate(made, by=agent, at=now)
    page = client_of("auditor").get(reverse("subscriptions:termination", args=[Termination.objects.get().uuid]))
    assert page.status_code == 200
    for words in ("10 January 2026 to 9 April 2026", "2 of 3 months not begun", "SGD 7.34", "CN-0000003"):
        assert words in pages.words(page)


@pytest.mark.django_db
def test_what_is_stored_today_has_the_shape_of_its_number(agent, now):
    """A change of the shape needs a number of its own, and a document of the shape before."""
    made = factories.subscription(cycles=(C("2026-01-10", months=3, net="10", tax="1"),), started_on="2026-01-10")
    factories.credit_note(made.organisation, net="5", line=factories.charge_of(made))
    written = json.loads(json.dumps(quotes.document(preview(made, at=now))))
    assert lines.schema_of(written) == lines.SCHEMA == lines.schema_of(SCHEMA_1) == 1
    assert lines.schema_of(SCHEMA_0) == 0
    assert set(written) == set(SCHEMA_1)
    (line,), (known,) = written["lines"], SCHEMA_1["lines"]
    assert set(line) == set(known)
    assert set(line["charges"][0]) == set(known["charges"][0])
    assert set(written["terms"]) == set(SCHEMA_1["terms"])
    assert set(written["notes"][0]) == set(SCHEMA_1["notes"][0])


# ---- What had expired ----

WHAT_ALL_SAY = {name: SCHEMA_0[name] for name in ("subscription", "organisation", "on", "currency", "terms")}
NOTHING = dict.fromkeys(("waived", "net", "tax", "refund"), "0.00")
# Until 28 November 2026: line by line, with zeros.
EXPIRED_0: dict[str, Any] = {
    **copy.deepcopy(SCHEMA_0),
    **dict.fromkeys(("waived", "left", "refunds", "fee", "total", "to_credits"), "0.00"),
    "case": "expired",
    "notes": [],
    "lines": [
        {
            **LINE,
            **NOTHING,
            "paid": "4.00",
            "owed": "7.00",
            "reason": "expired",
            "charges": [
                {**CHARGED_BEFORE, **NOTHING, "value": "0.00", "left": "0.00", "paid": "4.00", "owed": "7.00"}
            ],
        }
    ],
}
EXPIRED_1: dict[str, Any] = {
    **WHAT_ALL_SAY,
    "schema": 1,
    "case": "expired",
    "why": "the subscription has expired",
    "owed": [{"invoice": "IN-0000007", "amount": "7.00"}],
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("document", "has_lines"),
    [pytest.param(EXPIRED_0, True, id="schema 0"), pytest.param(EXPIRED_1, False, id="schema 1")],
)
def test_the_record_opens_a_stored_quote_of_what_had_expired(
    document, has_lines, client_of, monkeypatch, agent, now
):
    made = factories.subscription(cycles=(C("2026-01-01", net="10", tax="1"),), expires_on=dt.date(2026, 2, 1))
    written = terminations.record_terminations
    stored = {**document, "subscription": str(made.uuid), "organisation": str(made.organisation.uuid)}

    def as_of_then(rows, **others):
        return written([dataclasses.replace(row, quote=stored) for row in rows], **others)

    monkeypatch.setattr(terminations, "record_terminations", as_of_then)
    operations.terminate(
        subscription_uuid=made.uuid,
        request=requested.ExpiredRequest("Long gone."),
        choice=quotes.Automatic(),
        acknowledged=(),
        seen=seen_of(preview(made, at=now)),
        by=agent,
        at=now,
    )
    page = client_of("auditor").get(reverse("subscriptions:termination", args=[Termination.objects.get().uuid]))
    assert page.status_code == 200
    said = pages.words(page)
    assert "SGD 7.00 stays owed on IN-0000007." in said
    assert "Nothing was refunded: the subscription has expired." in said
    assert "refund method: Remaining months, full refund within 14 days" in said
    assert ("As shown before" in said) is has_lines
    assert ("10 January 2026 to 9 April 2026" in said) is has_lines


@pytest.mark.django_db
def test_what_is_stored_today_of_what_has_expired_has_the_shape_of_its_number(now):
    made = factories.subscription(cycles=(C("2026-01-01", paid="0"),), expires_on=dt.date(2026, 2, 1))
    written = json.loads(json.dumps(quotes.document(preview(made, at=now))))
    assert set(written) == set(EXPIRED_1)
    assert set(written["terms"]) == set(EXPIRED_1["terms"])
    assert set(written["owed"][0]) == set(EXPIRED_1["owed"][0])


def test_two_charges_of_an_invoice_are_one_sum_and_what_is_paid_is_none():
    document = quotes.expired_document(
        subscription=uuid.UUID(int=1),
        organisation=uuid.UUID(int=2),
        on=dt.date(2026, 3, 10),
        currency="SGD",
        terms={},
        owed=[("B", Decimal("1.00")), ("A", Decimal("0.00")), ("C", Decimal("2.00")), ("B", Decimal("0.50"))],
    )
    assert document["owed"] == [{"invoice": "B", "amount": "1.50"}, {"invoice": "C", "amount": "2.00"}]
