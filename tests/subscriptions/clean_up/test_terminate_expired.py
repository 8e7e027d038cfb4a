"""The nightly clean-up, as the command and as the operation."""

import datetime as dt
import io
import json

import pytest
import time_machine
from django.core.management import call_command

from customers.models import LedgerEntry
from portal.audit.models import AuditEntry
from portal.frame import SYSTEM
from subscriptions.clean_up.operations import expire
from subscriptions.models import PhoneNumber, Subscription, Termination
from tests.support import factories
from tests.support.factories import C
from tests.support.terminations import fresh

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_clock")]
TODAY = dt.date(2026, 3, 10)


def expired(days_ago, **fields):
    return factories.subscription(
        cycles=(C("2026-01-01"),), expires_on=TODAY - dt.timedelta(days=days_ago), **fields
    )


def run(at, **options):
    return expire.terminate_expired(**{"as_of": None, "limit": None, "by": SYSTEM, "at": at, **options})


def test_ends_the_29th_day_and_no_earlier(now):
    kept, ended, active = expired(28), expired(29, numbers=("+6530000001",)), expired(-1)
    counts = run(now)
    assert (counts.expired, counts.terminated, counts.failed) == (2, 1, 0)
    assert [fresh(s).status for s in (kept, ended, active)] == ["expired", "terminated", "active"]
    record = Termination.objects.get()
    assert (record.case, record.actor_kind, record.settlement) == ("expired", "system", "nothing_due")
    assert (record.terminated_on, record.explanation, record.quote_id) == (TODAY, "", None)
    assert PhoneNumber.objects.get().reserved_through == dt.date(2026, 4, 7)
    assert not LedgerEntry.objects.exists()
    assert AuditEntry.objects.filter(event="Clean-up run").count() == 1


def test_numbers_are_reserved_from_the_day_of_the_run_where_an_earlier_one_was_named(now, configure):
    """A day that was named is the day of the end; nobody gets the number earlier for that."""
    configure(number_reservation_days=10, number_reservation_days_ported_in=20)
    ahead = factories.OrganisationFactory.create(timezone="Pacific/Kiritimati")  # already 11 March at 15:00 UTC
    expired(60, numbers=("+6530000001",))
    expired(60, organisation=ahead, numbers=("+6530000002",))
    PhoneNumber.objects.create(number="+6530000003", subscription=expired(60), is_ported_in=True)
    run(now.replace(hour=15), as_of=dt.date(2026, 3, 1))
    assert {t.terminated_on for t in Termination.objects.all()} == {dt.date(2026, 3, 1)}
    assert dict(PhoneNumber.objects.values_list("number", "reserved_through")) == {
        "+6530000001": dt.date(2026, 3, 20),
        "+6530000002": dt.date(2026, 3, 21),
        "+6530000003": dt.date(2026, 3, 30),
    }


def test_a_number_is_freed_the_day_after_its_last_one(now):
    # Elsewhere it is a day later already, which frees nothing here.
    expired(-30, organisation=factories.OrganisationFactory.create(timezone="Pacific/Kiritimati"))
    made = expired(-30)
    for days in (-1, 0, 1):
        PhoneNumber.objects.create(
            number=f"+653000000{days + 1}",
            subscription=made,
            status="reserved",
            reserved_through=TODAY + dt.timedelta(days=days),
        )
    assert run(now.replace(hour=15)).released_numbers == 1
    assert list(PhoneNumber.objects.order_by("number").values_list("status", flat=True)) == [
        "free",
        "reserved",
        "reserved",
    ]


def test_again_changes_nothing(now):
    expired(40)
    run(now)
    counts = run(now)
    assert (counts.expired, counts.terminated, counts.released_numbers) == (0, 0, 0)


def test_each_zone_has_its_own_today(now):
    ahead = factories.OrganisationFactory.create(timezone="Pacific/Kiritimati")  # already 11 March at 15:00 UTC
    behind = factories.OrganisationFactory.create(timezone="Pacific/Pago_Pago")
    first, second = expired(28, organisation=ahead), expired(28, organisation=behind)
    counts = run(now.replace(hour=15))
    assert counts.terminated == 1
    assert (fresh(first).status, fresh(second).status) == ("terminated", "expired")
    assert Termination.objects.get().terminated_on == dt.date(2026, 3, 11)


def test_batches_and_limit(now):
    for _ in range(5):
        expired(40)
    assert run(now, limit=2, batch_size=1).terminated == 2
    assert run(now, batch_size=2).terminated == 3


def test_who_watches_hears_of_each_step_as_it_begins(now):
    """So that how quick it is, and how long the rest takes, is said of the step alone."""
    for _ in range(3):
        expired(40)
    heard: list[tuple[str, int]] = []
    run(now, batch_size=2, progress=lambda step, done: heard.append((step, done)))
    assert heard == [
        ("Marking active", 0),
        ("Marking expired", 0),
        ("Marking expired", 3),
        ("Terminating", 0),
        ("Terminating", 2),
        ("Terminating", 3),
        ("Holding back", 0),
        ("Freeing numbers", 0),
    ]


def test_a_dry_run_counts_and_writes_nothing(now):
    for _ in range(3):
        expired(40)
    counts = run(now, is_dry_run=True, batch_size=2)
    assert (counts.expired, counts.terminated, counts.dry_run) == (3, 3, True)
    assert not Termination.objects.exists()
    assert set(Subscription.objects.values_list("status", flat=True)) == {"active"}


def test_a_row_that_fails_does_not_stop_the_rest(now):
    from django.db import connection

    bad, good = expired(40), expired(40)
    with connection.cursor() as cursor:
        # The table is altered while nothing waits for the end of the transaction.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            "ALTER TABLE audit_auditentry ADD CONSTRAINT test_refusal "
            f"CHECK (subject_uuid <> '{bad.uuid}' OR kind <> 'subscription.terminated')"
        )
    counts = run(now)
    assert (counts.terminated, counts.failed) == (1, 1)
    assert (fresh(bad).status, fresh(good).status) == ("expired", "terminated")


def test_numbers_are_freed_the_day_after(now):
    made = expired(29, numbers=("+6530000001",))
    run(now)
    run(now + dt.timedelta(days=28))
    assert PhoneNumber.objects.get().status == "reserved"
    assert run(now + dt.timedelta(days=29)).released_numbers == 1
    assert PhoneNumber.objects.get().status == "free"
    assert fresh(made).status == "terminated"


def command(*arguments, at):
    out, err = io.StringIO(), io.StringIO()
    code: str | int | None = 0
    with time_machine.travel(at, tick=False):
        try:
            call_command("terminate_expired", *arguments, stdout=out, stderr=err)
        except SystemExit as exit_:
            code = exit_.code
    return code, out.getvalue(), err.getvalue()


def test_the_command_answers_json_and_writes_the_report(now, tmp_path):
    made = expired(30)
    code, out, _ = command("--json", "--report", str(tmp_path / "r.csv"), at=now)
    assert code == 0
    assert json.loads(out) == {
        "as_of": "2026-03-10",
        "expired": 1,
        "terminated": 1,
        "held": 0,
        "released_numbers": 0,
        "failed": 0,
        "dry_run": False,
    }
    head, row = (tmp_path / "r.csv").read_text().splitlines()
    assert head == "subscription_uuid,organisation_uuid,expiry_date,days_expired,result"
    assert row == f"{made.uuid},{made.organisation.uuid},2026-02-08,30,terminated"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--as-of", "tomorrow"), "year-month-day"),
        (("--as-of", "2026-W10-1"), "year-month-day"),
        (("--workers", "0"), "expected a number from 1 to 64."),
        (("--workers", "65"), "expected a number from 1 to 64."),
        (("--as-of", "2026-03-12"), "later than today anywhere"),
        (("--batch-size", "0"), "--batch-size: “0” is out of range"),
        (("--max", "-1"), "--max: “-1” is out of range"),
        (("--report", "/nowhere/at/all.csv"), "cannot be written"),
    ],
)
def test_bad_options_are_refused_with_a_sentence(now, arguments, said):
    expired(40)
    code, _, err = command(*arguments, at=now)
    assert (code, said in err) == (2, True), err
    assert not Termination.objects.exists()


def test_as_of_looks_ahead_in_a_dry_run_only(now):
    expired(28)
    code, out, _ = command("--as-of", "2026-03-12", "--dry-run", "--json", at=now)
    assert (code, json.loads(out)["terminated"]) == (0, 1)
