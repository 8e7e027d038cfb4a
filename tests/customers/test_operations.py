"""What moves money on a credit account: exact rows, and what did not change."""

import threading
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from customers import operations, refusals, selectors
from customers.models import CreditAccount, LedgerEntry, Organisation
from portal import frame
from portal.audit.models import AuditEntry
from tests.support import refused
from tests.support.factories import OrganisationFactory

NOW = datetime(2026, 3, 10, 17, 0, tzinfo=UTC)
BY = frame.Actor(kind="agent", name="bill")


def correct(organisation: Organisation, amount: str = "12.50", **changed: Any) -> LedgerEntry:
    wanted: dict[str, Any] = {
        "organisation_uuid": organisation.uuid,
        "amount": Decimal(amount),
        "reason": "Counted twice",
        "cause_id": None,
        "seen_seq": None,
        "request_id": uuid.uuid4(),
        "by": BY,
        "at": NOW,
    }
    return operations.post_correction(**(wanted | changed))


def post(account: CreditAccount, amount: str, **changed: Any) -> LedgerEntry:
    wanted: dict[str, Any] = {
        "account": operations.lock_account(organisation_id=account.organisation_id),
        "kind": "refund",
        "amount": Decimal(amount),
        "cause_id": uuid.uuid4(),
        "is_unbilled": False,
        "at": NOW,
        "on": date(2026, 3, 11),
        "description": "Refund",
        "actor": "bill",
    }
    return operations.post_entry(**(wanted | changed))


@pytest.mark.django_db
def test_entries_follow_one_another_and_the_account_shows_the_last() -> None:
    account = OrganisationFactory.create(account="100.000001").credit_account
    first = post(account, "50")
    second = post(account, "-200.5", kind="charge")
    account.refresh_from_db()
    assert [(e.seq, e.before, e.amount, e.after) for e in (first, second)] == [
        (2, Decimal("100.000001"), Decimal("50"), Decimal("150.000001")),
        (3, Decimal("150.000001"), Decimal("-200.5"), Decimal("-50.499999")),
    ]
    assert (account.last_seq, account.balance) == (3, Decimal("-50.499999"))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
def test_the_first_entry_starts_at_zero() -> None:
    account = OrganisationFactory.create().credit_account
    entry = post(account, "5", kind="top_up", cause_id=None)
    assert (entry.seq, entry.before, entry.after) == (1, 0, 5)


@pytest.mark.django_db(transaction=True)
def test_an_entry_needs_the_transaction_of_its_cause() -> None:
    account = OrganisationFactory.create().credit_account
    with pytest.raises(operations.NoTransaction):
        post(account, "5")
    assert not LedgerEntry.objects.exists()


@pytest.mark.django_db
def test_a_cause_is_refunded_once() -> None:
    account = OrganisationFactory.create().credit_account
    cause = uuid.uuid4()
    post(account, "5", cause_id=cause)
    with refused.by("a_cause_is_refunded_once"), transaction.atomic():
        post(account, "5", cause_id=cause)


@pytest.mark.django_db
def test_a_balance_that_no_account_can_hold_is_refused() -> None:
    account = OrganisationFactory.create().credit_account
    post(account, "9999999999999")
    with pytest.raises(refusals.BalanceOutOfRange):
        post(account, "1")


@pytest.mark.django_db
def test_a_correction_is_posted_with_its_sentence() -> None:
    organisation = OrganisationFactory.create(name="Acme", account="20")
    other = OrganisationFactory.create(account="7")
    cause = uuid.uuid4()
    entry = correct(organisation, "-12.345678", cause_id=cause)
    entry.refresh_from_db()
    assert (entry.seq, entry.kind, entry.amount, entry.after) == (
        2,
        "correction",
        Decimal("-12.345678"),
        Decimal("7.654322"),
    )
    # In Singapore it is past midnight.
    assert (entry.on, entry.description, entry.actor, entry.cause_id) == (
        date(2026, 3, 11),
        "Counted twice",
        "bill",
        cause,
    )
    assert not entry.is_unbilled
    audit = AuditEntry.objects.get(event="Correction posted")
    assert audit.description == (
        f"SGD 12.345678 taken from Available Credits, mending termination {cause}: Counted twice"
    )
    assert (audit.actor, audit.organisation_uuid, audit.organisation_name) == ("bill", organisation.uuid, "Acme")
    assert selectors.moved_sentence(entry) == "SGD 12.345678 taken from Available Credits."
    other.credit_account.refresh_from_db()
    assert (other.credit_account.balance, other.credit_account.entries.count()) == (7, 1)


@pytest.mark.django_db
def test_a_postpaid_correction_waits_for_the_monthly_invoice() -> None:
    assert correct(OrganisationFactory.create(payment_mode="postpaid")).is_unbilled


@pytest.mark.django_db
def test_the_same_form_twice_posts_once() -> None:
    organisation = OrganisationFactory.create()
    request_id = uuid.uuid4()
    first = correct(organisation, request_id=request_id)
    assert correct(organisation, request_id=request_id).pk == first.pk
    assert (LedgerEntry.objects.count(), AuditEntry.objects.filter(event="Correction posted").count()) == (1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changed",
    [
        {"amount": Decimal("12.51")},
        {"reason": "Another"},
        {"cause_id": uuid.uuid4()},
        {"by": frame.Actor(kind="agent", name="somebody else")},
    ],
)
def test_a_form_that_was_used_posts_nothing_else(changed: dict[str, Any]) -> None:
    organisation = OrganisationFactory.create()
    request_id = uuid.uuid4()
    first = correct(organisation, request_id=request_id)
    with pytest.raises(frame.KeyReused):
        correct(organisation, **{"request_id": request_id, **changed})
    assert LedgerEntry.objects.get().pk == first.pk


@pytest.mark.django_db
def test_nobody_is_corrected_who_does_not_exist() -> None:
    with pytest.raises(Organisation.DoesNotExist):
        correct(Organisation(), organisation_uuid=uuid.uuid4())


@pytest.mark.django_db(transaction=True)
def test_entries_that_race_form_one_chain() -> None:
    organisation = OrganisationFactory.create()
    same = uuid.uuid4()
    start = threading.Barrier(6)

    def run(request_id: uuid.UUID) -> None:
        start.wait()
        try:
            correct(organisation, "1", request_id=request_id)
        finally:
            connection.close()

    # Three of six are the same form.
    threads = [
        threading.Thread(target=run, args=(request_id,))
        for request_id in (same, same, same, uuid.uuid4(), uuid.uuid4(), uuid.uuid4())
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    entries = LedgerEntry.objects.order_by("seq").values_list("seq", "before", "after")
    assert list(entries) == [(n, n - 1, n) for n in (1, 2, 3, 4)]
    assert organisation.credit_account.__class__.objects.get().balance == 4


@pytest.mark.django_db(transaction=True)
def test_one_form_for_two_accounts_at_once_posts_one_entry() -> None:
    organisations = [OrganisationFactory.create(), OrganisationFactory.create()]
    request_id = uuid.uuid4()
    start = threading.Barrier(2)
    answers: list[object] = []

    def run(organisation: Organisation) -> None:
        start.wait()
        try:
            answers.append(correct(organisation, "1", request_id=request_id))
        except frame.KeyReused as refused:
            answers.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(organisation,)) for organisation in organisations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {type(answer) for answer in answers} == {LedgerEntry, frame.KeyReused}
    assert LedgerEntry.objects.get() in answers


@pytest.mark.django_db
@pytest.mark.parametrize("amount", ["0", "-12.50", "0.001", "NaN", "Infinity"])
def test_a_top_up_is_above_zero_and_whole(amount: str) -> None:
    organisation = OrganisationFactory.create(account="5")
    with pytest.raises(refusals.AmountNotUsable):
        operations.post_top_up(
            organisation_uuid=organisation.uuid,
            amount=Decimal(amount),
            reason="Paid at the counter",
            seen_seq=None,
            request_id=uuid.uuid4(),
            by=BY,
            at=NOW,
        )
    assert CreditAccount.objects.get().balance == 5
    assert not AuditEntry.objects.filter(event="Topped up").exists()
