"""Reminders: what is told on which day, to whom, once, and one message a day for each organisation and kind."""

import datetime as dt

import pytest

from portal.audit.models import AuditEntry
from portal.frame import SYSTEM
from portal.outbox import kinds
from portal.outbox.models import Delivery, Notice, NoticeItem
from settings_app.models import MessageSetting, PortalConfigVersion
from subscriptions.models import PhoneNumber, Subscription
from subscriptions.reminders import operations, selectors, words
from subscriptions.reminders.operations import writing
from tests.support import factories, scheduled
from tests.support.factories import C
from tests.support.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = dt.date(2026, 3, 10)
NOON = dt.datetime(2026, 3, 10, 4, tzinfo=dt.UTC)  # in Singapore


@pytest.fixture(autouse=True)
def told(configure):
    """Tell customers, and renew here."""
    configure(
        notify_customers=True,
        notification_address="provider@example.com",
        provider_name="Acme",
        renewals_are_made_here=True,
    )


def expiring(in_days, *, billing_plan="", organisation=None, numbers=(), **fields):
    made = factories.subscription(
        organisation=organisation, cycles=(C("2026-02-01"),), billing_plan=billing_plan, numbers=numbers
    )
    Subscription.objects.filter(pk=made.pk).update(
        **{"expires_on": TODAY + dt.timedelta(days=in_days), "auto_renew": True, **fields}
    )
    return made


def write(at=NOON, **more):
    return operations.write_due(by=SYSTEM, at=at, **more)


def items():
    return {(item.kind, item.subject_uuid, item.about, item.on) for item in NoticeItem.objects.all()}


@pytest.mark.parametrize(
    ("in_days", "is_told"), [(15, False), (14, True), (8, True), (7, False), (0, False), (-1, False)]
)
def test_a_renewal_is_told_seven_days_before_its_date(in_days, is_told):
    made = expiring(in_days)
    assert write().messages == int(is_told)
    on = TODAY + dt.timedelta(days=in_days - 7)
    assert items() == ({("renewal_ahead", made.uuid, "", on)} if is_told else set())


@pytest.mark.parametrize(("in_days", "is_told"), [(4, False), (3, True), (0, True), (-1, False)])
def test_an_expiry_without_a_renewal_is_told_three_days_before(in_days, is_told):
    made = expiring(in_days, auto_renew=False)
    assert write().messages == int(is_told)
    on = TODAY + dt.timedelta(days=in_days)
    assert items() == ({("expiring", made.uuid, "", on)} if is_told else set())


@pytest.mark.parametrize(
    "why", [{"auto_renew": False}, {"is_trial": True}, {"billing_plan": "milestone"}, {"status": "suspended"}]
)
def test_what_can_not_be_renewed_is_told_as_expiring_and_not_as_renewing(why):
    suspended = factories.OrganisationFactory.create(status="suspended") if why.pop("status", "") else None
    for in_days in (3, 14):
        expiring(in_days, organisation=suspended, **why)
    assert write().messages == 1
    assert [item.kind for item in NoticeItem.objects.all()] == ["expiring"]


def test_a_renewal_that_is_made_elsewhere_is_not_told(configure):
    configure(renewals_are_made_here=False)
    expiring(14)
    expiring(3)
    assert write().messages == 0


@pytest.mark.parametrize(("in_days", "is_told"), [(8, False), (7, True), (0, True), (-1, False)])
def test_the_end_of_a_reservation_is_told_seven_days_before(in_days, is_told):
    made = factories.subscription(cycles=(C("2026-03-01"),), numbers=("+6561234567",))
    on = TODAY + dt.timedelta(days=in_days)
    PhoneNumber.objects.update(status="reserved", reserved_through=on)
    assert write().messages == int(is_told)
    assert items() == ({("reservation_ending", made.uuid, "+6561234567", on)} if is_told else set())


def test_the_day_is_that_of_the_organisation():
    there = factories.OrganisationFactory.create(timezone="America/New_York")
    expiring(14, organisation=there)
    # It is still the day before there.
    assert write(dt.datetime(2026, 3, 10, 3, 59, tzinfo=dt.UTC)).messages == 0
    assert write(dt.datetime(2026, 3, 10, 4, tzinfo=dt.UTC)).messages == 1
    assert Notice.objects.get().on == TODAY


def test_one_message_tells_of_many_and_says_how_many_more():
    organisation = factories.OrganisationFactory.create(name="Zürich AG", billing_email="b@x.example")
    for number in range(words.MOST_LISTED + 3):
        expiring(8 + number % 7, organisation=organisation)
    other = expiring(
        3, auto_renew=False, organisation=factories.OrganisationFactory.create(billing_email="", owner_email="")
    )
    assert write().messages == 2
    message = Delivery.objects.get(kind="renewal_ahead")
    assert (message.to, message.cc, message.addressee) == ("b@x.example", "provider@example.com", "customer")
    text = kinds.of("renewal_ahead").text_of(cause_id=message.cause_id, is_for_customer=True)
    assert text.subject == "23 of your subscriptions renew soon, the first on 11 March 2026"
    assert text.body.count("\n- ") + text.body.startswith("- ") == words.MOST_LISTED
    assert "\nand 3 more\n" in text.body
    assert text.body.endswith("\nAcme\n")
    entry = AuditEntry.objects.get(kind="reminder.renewal_ahead")
    assert (entry.description, entry.actor) == ("23 subscriptions renew, the first on 2026-03-11.", "system")
    assert (entry.organisation_uuid, entry.subject_uuid) == (organisation.uuid, organisation.uuid)
    assert entry.data == {"notice": str(message.cause_id), "count": 23, "first_on": "2026-03-11"}
    assert message.event_id == entry.pk
    # Nobody to write to: a dead letter, which somebody sees.
    dead = Delivery.objects.get(kind="expiring")
    assert (dead.status, dead.organisation_uuid) == ("dead", other.organisation.uuid)


def test_one_thing_is_named_in_the_subject():
    made = expiring(3, auto_renew=False)
    write()
    text_of = kinds.of("expiring").text_of
    cause = Delivery.objects.get().cause_id
    title = f"{made.plan.product.name}"
    for_customer = text_of(cause_id=cause, is_for_customer=True)
    assert for_customer.subject.startswith(f"Your subscription {title}")
    assert for_customer.subject.endswith("expires after 13 March 2026 and is not renewed")
    assert text_of(cause_id=cause, is_for_customer=False).subject.startswith(f"{made.organisation.name}: ")


def test_running_again_tells_nothing_twice():
    made = expiring(14)
    assert write().messages == 1
    assert write().messages == 0
    assert write(NOON + dt.timedelta(days=3)).messages == 0
    # Another cycle is another day.
    Subscription.objects.filter(pk=made.pk).update(expires_on=TODAY + dt.timedelta(days=45))
    assert write(NOON + dt.timedelta(days=31)).messages == 1
    assert Delivery.objects.count() == AuditEntry.objects.filter(kind="reminder.renewal_ahead").count() == 2


@pytest.mark.parametrize("turn", range(4))
def test_two_runs_at_once_write_each_message_once(turn):
    made = [expiring(14) for _ in range(5)]
    expiring(14, organisation=made[0].organisation)
    late = [expiring(3, auto_renew=False, organisation=one.organisation) for one in made]
    answers = at_once(*[write] * 3)
    assert sum(counts.messages for counts in answers) == 10
    assert Delivery.objects.count() == Notice.objects.count() == 10
    assert AuditEntry.objects.filter(kind__startswith="reminder.").count() == 10
    assert NoticeItem.objects.count() == len(made) + 1 + len(late)
    assert write().messages == 0


def test_what_comes_after_the_message_of_a_day_waits_for_the_next():
    first = expiring(14)
    assert write().messages == 1
    expiring(14, organisation=first.organisation)
    assert write().messages == 0
    assert write(NOON + dt.timedelta(days=1)).messages == 1
    assert NoticeItem.objects.count() == 2


def test_a_night_that_was_left_out_is_made_up_for():
    expiring(14)
    assert write(NOON + dt.timedelta(days=6)).messages == 1


def test_whom_it_goes_to_is_said_for_each_kind():
    expiring(14)
    expiring(3, auto_renew=False)
    version = PortalConfigVersion.objects.latest("number")
    MessageSetting.objects.create(version=version, kind="renewal_ahead", addressee="nobody")
    MessageSetting.objects.create(version=version, kind="expiring", addressee="provider")
    assert write().messages == 1
    message = Delivery.objects.get()
    assert (message.kind, message.to, message.cc) == ("expiring", "provider@example.com", "")
    # What goes to nobody is not told: as soon as it goes to somebody it is.
    assert not NoticeItem.objects.filter(kind="renewal_ahead").exists()


def test_a_dry_run_counts_and_writes_nothing():
    expiring(14)
    expiring(3, auto_renew=False)
    assert write(is_dry_run=True) == operations.Counts(messages=0, due=2, was_stopped=False)
    assert not Notice.objects.exists()


def test_it_is_stopped_between_batches_and_resumed(monkeypatch):
    monkeypatch.setattr(operations, "BATCH", 1)
    for _ in range(3):
        expiring(14)
    asked = iter([False, True])
    counts = write(stop=lambda: next(asked))
    assert (counts.messages, counts.was_stopped) == (1, True)
    assert write() == operations.Counts(messages=2, due=0, was_stopped=False)
    assert Delivery.objects.count() == 3


def test_a_crash_before_the_commit_leaves_nothing(monkeypatch):
    expiring(14)
    statement = writing._statement

    def broken(kind):
        return f"{statement(kind)}; SELECT 1 / 0"

    monkeypatch.setattr(writing, "_statement", broken)
    with pytest.raises(Exception, match=r"division by zero|multiple commands"):
        write()
    assert not Notice.objects.exists()
    assert not Delivery.objects.exists()
    monkeypatch.undo()
    assert write().messages == 1


def test_what_ends_by_request_is_not_told():
    made = expiring(14)
    scheduled.request(made, ends_on=TODAY + dt.timedelta(days=5), asked_at=NOON)
    assert write().messages == 0
    # One for a day after the last cycle does not keep it from being renewed.
    other = expiring(14)
    scheduled.request(other, ends_on=TODAY + dt.timedelta(days=15), asked_at=NOON)
    assert write().messages == 1
    assert {item.subject_uuid for item in NoticeItem.objects.all()} == {other.uuid}


def test_the_kinds_have_an_event_and_are_declared():
    assert {kind.code for kind in selectors.KINDS} == set(writing.EVENTS)
    for kind in selectors.KINDS:
        assert kinds.of(kind.code).when


@pytest.mark.parametrize(
    ("kind", "in_days", "fields", "said"),
    [
        ("reminder.renewal_ahead", 14, {}, "1 subscription renews on 2026-03-17."),
        (
            "reminder.expiring",
            3,
            {"auto_renew": False},
            "1 subscription expires without a renewal after 2026-03-13.",
        ),
    ],
)
def test_of_one_subscription_the_audit_says_so(kind, in_days, fields, said):
    expiring(in_days, **fields)
    write()
    assert AuditEntry.objects.get(kind=kind).description == said


def test_of_one_number_and_of_several_the_audit_says_so():
    made = factories.subscription(cycles=(C("2026-03-01"),), numbers=("+6561234567",))
    factories.subscription(cycles=(C("2026-03-01"),), numbers=("+6561234568", "+6561234569"))
    PhoneNumber.objects.update(status="reserved", reserved_through=TODAY)
    write()
    said = dict(AuditEntry.objects.values_list("organisation_uuid", "description").filter(kind__startswith="rem"))
    assert said.pop(made.organisation.uuid) == "1 number will be free after 2026-03-10."
    assert list(said.values()) == ["2 numbers will be free, the first after 2026-03-10."]
