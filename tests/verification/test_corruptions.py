"""Corruptions planted past every guard: each is found by its kind, or docs/ledger.md says why nothing shows it."""

import csv
import datetime as dt
import io
import re
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from customers import operations as customers_operations
from customers.checks import heads
from invoicing import operations as invoicing_operations
from invoicing.models import CreditNote, CreditNotePutInLine
from portal import frame, verification
from portal.audit import operations as audit_operations
from portal.audit import sealing
from portal.frame import SYSTEM, Actor
from portal.lib import days
from portal.verification import schema, seals
from subscriptions.clean_up.operations import expire
from subscriptions.models import Subscription, Termination
from subscriptions.termination.quote import quotes
from tests.support import factories
from tests.support.directory import RIGHT, S1
from tests.support.factories import C
from tests.support.terminations import preview, request, seen_of, terminate, to_confirm
from tests.verification.cases import CASES, OFF_GUARD, checks_for
from tests.verification.corruptions import asked, documents, endings, imported, sealed

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ledger.md"

# Also what the owner of the tables may do: CHECKs are gone too.
OFF_CHECKS = """DO $$ DECLARE found record; BEGIN
    FOR found IN SELECT conrelid::regclass AS name, conname FROM pg_constraint
                 WHERE contype = 'c' AND connamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.name, found.conname);
    END LOOP;
END $$
"""


@pytest.fixture
def portal(agent: Actor, configure: Any, now: dt.datetime, tmp_path: Path, monkeypatch: Any) -> dict[str, Any]:
    """Build a sound portal in which everything has happened once; name its rows for the statements of a case."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    configure(charge_administrative_fee=True, fees={"SGD": "1.40"}, notification_address="p@example.com")
    values: dict[str, Any] = {"anybody": uuid.UUID(int=7)}
    organisation = factories.OrganisationFactory.create(account=Decimal(100), payment_mode="postpaid")
    values |= {"other": factories.OrganisationFactory.create().pk, "organisation": organisation.pk}

    def ended(name: str, subscription: Subscription, **given: Any) -> Termination:
        quote = preview(subscription, at=now, asked_on=request().requested_on)
        keys = to_confirm(quote, choice=given.get("choice") or quotes.Automatic())
        made = terminate(
            subscription, by=agent, at=now, seen=seen_of(quote), acknowledged=keys, **given
        ).termination
        values[name] = made.pk
        values[f"{name}_uuid"] = made.uuid
        values[f"{name}_subscription"] = subscription.pk
        return made

    refunded = factories.subscription(
        organisation=organisation,
        cycles=(C("2026-03-01", net="40", tax="3.60"),),
        numbers=("+6561234567",),
        billing_plan="as_incurred",
    )
    cycle = refunded.cycles.get()
    second = factories.invoice(organisation, amounts=[("12", "1.08")]).lines.get()
    cycle.charges.create(line=second, first_day=cycle.first_day, day_after=cycle.day_after)
    member = factories.MemberFactory.create(organisation=organisation)
    refunded.assignments.create(member=member, assigned_on=refunded.started_on)
    values |= {"refund_line": cycle.charges.earliest("pk").line_id, "second_line": second.pk}
    mended = ended("refunded", refunded)

    waived = factories.subscription(organisation=organisation, cycles=(C("2026-03-01", paid="20"),))
    taken_off = factories.credit_note(organisation, net="5", line=factories.charge_of(waived))
    values |= {"waived_line": factories.charge_of(waived).pk, "taken_off": taken_off.pk}
    ended("waived", waived)

    for name in ("linked", "other_linked"):
        linked = factories.subscription(organisation=organisation)
        note = factories.credit_note(organisation, net="50", line=factories.charge_of(linked))
        values |= {f"{name}_note": note.pk, f"{name}_line": factories.charge_of(linked).pk}
        ended(name, linked, choice=quotes.LinkNote(note.number))

    expired = factories.subscription(organisation=organisation, cycles=(C("2025-11-01"),), numbers=("+6561234568",))
    expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now)
    found = Termination.objects.get(subscription=expired)
    values |= {"expired": found.pk, "expired_uuid": found.uuid, "expired_subscription": expired.pk}

    values |= asked.build(organisation, by=agent, at=now)
    plain = factories.subscription(
        organisation=organisation, cycles=(C("2026-03-01", net="80", paid="0"),), billing_plan="milestone"
    )
    line = factories.charge_of(plain)
    values |= {"plain": plain.pk, "plain_line": line.pk, "plain_invoice": line.invoice_id}
    payment = _paid(line.invoice, amount="30", by=agent, at=now)
    note = _noted(line, net="10", by=agent, at=now)
    values |= {"payment": payment.pk, "own_note": note.pk}
    customers_operations.post_correction(
        organisation_uuid=organisation.uuid,
        amount=Decimal("-0.40"),
        reason="Called on the last day",
        cause_id=mended.uuid,
        seen_seq=None,
        request_id=uuid.uuid4(),
        by=agent,
        at=now,
    )
    customers_operations.post_top_up(
        organisation_uuid=organisation.uuid,
        amount=Decimal(5),
        reason="Paid at the desk",
        seen_seq=None,
        request_id=uuid.uuid4(),
        by=agent,
        at=now,
    )
    _taken_back(organisation, by=agent, at=now)
    _used(organisation, by=agent, at=now)
    sealing.finish_night(at=now)
    _import(tmp_path, monkeypatch)
    sealing.finish_night(at=now)
    with frame.operation("tell"):
        audit_operations.record("record.changed", sentence="Not sealed yet.", by=SYSTEM, at=now)
    values["imported"] = Subscription.objects.get(uuid=S1).pk
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return values


def _taken_back(organisation: Any, *, by: Actor, at: dt.datetime) -> None:
    """Pay an invoice with more than is open on it, and take a part of both back."""
    invoice = factories.invoice(organisation, amounts=[("50", "0")], paid=["0"])
    payment = _paid(invoice, amount="60", into_credits="10", by=by, at=at)
    invoicing_operations.take_back_payment(
        payment_uuid=payment.uuid,
        parts={payment.lines.get().pk: Decimal(20)},
        surplus=Decimal(4),
        reason="Bounced",
        request_id=uuid.uuid4(),
        by=by,
        at=at,
    )


def _paid(invoice: Any, *, amount: str, by: Actor, at: dt.datetime, into_credits: str = "0") -> Any:
    return invoicing_operations.record_payment(
        invoice_uuid=invoice.uuid,
        amount=Decimal(amount),
        by_charge={},
        into_credits=Decimal(into_credits),
        is_another=False,
        method="card",
        received_on=days.today_in("Asia/Singapore", at=at),
        reference="R-1",
        request_id=uuid.uuid4(),
        by=by,
        at=at,
    )


def _noted(line: Any, *, net: str, by: Actor, at: dt.datetime) -> CreditNote:
    note = invoicing_operations.create_credit_note(
        invoice_uuid=line.invoice.uuid,
        amounts=[invoicing_operations.NoteAmount(line_id=line.pk, net=Decimal(net), tax=Decimal(0))],
        reason="Outage",
        request_id=uuid.uuid4(),
        by=by,
        at=at,
    )
    return invoicing_operations.mark_as_sent(
        note_uuid=note.uuid, reason="Agreed", is_confirmed=False, request_id=uuid.uuid4(), by=by, at=at
    )


def _used(organisation: Any, *, by: Actor, at: dt.datetime) -> None:
    """Allocate a part of a note, put the rest into Available Credits, and take a part of that back."""
    line = factories.invoice(organisation, amounts=[("50", "0")], paid=["40"]).lines.get()
    note = factories.credit_note(organisation, net="30", line=line)
    invoicing_operations.allocate(
        note_uuid=note.uuid,
        invoice_uuid=line.invoice.uuid,
        amount=Decimal(10),
        request_id=uuid.uuid4(),
        by=by,
        at=at,
    )
    invoicing_operations.put_into_credits(note_uuid=note.uuid, request_id=uuid.uuid4(), by=by, at=at)
    invoicing_operations.take_back_of_note(
        note_uuid=note.uuid,
        applied={},
        put_in={CreditNotePutInLine.objects.get(put_in__credit_note=note).pk: Decimal(5)},
        reason="Put in too much",
        request_id=uuid.uuid4(),
        by=by,
        at=at,
    )


def _import(path: Path, monkeypatch: Any) -> None:
    for name, rows in RIGHT.items():
        # References of contracts are also drawn by the factories.
        text = "".join(f"{row}\n" for row in rows).replace("CT-", "ICT-")
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    call_command("import_data", str(path), stdout=io.StringIO())


CORRUPTIONS = (
    *endings.CORRUPTIONS,
    *asked.CORRUPTIONS,
    *documents.CORRUPTIONS,
    *imported.CORRUPTIONS,
    *sealed.CORRUPTIONS,
)


def _run(sql: str, values: dict[str, Any]) -> int:
    """Run statements; give how many rows they changed."""
    changed = 0
    with connection.cursor() as cursor:
        for statement in sql.split(";"):
            if statement.strip():
                cursor.execute(statement, values)
                changed += max(cursor.rowcount, 0)
    return changed


def _listed() -> set[str]:
    """Read the page's list of what nothing shows."""
    section = PAGE.read_text(encoding="utf-8").partition("## What nothing here shows")[2].partition("\n## ")[0]
    rows = [row for row in csv.reader(io.StringIO(section), delimiter="|") if len(row) > 2]
    return {row[1].strip() for row in rows[2:]}


def test_each_corruption_is_found_or_listed_with_the_reason(portal: dict[str, Any], now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(OFF_GUARD)
        cursor.execute(OFF_CHECKS)
    sound = set(verification.faults(at=now))
    # That guards are gone is a question of its own; rows are sound.
    assert sound == set()
    missed: list[tuple[str, Any]] = []
    for number, planted in enumerate(CORRUPTIONS):
        savepoint = transaction.savepoint()
        assert _run(planted.sql, portal) > 0, planted.what
        declared = checks_for(planted.kind, number=number)
        found = set(verification.faults(at=now, declared=declared)) - sound
        transaction.savepoint_rollback(savepoint)
        kinds = sorted({fault.kind for fault in found})
        if planted.kind not in kinds if planted.kind else kinds:
            missed.append((planted.what, kinds))
    assert missed == []


def test_every_kind_has_a_case() -> None:
    planted = {case.kind for case in CORRUPTIONS} | {kind for kind, _ in CASES}
    assert set(verification.kinds()) - planted - {heads.KIND, seals.KEPT} == set()


def test_the_page_lists_what_nothing_shows_and_no_more() -> None:
    assert _listed() == {planted.what for planted in CORRUPTIONS if not planted.kind}


def test_the_page_lists_every_kind_of_fault() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in verification.kinds() if f"`{kind}`" not in text] == []
    section = text.partition("## Kinds of faults")[2].partition("\n## ")[0]
    told = {*verification.kinds(), *schema.KINDS}
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == told
