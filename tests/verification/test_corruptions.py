"""Corruptions planted past every guard: each is found by its kind, or docs/ledger.md says why nothing shows it."""

import csv
import datetime as dt
import io
import re
import uuid
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from customers import operations as customers_operations
from invoicing import operations as invoicing_operations
from invoicing.models import CreditNote, CreditNotePutInLine
from portal.audit.operations import SYSTEM, Actor
from portal.lib import days
from subscriptions import verification
from subscriptions.clean_up.operations import expire
from subscriptions.models import Subscription, Termination
from subscriptions.termination.quote import quotes
from subscriptions.verification import heads
from tests.support import factories
from tests.support.directory import RIGHT, S1
from tests.support.factories import C
from tests.support.terminations import preview, request, seen_of, terminate, to_confirm
from tests.verification.test_verification import CASES, OFF_GUARD

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
    organisation = factories.OrganisationFactory(account=Decimal(100), payment_mode="postpaid")
    values |= {"other": factories.OrganisationFactory().pk, "organisation": organisation.pk}

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
    member = factories.MemberFactory(organisation=organisation)
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
    _import(tmp_path, monkeypatch)
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


@dataclass(frozen=True)
class Planted:
    """Hold a corruption: in words, the statements that plant it, and the kind it is found by.

    *Shape*: no `kind` where nothing shows it: then `what` is a row of the page's list of such changes.
    """

    what: str
    sql: str
    kind: str = ""


TERMINATION = "UPDATE subscriptions_termination SET"
QUOTE = f"{TERMINATION} quote = jsonb_set(quote,"
REFUNDED, WAIVED = "WHERE id = %(refunded)s", "WHERE id = %(waived)s"
ENTRY = "UPDATE customers_ledgerentry SET"
ITS_ENTRY = "WHERE kind = 'refund' AND cause_id = %(refunded_uuid)s"
# The hashes after an entry are made to fit, and the account: only the case's own fault is left.
FIT = ";".join(
    [
        """UPDATE customers_ledgerentry e SET previous_sha256 = p.sha256 FROM customers_ledgerentry p
        WHERE p.account_id = e.account_id AND p.seq = e.seq - 1 AND e.previous_sha256 <> p.sha256"""
    ]
    * 4
    + [
        """UPDATE customers_creditaccount a SET (last_seq, balance, head) =
        (SELECT e.seq, e.after, e.sha256 FROM customers_ledgerentry e WHERE e.account_id = a.id
         ORDER BY e.seq DESC LIMIT 1) WHERE last_seq IS NOT NULL"""
    ]
)
EXPIRED_AUDIT = """WHERE event = 'Subscription terminated' AND substring(description FROM 14 FOR 36) =
    (SELECT uuid::text FROM subscriptions_subscription WHERE id = %(expired_subscription)s)"""
REFUNDED_AUDIT = EXPIRED_AUDIT.replace("expired_subscription", "refunded_subscription")
REOPENED = """DELETE FROM subscriptions_termination WHERE id = %(expired)s;
    UPDATE subscriptions_subscription SET status = 'expired', termination_ref = NULL
    WHERE id = %(expired_subscription)s;
    UPDATE subscriptions_phonenumber SET status = 'in_use', reserved_through = NULL
    WHERE subscription_id = %(expired_subscription)s;
    UPDATE subscriptions_cleanuprun SET terminated = terminated - 1, renewing = 0"""
TOLD_NOTHING = """DELETE FROM subscriptions_historyentry WHERE subscription_id = %(expired_subscription)s;
    DELETE FROM outbox_message WHERE cause_id = %(expired_uuid)s"""
TAKEN_BACK = """INSERT INTO invoicing_takeback
    (uuid, payment_id, currency, amount, surplus, reason, moved, request_id, created_at, actor)
    VALUES (gen_random_uuid(), %(payment)s, 'SGD', 3, 0, 'Bounced', {moved}, gen_random_uuid(), now(), 'maria')"""

CORRUPTIONS = (
    # The quote, and what was applied of it.
    Planted(
        "a refund's tax split", "UPDATE invoicing_chargerefund SET net = net + 1, tax = tax - 1", "quote_refunds"
    ),
    Planted(
        "a refund moved to another charge",
        "UPDATE invoicing_chargerefund SET line_id = %(plain_line)s WHERE line_id = %(second_line)s;"
        "UPDATE invoicing_chargeline SET refunded = 13.08 - refunded WHERE id IN (%(plain_line)s, %(second_line)s)",
        "quote_refunds",
    ),
    Planted(
        "a refund taken back with its entry and all sums",
        "DELETE FROM invoicing_chargerefund WHERE cause_id = %(refunded_uuid)s;"
        "UPDATE invoicing_chargeline SET refunded = 0 WHERE id IN (%(refund_line)s, %(second_line)s);"
        f"{TERMINATION} settlement = 'nothing_due', entry_id = NULL, credited = NULL {REFUNDED};"
        f"{ENTRY} kind = 'charge', cause_id = NULL {ITS_ENTRY};{FIT}",
        "quote_refunds",
    ),
    Planted(
        "a waiver deleted with its sums",
        "DELETE FROM invoicing_chargewaiver;"
        "UPDATE invoicing_chargeline SET waived = 0 WHERE id = %(waived_line)s;"
        "UPDATE invoicing_invoice i SET waived = 0, status = 'awaiting_payment' FROM invoicing_chargeline l"
        " WHERE l.invoice_id = i.id AND l.id = %(waived_line)s;"
        f"{TERMINATION} waived = 0 {WAIVED}",
        "quote_waivers",
    ),
    Planted("a quote's lines emptied", f"{QUOTE} '{{lines}}', '[]') {REFUNDED}", "quote_charges"),
    Planted(
        "a quote's cycle left out",
        f"{TERMINATION} quote = quote #- '{{lines,0,charges,1}}' {REFUNDED}",
        "quote_charges",
    ),
    Planted("a quote's day", f"""{QUOTE} '{{on}}', '"2026-03-09"') {REFUNDED}""", "quote_head"),
    Planted("a quote's case", f"""{QUOTE} '{{case}}', '"expired"') {REFUNDED}""", "quote_head"),
    Planted("a quote's method", f"""{QUOTE} '{{terms,refund_method}}', '"full"') {REFUNDED}""", "quote_terms"),
    Planted("a quote's days", f"{QUOTE} '{{terms,full_refund_days}}', '30') {REFUNDED}", "quote_terms"),
    Planted("a quote taken away", f"{TERMINATION} quote = NULL {REFUNDED}", "quote_missing"),
    Planted("a quote that is none", f"""{TERMINATION} quote = '{{"on": 3}}' {REFUNDED}""", "quote_unreadable"),
    Planted(
        "an amount of a quote's charge",
        f"""{QUOTE} '{{lines,0,charges,0,value}}', '"1.00"') {REFUNDED}""",
        "quote_lines",
    ),
    Planted("a reason of a quote", f"""{QUOTE} '{{lines,0,reason}}', '"over"') {REFUNDED}""", "quote_lines"),
    Planted("a sum of a quote", f"""{QUOTE} '{{left}}', '"1.00"') {REFUNDED}""", "quote_sums"),
    Planted("the choice", f"{TERMINATION} choice = 'credit_note' {REFUNDED}", "quote_settlement"),
    Planted(
        "a taken-off hold deleted and the note voided",
        "DELETE FROM invoicing_creditnotehold WHERE credit_note_id = %(taken_off)s;"
        "UPDATE invoicing_creditnote SET status = 'void', holds = 0 WHERE id = %(taken_off)s;"
        "UPDATE invoicing_chargeline SET noted = 0 WHERE id = %(waived_line)s",
        "quote_holds",
    ),
    Planted(
        "another note held as taken off",
        "INSERT INTO invoicing_creditnotehold (credit_note_id, kind, cause_id)"
        " VALUES (%(own_note)s, 'taken_off', %(waived_uuid)s);"
        "UPDATE invoicing_creditnote SET holds = 1 WHERE id = %(own_note)s",
        "quote_holds",
    ),
    Planted(
        "links of two terminations swapped with their holds",
        f"{TERMINATION} credit_note_id = NULL WHERE id = %(other_linked)s;"
        f"{TERMINATION} credit_note_id = %(other_linked_note)s WHERE id = %(linked)s;"
        f"{TERMINATION} credit_note_id = %(linked_note)s WHERE id = %(other_linked)s;"
        "UPDATE invoicing_creditnotehold SET cause_id = gen_random_uuid() WHERE kind = 'settles';"
        "UPDATE invoicing_creditnotehold h SET cause_id = t.uuid FROM subscriptions_termination t"
        " WHERE t.credit_note_id = h.credit_note_id",
        "audit_says",
    ),
    Planted(
        "a note stands for more than was left",
        "INSERT INTO invoicing_creditnotestand (credit_note_id, line_id, currency, net, tax, cause_id)"
        " VALUES (%(linked_note)s, %(refund_line)s, 'SGD', 1, 0, %(linked_uuid)s);"
        "UPDATE invoicing_chargeline SET noted = noted + 1 WHERE id = %(refund_line)s",
        "quote_stands",
    ),
    Planted(
        "a settling note that names its charge no more",
        "UPDATE invoicing_creditnoteline SET line_id = NULL WHERE credit_note_id = %(linked_note)s;"
        "UPDATE invoicing_chargeline SET noted = 0 WHERE id = %(linked_line)s;"
        f"""{QUOTE} '{{left}}', '"50.00"') WHERE id = %(linked)s""",
        "settled_without_charges",
    ),
    Planted(
        "what stays owed after an expiry raised",
        f"""{QUOTE} '{{owed}}', '[{{"invoice": "TIN-1", "amount": "999.00"}}]') WHERE id = %(expired)s""",
        "quote_owed",
    ),
    Planted(
        "why nothing came back", f"{TERMINATION} nothing_reason = 'Agreed' WHERE id = %(expired)s", "quote_head"
    ),
    # Days and instants.
    Planted("terminated_on moved", f"{TERMINATION} terminated_on = '2026-03-09' {REFUNDED}", "quote_head"),
    Planted(
        "terminated_on moved with quote and entry",
        f"""{QUOTE} '{{on}}', '"2026-03-09"'), terminated_on = '2026-03-09' {REFUNDED};
        {ENTRY} "on" = '2026-03-09' {ITS_ENTRY}""",
        "termination_day",
    ),
    Planted(
        "terminated_at moved",
        f"{TERMINATION} terminated_at = terminated_at + interval '1 minute' {REFUNDED}",
        "termination_audit",
    ),
    Planted("an entry's day moved", f'{ENTRY} "on" = "on" - 1 {ITS_ENTRY}', "refund_told"),
    Planted("a correction's day moved", f"""{ENTRY} "on" = "on" - 1 WHERE kind = 'correction'""", "entry_day"),
    Planted("is_unbilled flipped", f"{ENTRY} is_unbilled = NOT is_unbilled {ITS_ENTRY}", "refund_unbilled"),
    Planted(
        "is_unbilled of a correction flipped",
        f"{ENTRY} is_unbilled = NOT is_unbilled WHERE kind = 'correction'",
        "entry_unbilled",
    ),
    Planted(
        "reserved_through moved",
        "UPDATE subscriptions_phonenumber SET reserved_through = reserved_through + 1"
        " WHERE subscription_id = %(refunded_subscription)s",
        "number_reserved",
    ),
    Planted(
        "a number freed too early",
        "UPDATE subscriptions_phonenumber SET status = 'free', reserved_through = NULL"
        " WHERE subscription_id = %(refunded_subscription)s",
        "number_free",
    ),
    Planted(
        "a place in a contract freed on another day",
        "UPDATE subscriptions_contractitem SET freed_on = freed_on - 1"
        " WHERE subscription_id = %(refunded_subscription)s",
        "ended_with",
    ),
    Planted(
        "an assignment that outlives",
        "UPDATE subscriptions_assignment SET ended_on = ended_on + 1",
        "ended_with",
    ),
    # Settings.
    Planted(
        "a settings version edited",
        "UPDATE settings_app_portalconfigversion SET full_refund_days = 3",
        "quote_terms",
    ),
    Planted("a fee edited", "UPDATE settings_app_administrativefee SET amount = 2", "quote_terms"),
    Planted("a fee deleted", "DELETE FROM settings_app_administrativefee", "quote_terms"),
    Planted(
        "an older settings version in force",
        "UPDATE settings_app_confighead SET version_id = (SELECT id FROM settings_app_portalconfigversion"
        " WHERE number = 1)",
        "settings_versions",
    ),
    # A termination that is gone.
    Planted("an expired termination deleted and the subscription reopened", REOPENED, "told_without_termination"),
    Planted("the same, history and message deleted too", f"{REOPENED};{TOLD_NOTHING}", "told_without_termination"),
    Planted(
        "the same, the run's count left",
        f"{REOPENED};{TOLD_NOTHING};DELETE FROM audit_auditentry {EXPIRED_AUDIT};"
        "UPDATE subscriptions_cleanuprun SET terminated = 1",
        "run_count",
    ),
    Planted(
        "A termination deleted with all that tells of it",
        f"{REOPENED};{TOLD_NOTHING};DELETE FROM audit_auditentry {EXPIRED_AUDIT}",
    ),
    # Whose a thing is.
    Planted(
        "a subscription moved",
        "UPDATE subscriptions_subscription SET organisation_id = %(other)s WHERE id = %(plain)s",
        "subscription_organisation",
    ),
    Planted(
        "a terminated subscription moved",
        "UPDATE subscriptions_subscription SET organisation_id = %(other)s WHERE id = %(expired_subscription)s",
        "termination_organisation",
    ),
    Planted(
        "an invoice moved",
        "UPDATE invoicing_invoice SET organisation_id = %(other)s WHERE id = %(plain_invoice)s",
        "subscription_organisation",
    ),
    Planted(
        "a note moved",
        "UPDATE invoicing_creditnote SET organisation_id = %(other)s WHERE id = %(own_note)s",
        "note_organisation",
    ),
    Planted(
        "a contract moved",
        "UPDATE subscriptions_contract SET organisation_id = %(other)s WHERE id ="
        " (SELECT contract_id FROM subscriptions_contractitem WHERE subscription_id = %(plain)s)",
        "contract_organisation",
    ),
    Planted(
        "a member moved",
        "UPDATE customers_member SET organisation_id = %(other)s WHERE id IN"
        " (SELECT member_id FROM subscriptions_assignment)",
        "member_organisation",
    ),
    # What was told.
    Planted(
        "history deleted",
        "DELETE FROM subscriptions_historyentry WHERE subscription_id = %(refunded_subscription)s",
        "termination_history",
    ),
    Planted(
        "history edited",
        "UPDATE subscriptions_historyentry SET description = replace(description, '55.28', '65.28')",
        "history_says",
    ),
    Planted("an audit entry deleted", f"DELETE FROM audit_auditentry {REFUNDED_AUDIT}", "termination_audit"),
    Planted(
        "an audit entry edited",
        f"UPDATE audit_auditentry SET description = description || ' Agreed.' {REFUNDED_AUDIT}",
        "told_apart",
    ),
    Planted(
        "an audit entry of another customer",
        f"UPDATE audit_auditentry SET organisation_uuid = %(anybody)s {REFUNDED_AUDIT}",
        "termination_audit",
    ),
    Planted(
        "a message deleted", "DELETE FROM outbox_message WHERE cause_id = %(refunded_uuid)s", "termination_message"
    ),
    Planted(
        "a message edited",
        "UPDATE outbox_message SET body = 'SGD 65.28 in Available Credits' WHERE cause_id = %(refunded_uuid)s",
        "message_says",
    ),
    Planted(
        "a message to another customer",
        "UPDATE outbox_message SET organisation_uuid = %(anybody)s WHERE cause_id = %(refunded_uuid)s",
        "termination_message",
    ),
    Planted("The other words of a message", "UPDATE outbox_message SET subject = subject || ' Bye.'"),
    Planted("an actor", f"{TERMINATION} actor = 'another' {REFUNDED}", "termination_history"),
    Planted("an entry's actor", f"{ENTRY} actor = 'another' {ITS_ENTRY}", "refund_told"),
    Planted("The explanation", f"{TERMINATION} explanation = 'Another' {REFUNDED}"),
    Planted(
        "Who asked, when, by which channel and ticket, and the reason",
        f"{TERMINATION} requested_by = 'Another', requested_on = requested_on - 1, channel = 'letter',"
        " ticket = 'T-2', reason_id = (SELECT max(id) FROM settings_app_terminationreason)"
        f" {REFUNDED}",
    ),
    Planted("What was acknowledged", f"{TERMINATION} acknowledgements = '[]', quote_id = gen_random_uuid()"),
    Planted(
        "the audit of a payment deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Payment recorded'",
        "audit_count",
    ),
    Planted(
        "the audit of a correction deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Correction posted'",
        "audit_count",
    ),
    Planted(
        "the audit of an allocation deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Credit note allocated'",
        "audit_count",
    ),
    Planted(
        "the audit of a note that was put into Available Credits deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Credit note put into Available Credits'",
        "audit_count",
    ),
    Planted(
        "a note put into Available Credits that the audit calls allocated",
        "UPDATE audit_auditentry SET event = 'Credit note allocated'"
        " WHERE event = 'Credit note put into Available Credits'",
        "audit_count",
    ),
    Planted(
        "The words of an audit entry about anything but a termination",
        "UPDATE audit_auditentry SET description = 'Nothing' WHERE event <> 'Subscription terminated'",
    ),
    Planted(
        "An audit entry of settings, renewals or staff, deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Imported'",
    ),
    Planted(
        "A line of history about anything but a termination",
        "INSERT INTO subscriptions_historyentry (subscription_id, at, event, description, actor)"
        " VALUES (%(plain)s, now(), 'Unsubscribed', 'Agreed', 'another')",
    ),
    # Documents.
    Planted(
        "a payment deleted with all sums",
        "DELETE FROM invoicing_paymentline WHERE payment_id = %(payment)s;"
        "DELETE FROM invoicing_payment WHERE id = %(payment)s;"
        "UPDATE invoicing_chargeline SET paid = paid - 30 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_invoice SET paid = paid - 30 WHERE id = %(plain_invoice)s",
        "audit_count",
    ),
    Planted(
        "A payment's day, method, reference or actor",
        "UPDATE invoicing_payment SET received_on = received_on - 1, method = 'cheque', reference = 'R-2',"
        " actor = 'another' WHERE id = %(payment)s",
    ),
    Planted(
        "a charge of an ended subscription raised with its invoice",
        "UPDATE invoicing_chargeline SET net = net + 1 WHERE id = %(second_line)s;"
        "UPDATE invoicing_invoice i SET charged = i.charged + 1, status = 'awaiting_payment'"
        " FROM invoicing_chargeline l WHERE l.invoice_id = i.id AND l.id = %(second_line)s",
        "quote_lines",
    ),
    Planted(
        "A charge raised with its invoice",
        "UPDATE invoicing_chargeline SET net = net + 1 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_invoice SET charged = charged + 1 WHERE id = %(plain_invoice)s",
    ),
    Planted(
        "a cycle of an ended subscription moved with charge and expiry",
        "UPDATE subscriptions_cycle SET first_day = '2026-02-01', day_after = '2026-03-01'"
        " WHERE subscription_id = %(refunded_subscription)s;"
        "UPDATE subscriptions_cyclecharge SET first_day = '2026-02-01', day_after = '2026-03-01' WHERE cycle_id ="
        " (SELECT id FROM subscriptions_cycle WHERE subscription_id = %(refunded_subscription)s);"
        "UPDATE subscriptions_subscription SET expires_on = '2026-02-28' WHERE id = %(refunded_subscription)s",
        "quote_charges",
    ),
    Planted(
        "A cycle moved with charge and expiry",
        "UPDATE subscriptions_cycle SET first_day = '2026-02-01', day_after = '2026-03-01'"
        " WHERE subscription_id = %(plain)s;"
        "UPDATE subscriptions_cyclecharge SET first_day = '2026-02-01', day_after = '2026-03-01' WHERE cycle_id ="
        " (SELECT id FROM subscriptions_cycle WHERE subscription_id = %(plain)s);"
        "UPDATE subscriptions_subscription SET expires_on = '2026-02-28' WHERE id = %(plain)s",
    ),
    Planted(
        "a charge called external",
        "UPDATE subscriptions_cyclecharge SET is_external_invoice = true WHERE line_id = %(refund_line)s",
        "quote_lines",
    ),
    Planted(
        "a contract's plan",
        "UPDATE subscriptions_contract SET billing_plan = 'milestone'",
        "quote_lines",
    ),
    Planted(
        "an amount below the minor unit",
        "UPDATE invoicing_chargeline SET net = net + 0.001 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_invoice SET charged = charged + 0.001 WHERE id = %(plain_invoice)s",
        "minor_unit",
    ),
    Planted(
        "a take-back below the minor unit, with its parts",
        "UPDATE invoicing_takebackline SET amount = amount + 0.001 WHERE payment_line_id IS NOT NULL;"
        "UPDATE invoicing_takeback SET amount = amount + 0.001 WHERE payment_id IS NOT NULL;"
        "UPDATE invoicing_paymentline SET taken_back = taken_back + 0.001 WHERE taken_back > 0",
        "minor_unit",
    ),
    *(
        Planted(
            f"{column} of {table} below the minor unit",
            f"UPDATE invoicing_{table} SET {column} = {column} + 0.001 WHERE {column} <> 0",
            "minor_unit",
        )
        for table, columns in (
            ("payment", ("surplus", "surplus_taken_back")),
            ("paymentline", ("taken_back",)),
            ("creditnoteputinline", ("taken_back",)),
            ("takeback", ("amount", "surplus", "moved")),
            ("takebackline", ("amount",)),
        )
        for column in columns
    ),
    Planted(
        "what is taken back of an allocation below the minor unit",
        "UPDATE invoicing_creditnoteallocation SET taken_back = 0.001",
        "minor_unit",
    ),
    Planted(
        "a top-up without a cause",
        f"{ENTRY} kind = 'top_up', cause_id = NULL WHERE kind = 'correction';{FIT}",
        "top_up_cause",
    ),
    Planted("a take-back of another amount", "UPDATE invoicing_takeback SET amount = amount + 1", "taken_back_sum"),
    Planted(
        "a payment that says nothing was taken back of it",
        "UPDATE invoicing_paymentline SET taken_back = 0 WHERE taken_back > 0",
        "taken_back_part",
    ),
    Planted(
        "a surplus that says nothing was taken back of it",
        "UPDATE invoicing_payment SET surplus_taken_back = 0 WHERE surplus_taken_back > 0",
        "taken_back_part",
    ),
    Planted(
        "a take-back that left Available Credits alone",
        "UPDATE invoicing_takeback SET moved = NULL, entry_id = NULL",
        "taken_back_entry",
    ),
    Planted("a top-up of another amount", "UPDATE customers_topup SET amount = 6", "top_up_entry"),
    Planted("a top-up whose row is gone", "DELETE FROM customers_topup", "top_up_cause"),
    Planted(
        "a payment that put something into Available Credits",
        "UPDATE invoicing_payment SET surplus = 1, amount = amount + 1 WHERE id = %(payment)s",
        "surplus_entry",
    ),
    Planted(
        "a part of a payment called taken back with all sums",
        "UPDATE invoicing_paymentline SET taken_back = 1 WHERE payment_id = %(payment)s;"
        "UPDATE invoicing_chargeline SET paid = paid - 1 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_invoice SET paid = paid - 1 WHERE id = %(plain_invoice)s",
        "taken_back_part",
    ),
    Planted(
        "a take-back of a surplus that is called a charge",
        f"{ENTRY} kind = 'charge' WHERE id = (SELECT entry_id FROM invoicing_takeback WHERE surplus > 0);{FIT}",
        "taken_back_entry",
    ),
    Planted(
        "a take-back of a note that is called a top-up",
        f"{ENTRY} kind = 'top_up' WHERE id ="
        f" (SELECT entry_id FROM invoicing_takeback WHERE credit_note_id IS NOT NULL);{FIT}",
        "taken_back_entry",
    ),
    Planted("a take-back without its parts", TAKEN_BACK.format(moved="NULL"), "taken_back_sum"),
    Planted("a take-back that moved what no entry did", TAKEN_BACK.format(moved="-3"), "taken_back_entry"),
    Planted(
        "a correction that mends another customer's termination",
        "UPDATE subscriptions_termination SET uuid = gen_random_uuid() WHERE id = %(refunded)s",
        "correction_cause",
    ),
    Planted(
        "corrections above what was charged",
        f"{ENTRY} amount = amount + 50, after = after + 50 WHERE kind = 'correction';{FIT}",
        "corrections_above_charges",
    ),
    Planted("The words of an entry", f"{ENTRY} description = 'Another' WHERE kind = 'correction'"),
    Planted("A note's reason", "UPDATE invoicing_creditnote SET reason = 'Another' WHERE id = %(own_note)s"),
    # Imported rows.
    Planted(
        "an imported customer's limit", "UPDATE customers_creditaccount SET credit_limit = 500", "imported_row"
    ),
    Planted(
        "A limit that was not imported, and what is reserved",
        "UPDATE customers_creditaccount SET credit_limit = 500, reserved = 3"
        " WHERE organisation_id = %(organisation)s",
    ),
    Planted(
        "an imported customer renamed",
        "UPDATE customers_organisation SET name = 'Another' WHERE row_sha256 <> ''",
        "imported_row",
    ),
    Planted("an imported member", "UPDATE customers_member SET role = 'admin'", "imported_row"),
    Planted("an imported price", "UPDATE subscriptions_plan SET price_per_month = 1", "imported_row"),
    Planted("an imported contract", "UPDATE subscriptions_contract SET ends_on = ends_on + 1", "imported_row"),
    Planted(
        "an imported subscription moved with all its documents",
        "UPDATE subscriptions_subscription SET organisation_id = %(organisation)s WHERE id = %(imported)s;"
        "UPDATE invoicing_invoice SET organisation_id = %(organisation)s WHERE number IN ('TIN-1', 'TIN-2')",
        "imported_row",
    ),
    Planted(
        "an imported trial",
        "UPDATE subscriptions_subscription SET is_trial = true WHERE id = %(imported)s",
        "imported_row",
    ),
    Planted(
        "an imported end moved",
        f"{TERMINATION} terminated_on = terminated_on - 1 WHERE actor_kind = 'import'",
        "imported_row",
    ),
    Planted(
        "an imported explanation",
        f"{TERMINATION} explanation = 'Another' WHERE actor_kind = 'import'",
        "imported_row",
    ),
    Planted(
        "an imported invoice renumbered",
        "UPDATE invoicing_invoice SET number = 'TIN-99' WHERE number = 'TIN-2'",
        "imported_row",
    ),
    Planted(
        "an imported invoice raised",
        "UPDATE invoicing_chargeline l SET net = net + 1 FROM invoicing_invoice i"
        " WHERE i.id = l.invoice_id AND i.number = 'TIN-2';"
        "UPDATE invoicing_invoice SET charged = charged + 1 WHERE number = 'TIN-2'",
        "imported_row",
    ),
    Planted(
        "an imported cycle moved with charge and expiry",
        "UPDATE subscriptions_cycle SET first_day = '2026-03-31', day_after = '2026-04-30'"
        " WHERE subscription_id = %(imported)s AND first_day = '2026-02-28';"
        "UPDATE subscriptions_cyclecharge h SET first_day = c.first_day, day_after = c.day_after"
        " FROM subscriptions_cycle c WHERE c.id = h.cycle_id AND c.subscription_id = %(imported)s;"
        "UPDATE subscriptions_subscription SET expires_on = '2026-04-29' WHERE id = %(imported)s",
        "imported_row",
    ),
    Planted(
        "an imported payment deleted with all sums",
        "DELETE FROM invoicing_paymentline r USING invoicing_payment p, invoicing_invoice i"
        " WHERE p.id = r.payment_id AND i.id = p.invoice_id AND i.number = 'TIN-2';"
        "DELETE FROM invoicing_payment p USING invoicing_invoice i"
        " WHERE i.id = p.invoice_id AND i.number = 'TIN-2';"
        "UPDATE invoicing_chargeline l SET paid = 0 FROM invoicing_invoice i"
        " WHERE i.id = l.invoice_id AND i.number = 'TIN-2';"
        "UPDATE invoicing_invoice SET paid = 0 WHERE number = 'TIN-2'",
        "imported_row",
    ),
    Planted(
        "an imported number called ported-in",
        "UPDATE subscriptions_phonenumber SET is_ported_in = NOT is_ported_in WHERE status = 'in_use'",
        "imported_row",
    ),
    Planted(
        "an imported note renumbered",
        "UPDATE invoicing_creditnote SET number = 'TCN-99' WHERE number = 'TCN-1'",
        "imported_row",
    ),
    Planted(
        "an imported note raised",
        "UPDATE invoicing_creditnote SET net = net + 1 WHERE number = 'TCN-3';"
        "UPDATE invoicing_creditnoteline l SET net = l.net + 1 FROM invoicing_creditnote n"
        " WHERE n.id = l.credit_note_id AND n.number = 'TCN-3'",
        "imported_row",
    ),
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
    for planted in CORRUPTIONS:
        savepoint = transaction.savepoint()
        assert _run(planted.sql, portal) > 0, planted.what
        found = set(verification.faults(at=now)) - sound
        transaction.savepoint_rollback(savepoint)
        kinds = sorted({fault.kind for fault in found})
        if planted.kind not in kinds if planted.kind else kinds:
            missed.append((planted.what, kinds))
    assert missed == []


def test_every_kind_has_a_case() -> None:
    planted = {case.kind for case in CORRUPTIONS} | {kind for kind, _ in CASES}
    assert set(verification.KINDS) - planted - {heads.KIND} == set()


def test_the_page_lists_what_nothing_shows_and_no_more() -> None:
    assert _listed() == {planted.what for planted in CORRUPTIONS if not planted.kind}


def test_the_page_lists_every_kind_of_fault() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in verification.KINDS if f"`{kind}`" not in text] == []
    section = text.partition("## Kinds of faults")[2].partition("\n## ")[0]
    told = {*verification.KINDS, *verification.SCHEMA_KINDS}
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == told
