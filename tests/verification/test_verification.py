"""verify_ledger: clean on a sound database, and for every kind of fault the one that was made by hand."""

import datetime as dt
import io
import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from customers.checks import accounts
from customers.models import Organisation
from invoicing import operations as invoicing_operations
from invoicing.models import ChargeLine, CreditNote, CreditNoteAllocation, Invoice, NumberSeries
from portal import frame, verification
from portal.demo import endings
from portal.demo.book import Ending
from portal.verification import schema
from subscriptions.models import Assignment, Cycle, CycleCharge, Subscription
from tests.support import factories
from tests.support.factories import C
from tests.verification.cases import CASES, OFF_GUARD, checks_for

pytestmark = pytest.mark.django_db

ANYBODY = str(uuid.UUID(int=7))


@dataclass(frozen=True)
class World:
    """A small sound portal; the names say what a case breaks."""

    topped_up: Organisation
    without_entries: Organisation
    refunded: Subscription
    waived: Subscription
    linked: Subscription
    plain: Subscription
    partly: CreditNote
    named: CreditNote
    own: Invoice
    unpaid: ChargeLine
    used: CreditNote

    def values(self) -> dict[str, object]:
        """Name the rows for the statements of a case."""
        line = CycleCharge.objects.filter(cycle__subscription=self.refunded).latest("pk").line
        return {
            "account": self.topped_up.credit_account.pk,
            "bare": self.without_entries.pk,
            "refunded": self.refunded.pk,
            "refund_account": self.refunded.organisation.credit_account.pk,
            "refund_line": line.pk,
            "waived": self.waived.pk,
            "linked": self.linked.pk,
            "plain": self.plain.pk,
            "plain_line": factories.charge_of(self.plain).pk,
            "plain_cycle": self.plain.cycles.get().pk,
            "partly": self.partly.pk,
            "named": self.named.pk,
            "own": self.own.pk,
            "unpaid": self.unpaid.pk,
            "other_organisation": self.topped_up.pk,
            "anybody": ANYBODY,
            "used": self.used.pk,
            "used_line": self.used.lines.get().line_id,
            "linked_line": factories.charge_of(self.linked).pk,
        }


@pytest.fixture
def world(now: dt.datetime) -> World:
    organisation = factories.OrganisationFactory.create(account=Decimal("100.000001"))
    topped_up = factories.OrganisationFactory.create(account=Decimal(100))
    _entry(topped_up, amount=Decimal(20))
    refunded = _refunded(organisation)
    waived = factories.subscription(organisation=organisation, cycles=(C("2026-03-01", paid="20"),))
    factories.credit_note(organisation, net="5", line=factories.charge_of(waived))
    linked = factories.subscription(organisation=organisation)
    note = factories.credit_note(organisation, net="50", line=factories.charge_of(linked))
    plain = factories.subscription(organisation=organisation, auto_renew=True)
    endings.terminate_some(
        [
            Ending(refunded, "Moves away."),
            Ending(waived, "Did not pay all of it."),
            Ending(linked, "A note was sent.", note=note),
        ],
        seed=1,
        at=now,
    )
    unpaid = factories.invoice(organisation, amounts=[("80", "0")], paid=["0"]).lines.get()
    partly = factories.credit_note(organisation, net="30")
    CreditNoteAllocation.objects.create(
        credit_note=partly, line=unpaid, currency="SGD", amount=10, created_at=now, actor="test"
    )
    partly.refresh_from_db()
    named = factories.credit_note(organisation, net="10", line=factories.charge_of(plain))
    used = _used(factories.OrganisationFactory.create(), at=now)
    series = NumberSeries.objects.get(document="invoice")
    own = [
        Invoice.objects.create(
            number=f"IN-{place:07d}",
            series=series,
            sequence_number=place,
            organisation=organisation,
            currency="SGD",
            status="void",
            created_at=now,
        )
        for place in (1, 2)
    ]
    series.last_number = 2
    series.save()
    _run("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return World(
        topped_up=topped_up,
        without_entries=factories.OrganisationFactory.create(),
        refunded=refunded,
        waived=waived,
        linked=linked,
        plain=plain,
        partly=partly,
        named=named,
        own=own[0],
        unpaid=unpaid,
        used=used,
    )


def _used(organisation: Organisation, *, at: dt.datetime) -> CreditNote:
    """Put a note into Available Credits: what it gives back of a paid charge."""
    line = factories.invoice(organisation, amounts=[("40", "0")]).lines.get()
    note = factories.credit_note(organisation, net="25", line=line)
    invoicing_operations.put_into_credits(
        note_uuid=note.uuid,
        request_id=uuid.uuid4(),
        by=frame.Actor(kind="agent", name="test"),
        at=at,
    )
    note.refresh_from_db()
    return note


def _refunded(organisation: Organisation) -> Subscription:
    """Two charges for its cycle, a number, an assigned member, a place in a contract."""
    made = factories.subscription(organisation=organisation, numbers=("+6561234567",), billing_plan="as_incurred")
    cycle = Cycle.objects.get(subscription=made)
    second = factories.invoice(organisation, amounts=[("12", "1.08")]).lines.get()
    CycleCharge.objects.create(cycle=cycle, line=second, first_day=cycle.first_day, day_after=cycle.day_after)
    member = factories.MemberFactory.create(organisation=organisation)
    Assignment.objects.create(subscription=made, member=member, assigned_on=made.started_on)
    return made


def _entry(organisation: Organisation, *, amount: Decimal, kind: str = "charge", cause: str | None = None) -> None:
    account = organisation.credit_account
    account.refresh_from_db()
    account.entries.create(
        previous_sha256=account.head,
        seq=(account.last_seq or 0) + 1,
        currency=account.currency,
        before=account.balance,
        amount=amount,
        after=account.balance + amount,
        kind=kind,
        cause_id=cause,
        at=dt.datetime(2026, 3, 9, tzinfo=dt.UTC),
        on=dt.date(2026, 3, 9),
        description="Entry",
        actor="test",
    )


def _run(sql: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        for statement in sql.split(";"):
            if statement.strip():
                cursor.execute(statement, values)


def _break(sql: str, world: World) -> None:
    """Write past every trigger and foreign key, as a restore or a careless owner would; the test rolls it back."""
    _guards_off()
    _run(sql, **world.values())


def _guards_off() -> None:
    with connection.cursor() as cursor:
        # Otherwise ALTER TABLE finds deferred keys still waiting.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(OFF_GUARD)


def test_a_sound_portal_has_no_faults(world: World, now: dt.datetime) -> None:
    assert list(verification.faults(at=now)) == []
    assert accounts.count() == verification.Counted(organisations=4, entries=6)


def test_each_fault_is_named(world: World, now: dt.datetime) -> None:
    """What breaks one thing is often seen from several sides; the side that the case is about is always told."""
    missed = []
    _guards_off()
    values = world.values()
    for number, (kind, sql) in enumerate(CASES):
        savepoint = transaction.savepoint()
        _run(sql, **values)
        found = list(verification.faults(at=now, declared=checks_for(kind, number=number)))
        transaction.savepoint_rollback(savepoint)
        if kind not in {fault.kind for fault in found}:
            missed.append((kind, found))
        assert all(fault.where and "{" not in fault.detail for fault in found)
    assert missed == []
    assert list(verification.faults(at=now)) == []


def test_a_fault_says_where_and_what(world: World, now: dt.datetime) -> None:
    _break("UPDATE customers_creditaccount SET balance = 119.5 WHERE id = %(account)s", world)
    assert list(verification.faults(at=now)) == [
        verification.Fault(
            kind="account_balance",
            where=f"organisation {world.topped_up.uuid}",
            detail="the account says 119.5 at entry 2, its last entry is 2 and ends with 120",
        )
    ]


def test_a_place_that_an_imported_document_holds_is_no_gap(world: World, now: dt.datetime) -> None:
    _break("UPDATE invoicing_invoice SET series_id = NULL, sequence_number = NULL WHERE id = %(own)s", world)
    assert list(verification.faults(at=now)) == []


def test_a_stored_status_may_lag_behind(world: World, now: dt.datetime) -> None:
    assert list(verification.faults(at=now + dt.timedelta(days=300))) == []


def test_end_of_month_cycles_are_sound(now: dt.datetime) -> None:
    cycles = (C("2026-01-31"), C("2026-02-28"), C("2026-03-31", months=3), C("2026-06-30", months=24))
    factories.subscription(cycles=cycles)
    assert list(verification.faults(at=now)) == []


def _call(*arguments: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("verify_ledger", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def test_the_command_says_that_all_is_well(world: World) -> None:
    out, status = _call("--json")
    assert (json.loads(out), status) == ({"organisations": 4, "entries": 6, "faults": []}, 0)
    assert _call() == ("4 organisations, 6 ledger entries. Everything agrees.\n", 0)


def test_the_command_names_every_fault(world: World) -> None:
    _break(
        "UPDATE customers_creditaccount SET balance = 119.5 WHERE id = %(account)s;"
        "DELETE FROM invoicing_invoice WHERE id = %(own)s",
        world,
    )
    out, status = _call("--json")
    document = json.loads(out)
    assert status == 1
    # What was switched off to break it is told as well, first.
    told = [fault for fault in document["faults"] if fault["kind"] not in schema.KINDS]
    assert document["faults"][-2:] == told
    assert [fault["kind"] for fault in told] == ["account_balance", "series_gap"]
    assert told[1] == {
        "kind": "series_gap",
        "where": "IN-0000001",
        "detail": "the series was drawn up to 2, but no document has this number",
    }
    out, status = _call()
    assert status == 1
    assert out.endswith(f"{len(document['faults'])} faults.\n")
    assert "IN-0000001" in out
