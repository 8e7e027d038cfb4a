"""The operation: exact rows, refusals, and what did not change."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection

from customers.models import CreditAccount, LedgerEntry
from invoicing.models import ChargeRefund, ChargeWaiver, CreditNoteHold
from portal.audit.models import AuditEntry
from portal.outbox.models import Delivery
from subscriptions.models import Assignment, PhoneNumber, Termination
from subscriptions.termination import operations, refusals, requested
from subscriptions.termination.quote import quotes
from subscriptions.termination.words import told
from tests.support import factories
from tests.support.factories import C
from tests.support.terminations import fresh, preview, request, seen_of, terminate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _deferred_keys_hold():
    """A rolled-back test never commits: check the deferred keys where the commit would."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_automatic_refund_writes_everything_once(agent, now, configure):
    configure(notification_address="provider@example.com")
    made = factories.subscription(numbers=("+6530000001",))
    member = factories.MemberFactory.create(organisation=made.organisation)
    Assignment.objects.create(subscription=made, member=member, assigned_on=dt.date(2026, 3, 1))
    PhoneNumber.objects.create(number="+6530000002", subscription=made, is_ported_in=True)

    outcome = terminate(made, by=agent, at=now)

    record = outcome.termination
    assert not outcome.is_repeat
    assert (record.case, record.settlement, record.choice) == ("customer_request", "credited", "automatic")
    assert (record.credited, record.terminated_on, record.actor) == (Decimal(50), dt.date(2026, 3, 10), "maria")
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.amount, entry.after, entry.cause_id) == ("refund", 50, 50, record.uuid)
    assert not entry.is_unbilled
    account = CreditAccount.objects.get(organisation=made.organisation)
    assert (account.balance, account.last_seq) == (50, 1)
    line = factories.charge_of(made)
    assert (line.refunded, line.waived, line.paid) == (50, 0, 50)
    ended = fresh(made)
    assert (ended.status, ended.auto_renew, ended.termination_ref) == ("terminated", False, record.pk)
    assert dict(PhoneNumber.objects.values_list("number", "reserved_through")) == {
        "+6530000001": dt.date(2026, 4, 7),
        "+6530000002": dt.date(2026, 5, 5),
    }
    assert Assignment.objects.get().ended_on == dt.date(2026, 3, 10)
    assert Delivery.objects.get().kind == "subscription_terminated"
    event = AuditEntry.objects.get(event="Subscription terminated")
    assert (event.kind, event.schema, event.subject_uuid) == ("subscription.terminated", 1, made.uuid)
    assert event.data == {
        "termination": str(record.uuid),
        "sha256": bytes(Termination.objects.get().sha256).hex(),
        "case": "customer_request",
        "on": "2026-03-10",
        "currency": "SGD",
        "settlement": "credited",
        "credited": "50.00",
        "waived": "0.00",
        "credit_note": None,
        "reason": record.reason and record.reason.code,
        "requested_on": str(record.requested_on),
        "expired_on": None,
        "request": None,
        "told": "SGD 50.00 added to Available Credits.",
    }
    assert told.result_of(record).sentences == (
        f"Subscription {made.uuid} terminated.",
        "SGD 50.00 added to Available Credits.",
    )


def test_numbers_stay_reserved_for_as_long_as_the_settings_of_the_commit_say(agent, now, configure):
    first, second = factories.subscription(numbers=("+6530000001",)), factories.subscription()
    PhoneNumber.objects.create(number="+6530000002", subscription=second, is_ported_in=True)
    configure(number_reservation_days=35, number_reservation_days_ported_in=0)
    terminate(first, by=agent, at=now)
    terminate(second, by=agent, at=now)
    assert dict(PhoneNumber.objects.values_list("number", "reserved_through")) == {
        "+6530000001": dt.date(2026, 4, 14),
        "+6530000002": dt.date(2026, 3, 10),
    }


def test_postpaid_refund_is_marked_unbilled(agent, now):
    organisation = factories.OrganisationFactory.create(payment_mode="postpaid", account=Decimal("10.5"))
    made = factories.subscription(organisation=organisation)
    terminate(made, by=agent, at=now)
    entry = LedgerEntry.objects.get(kind="refund")
    assert (entry.is_unbilled, entry.seq, entry.before, entry.after) == (True, 2, Decimal("10.5"), Decimal("60.5"))


def test_contract_item_is_freed(agent, now):
    made = factories.subscription(billing_plan="as_incurred")
    terminate(made, by=agent, at=now)
    assert fresh(made).contract_item.freed_on == dt.date(2026, 3, 10)


def test_the_same_seal_twice_gives_the_first_answer(agent, now):
    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    first = terminate(made, by=agent, at=now, seen=seen)
    second = terminate(made, by=agent, at=now + dt.timedelta(hours=3), seen=seen)
    assert second.is_repeat
    assert second.termination.pk == first.termination.pk
    assert LedgerEntry.objects.count() == Termination.objects.count() == 1


def test_another_seal_or_another_user_is_refused_with_who_and_when(agent, make_user, now):
    from portal.frame import Actor

    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    terminate(made, by=agent, at=now, seen=seen)
    for by, what in ((agent, seen_of_other(seen)), (Actor.of(make_user("agent")), seen)):
        with pytest.raises(refusals.AlreadyTerminated, match="by maria on 10 March 2026 at 17:00"):
            terminate(made, by=by, at=now, seen=what)
    assert LedgerEntry.objects.count() == 1


def seen_of_other(seen):
    import uuid

    return operations.Seen(quote_id=uuid.uuid4(), document=seen.document)


def test_a_payment_after_the_preview_changes_the_quote(agent, now):
    made = factories.subscription(cycles=(C("2026-03-01", net="100", paid="50"),))
    seen = seen_of(preview(made, at=now))
    factories.pay(factories.charge_of(made), "50")
    with pytest.raises(refusals.QuoteChanged) as changed:
        terminate(made, by=agent, at=now, seen=seen)
    assert changed.value.fresh.total == 100
    assert fresh(made).status == "active"
    assert "refund is now SGD 100.00; it was SGD 50.00" in " ".join(
        quotes.changes(old=seen.document, new=quotes.document(changed.value.fresh))
    )


def test_midnight_and_config_change_the_quote(agent, now, configure):
    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    with pytest.raises(refusals.QuoteChanged):
        terminate(made, by=agent, at=now + dt.timedelta(days=1), seen=seen)
    configure(allow_refund=False)
    with pytest.raises(refusals.QuoteChanged):
        terminate(made, by=agent, at=now, seen=seen)
    assert not Termination.objects.exists()


def test_allow_refund_off_refunds_and_waives_nothing(agent, now, configure):
    configure(allow_refund=False)
    made = factories.subscription(cycles=(C("2026-03-01", net="100", paid="60"),))
    record = terminate(made, by=agent, at=now).termination
    assert (record.settlement, record.waived) == ("nothing_due", 0)
    assert not LedgerEntry.objects.exists()
    assert not ChargeWaiver.objects.exists()
    assert not ChargeRefund.objects.exists()
    assert told.result_of(record).sentences[1] == "Nothing was refunded: Allow Refund is off in Portal Config."


def test_partly_paid_cycle_waives_and_refunds(agent, now):
    made = factories.subscription(cycles=(C("2026-03-01", net="100", paid="60"),))
    record = terminate(made, by=agent, at=now).termination
    assert (record.credited, record.waived) == (60, 40)
    line = factories.charge_of(made)
    assert (line.refunded, line.waived) == (60, 40)
    assert line.invoice.status == "paid"
    assert told.result_of(record).sentences[2] == f"SGD 40.00 was waived on {line.invoice.number}."


def test_printed_example_of_the_waiver_with_a_total_of_zero(agent):
    made = factories.subscription(
        cycles=(C("2025-10-01", months=12, net="249.00", tax="22.41", paid="124.50"),), started_on="2025-10-01"
    )
    at = dt.datetime(2026, 3, 15, 3, tzinfo=dt.UTC)
    record = terminate(made, by=agent, at=at).termination
    assert (record.settlement, record.waived) == ("nothing_due", Decimal("135.71"))
    line = factories.charge_of(made)
    assert line.charged - line.paid - line.waived == Decimal("11.20")
    assert line.invoice.status == "awaiting_payment"
    assert not LedgerEntry.objects.exists()


def test_a_chosen_note_is_the_refund(agent, now):
    made = factories.subscription()
    note = factories.credit_note(made.organisation, net="50", line=factories.charge_of(made), number="CN-0000012")
    record = terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-0000012")).termination
    assert (record.settlement, record.choice, record.credit_note) == ("credit_note_linked", "credit_note", note)
    assert not LedgerEntry.objects.exists()
    assert CreditNoteHold.objects.get().kind == "settles"
    assert told.result_of(record).sentences[1] == "Credit note CN-0000012 is the refund."


def test_a_note_that_differs_must_be_acknowledged(agent, now):
    made = factories.subscription()
    factories.credit_note(made.organisation, net="30", number="CN-1")
    with pytest.raises(refusals.AcknowledgementMissing, match="SGD 20.00 less than what was not used"):
        terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-1"))
    record = terminate(
        made, by=agent, at=now, choice=quotes.LinkNote("CN-1"), acknowledged=["difference:CN-1"]
    ).termination
    assert record.acknowledgements[0]["key"] == "difference:CN-1"


def test_automatic_refund_beside_a_sent_note_needs_an_acknowledgement(agent, now):
    made = factories.subscription()
    note = factories.credit_note(made.organisation, net="30", line=factories.charge_of(made), number="CN-1")
    quote = preview(made, at=now)
    assert (quote.total, quote.candidates[0].number, quote.candidates[0].expected) == (20, "CN-1", 50)
    with pytest.raises(refusals.AcknowledgementMissing, match="CN-1"):
        terminate(made, by=agent, at=now)
    record = terminate(made, by=agent, at=now, acknowledged=["double:CN-1"]).termination
    assert record.credited == 20
    note.refresh_from_db()
    assert note.holds == 1
    assert CreditNoteHold.objects.get().kind == "taken_off"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda o, own: factories.credit_note(o, status="draft", number="X"), "draft"),
        (
            lambda o, own: factories.credit_note(o, status="applied", number="X", line=factories.charge_of(own)),
            "applied and naming a charge",
        ),
        (
            lambda o, own: factories.credit_note(factories.OrganisationFactory.create(), number="X"),
            "another organisation",
        ),
        (
            lambda o, own: factories.credit_note(
                o, number="X", line=factories.charge_of(factories.subscription(organisation=o))
            ),
            "names another subscription",
        ),
    ],
)
def test_notes_that_cannot_be_chosen(agent, now, make, why):
    made = factories.subscription()
    make(made.organisation, made)
    with pytest.raises(refusals.CreditNoteNotUsable):
        terminate(made, by=agent, at=now, choice=quotes.LinkNote("X"), acknowledged=["difference:X"])


def test_a_note_settles_one_termination_only(agent, now):
    organisation = factories.OrganisationFactory.create()
    first, second = (factories.subscription(organisation=organisation) for _ in range(2))
    factories.credit_note(organisation, net="50", number="CN-1")
    terminate(first, by=agent, at=now, choice=quotes.LinkNote("CN-1"))
    with pytest.raises(refusals.CreditNoteNotUsable):
        terminate(second, by=agent, at=now, choice=quotes.LinkNote("CN-1"))


def test_expired_within_28_days_is_refused_with_the_date(agent, now):
    made = factories.subscription(cycles=(C("2026-01-29"),))  # expired on 27 February, eleven days ago
    with pytest.raises(refusals.NotYetTerminable, match="can be terminated from 28 March 2026\\.$"):
        preview(made, at=now)


@pytest.mark.parametrize(("day", "is_refused"), [(28, True), (29, False)])
def test_the_28th_and_29th_day(agent, now, day, is_refused):
    ended = dt.date(2026, 3, 10) - dt.timedelta(days=day)
    made = factories.subscription(cycles=(C("2026-01-01"),), expires_on=ended)
    if is_refused:
        with pytest.raises(refusals.NotYetTerminable):
            preview(made, at=now)
        return
    record = terminate(made, by=agent, at=now, asked=requested.ExpiredRequest("Long gone.")).termination
    assert (record.case, record.settlement, record.choice) == ("expired", "nothing_due", "none")
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"requested_on": dt.date(2026, 3, 11)}, "requested_on"),
        ({"explanation": "  "}, "explanation"),
        ({"explanation": "x" * 2001}, "explanation"),
        ({"reason_code": "gone"}, "reason"),
        ({"reason_code": "quality_of_service"}, "ticket"),
        ({"requested_by": " "}, "requested_by"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
def test_a_request_that_is_not_acceptable_writes_nothing(agent, now, changes, field):
    made = factories.subscription()
    with pytest.raises(refusals.RequestNotAcceptable) as refusal:
        terminate(made, by=agent, at=now, asked=request(**changes))
    assert refusal.value.field == field


@pytest.mark.parametrize(("last_day", "is_expired_said"), [("2026-03-31", True), ("2026-01-31", False)])
def test_what_is_said_must_fit_the_case(agent, now, last_day, is_expired_said):
    made = factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date.fromisoformat(last_day))
    said = requested.ExpiredRequest("Long gone.") if is_expired_said else request()
    with pytest.raises(refusals.RequestNotAcceptable):
        terminate(made, by=agent, at=now, asked=said)
    assert not Termination.objects.exists()


def test_simplified_termination_commits_from_the_popup(agent, now, configure):
    configure(termination_method="simplified")
    made = factories.subscription()
    record = terminate(made, by=agent, at=now).termination
    assert (record.choice, record.settlement) == ("simplified", "credited")


def test_the_fee_is_taken_off_once(agent, now, configure):
    configure(charge_administrative_fee=True, fees={"SGD": "21.40"})
    made = factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01")), started_on="2026-03-01")
    record = terminate(made, by=agent, at=now).termination
    assert record.credited == Decimal("78.60")
    assert sum(r.amount for r in ChargeRefund.objects.all()) == 100


def test_the_message_goes_where_the_config_says(agent, now, configure):
    configure(notify_customers=True, notification_address="provider@example.com")
    made = factories.subscription(
        organisation=factories.OrganisationFactory.create(billing_email="", owner_email="owner@example.com")
    )
    terminate(made, by=agent, at=now)
    message = Delivery.objects.get()
    assert (message.to, message.cc, message.status) == ("owner@example.com", "provider@example.com", "pending")
    configure(notify_customers=False, notify_partner=True, notification_address="")
    terminate(factories.subscription(), by=agent, at=now)
    assert Delivery.objects.get() == message
