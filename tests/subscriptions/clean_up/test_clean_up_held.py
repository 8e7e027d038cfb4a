"""What the clean-up holds back or does not begin: renewal not seen, too much at once, a clock that is wrong."""

import datetime as dt
import json
import uuid

import pytest
from django.core.management import CommandError

from customers.models import Organisation
from portal import frame
from portal.audit.models import AuditEntry
from portal.jobs.models import Run, RunItem
from settings_app import selectors as settings_selectors
from subscriptions.clean_up import selectors
from subscriptions.clean_up.operations import due, expire
from subscriptions.life.operations import renewing
from subscriptions.models import CycleCharge, RenewalRefusal, Subscription, Termination
from subscriptions.selectors import reading
from tests.subscriptions.clean_up.nights import command, done_in, expired, results_in
from tests.support import factories
from tests.support.factories import C

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_clock")]


# ---- Held: renewal not seen


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--workers", "2", "--batch-size", "1")])
def test_what_may_only_have_missed_its_renewal_is_held(now, options, tmp_path):
    renewing, other = expired(2, auto_renew=True), expired(1)
    status, out, err = command("--json", "--report", str(tmp_path / "r.csv"), *options, at=now)
    answer = json.loads(out)
    assert (status, answer["terminated"], answer["held"], answer["failed"]) == (0, 1, 2, 0)
    assert "2 held: auto-renewal is on, and no renewal was seen." in err
    is_dry = "--dry-run" in options
    assert results_in(tmp_path / "r.csv") == {
        **{str(s.uuid): "held: renewal not seen" for s in renewing},
        str(other[0].uuid): "would be terminated" if is_dry else "terminated",
    }
    assert [Subscription.objects.get(pk=s.pk).status for s in renewing] == ["active" if is_dry else "expired"] * 2
    if is_dry:
        assert not Run.objects.exists()
        return
    assert Termination.objects.get().subscription == other[0]
    run = Run.objects.get()
    assert (run.count("held"), run.count("renewing"), run.parameters) == (2, 0, {"also_renewing": False})
    assert set(RunItem.objects.filter(run=run, outcome="held").values_list("subject_uuid", flat=True)) == {
        subscription.uuid for subscription in renewing
    }
    assert all(item.data == {"expires_on": "2026-02-01", "days_expired": 37} for item in RunItem.objects.all())
    assert "2 held (renewal not seen)" in AuditEntry.objects.get(event="Clean-up run").description


def test_also_renewing_ends_what_was_held(now):
    expired(2, auto_renew=True)
    assert json.loads(command("--json", at=now)[1])["held"] == 2
    for options, ended in ((("--dry-run",), 0), ((), 2)):
        status, out, err = command("--json", "--also-renewing", *options, at=now)
        answer = json.loads(out)
        assert (status, answer["terminated"], answer["held"], "held" in err) == (0, 2, 0, False)
        assert Termination.objects.count() == ended
    run = Run.objects.latest("pk")
    assert (run.count("renewing"), run.count("held"), run.parameters) == (2, 0, {"also_renewing": True})
    assert not RunItem.objects.filter(run=run).exists()


def test_a_cycle_that_comes_in_lets_go_of_what_was_held(now):
    """Nothing else changes it: neither another night nor a limit."""
    made = expired(1, auto_renew=True)[0]
    for _ in range(2):
        assert json.loads(command("--json", "--max", "5", at=now)[1])["held"] == 1
    Subscription.objects.filter(pk=made.pk).update(expires_on=dt.date(2026, 3, 31))
    answer = json.loads(command("--json", at=now)[1])
    assert (answer["terminated"], answer["held"]) == (0, 0)
    assert Subscription.objects.get(pk=made.pk).status == "active"


@pytest.mark.parametrize(
    ("fields", "status", "is_held"),
    [
        ({}, "active", False),
        ({"auto_renew": True}, "active", True),
        ({"auto_renew": True, "billing_plan": "as_incurred"}, "active", True),
        ({"auto_renew": True, "billing_plan": "milestone"}, "active", False),
        ({"auto_renew": True, "is_trial": True}, "active", False),
        ({"auto_renew": True}, "suspended", False),
    ],
)
def test_held_is_what_could_have_been_renewed(now, fields, status, is_held):
    made = expired(1, **fields)[0]
    Organisation.objects.filter(pk=made.organisation_id).update(status=status)
    _assert_held(made, is_held=is_held, at=now)


@pytest.mark.parametrize(
    ("is_made_here", "refused_after", "external", "is_held"),
    [
        (True, "2026-02-02", False, False),
        (True, "2026-01-01", False, True),  # of the cycle before
        (True, "", False, True),
        (False, "2026-02-02", False, True),
        (True, "2026-02-02", True, True),
    ],
)
def test_a_refusal_here_tells_that_nothing_was_renewed(
    now, configure, is_made_here, refused_after, external, is_held
):
    configure(renewals_are_made_here=is_made_here)
    made = expired(1, auto_renew=True)[0]
    CycleCharge.objects.filter(cycle__subscription=made).update(is_external_invoice=external)
    if refused_after:
        first_day = dt.date.fromisoformat(refused_after)
        RenewalRefusal.objects.create(
            subscription=made,
            first_day=first_day,
            tried_on=first_day - dt.timedelta(days=1),
            at=now,
            code="organisation_suspended",
            notice_id=uuid.uuid4(),
        )
    _assert_held(made, is_held=is_held, at=now)


def test_what_is_refused_every_day_ends_on_the_29th_and_not_before(now, configure):
    """Refused until it expires, and then held by nothing but its reactivation days."""
    configure(renewals_are_made_here=True)
    made = factories.subscription(cycles=(C("2026-02-01"),), auto_renew=True)  # expires on 28 February
    for day in range(23, 29):
        renewing.renew_due(as_of=dt.date(2026, 2, day), by=frame.SYSTEM, at=now)
    assert made.renewal_refusals.count() == 6
    for day, terminated in ((28, 0), (29, 1)):
        at = dt.datetime(2026, 2, 28, 4, tzinfo=dt.UTC) + dt.timedelta(days=day)
        assert json.loads(command("--json", at=at)[1])["terminated"] == terminated, day


def _assert_held(made: Subscription, *, is_held: bool, at: dt.datetime) -> None:
    config = settings_selectors.current_config()
    assert reading.is_held_back(reading.find(made.uuid), config=config) is is_held
    answer = json.loads(command("--json", at=at)[1])
    assert (answer["terminated"], answer["held"]) == (int(not is_held), int(is_held))


def test_many_are_held_part_by_part(now, monkeypatch):
    monkeypatch.setattr(due, "BATCH", 2)
    expired(5, auto_renew=True)
    status, out, err = command("--json", at=now)
    assert (json.loads(out)["held"], RunItem.objects.count(), Run.objects.get().count("held")) == (5, 5, 5)
    assert "Holding back: 5 done" in "\n".join(done_in(err.split("5 held:")[0]))


# ---- The safety stop


def test_without_a_limit_a_run_in_which_much_is_due_does_nothing(now, monkeypatch, tmp_path):
    monkeypatch.setattr(expire, "MOST", 3)
    made = expired(4)
    path = tmp_path / "r.csv"
    before = Subscription.objects.get(pk=made[0].pk).status
    with pytest.raises(CommandError) as refusal:
        command("--report", str(path), at=now)
    assert str(refusal.value) == (
        "Nothing was done: 4 subscriptions would be terminated, more than 3 (the larger of 1,000 and 10 % of those "
        "not yet terminated). Look at them with --dry-run --report FILE; if they are right, say how many may be: "
        "--max 4."
    )
    assert not Run.objects.exists()
    assert not Termination.objects.exists()
    assert Subscription.objects.get(pk=made[0].pk).status == before
    # Nothing is in the way of the next run.
    assert not path.exists()
    status, out, err = command("--json", "--dry-run", at=now)
    assert (status, json.loads(out)["terminated"]) == (0, 4)
    assert "Without --max a run would do nothing: 4 subscriptions would be terminated, more than 3" in err
    assert "Without --max" not in command("--dry-run", "--max", "4", at=now)[2]
    assert json.loads(command("--json", "--max", "4", at=now)[1])["terminated"] == 4


def test_a_tenth_of_all_may_always_end(now, monkeypatch):
    """What is held and what was terminated before counts for neither side of the comparison as something due."""
    monkeypatch.setattr(expire, "MOST", 1)
    organisation = factories.OrganisationFactory.create()
    for _ in range(16):
        factories.subscription(organisation=organisation)
    expired(2)
    expired(2, auto_renew=True)
    assert json.loads(command("--json", at=now)[1])["terminated"] == 2
    # 18 are left, and a tenth of 20 is two.
    expired(2)
    assert json.loads(command("--json", at=now)[1])["terminated"] == 2
    expired(3)
    with pytest.raises(CommandError, match="3 subscriptions would be terminated, more than 2 "):
        command(at=now)
    with pytest.raises(CommandError, match="5 subscriptions would be terminated"):
        command("--also-renewing", at=now)


# ---- The clock


@pytest.mark.parametrize("minutes", [-61, 61])
def test_a_clock_that_is_not_the_databases_ends_nothing(one_clock, minutes):
    one_clock.undo()
    expired(1)
    is_now = selectors.clocks().database
    for options in ((), ("--dry-run",), ("--as-of", "2026-03-10")):
        with pytest.raises(CommandError, match="they may not be more than an hour apart. Nothing was done"):
            command(*options, at=is_now + dt.timedelta(minutes=minutes))
    assert not Run.objects.exists()
    assert command(at=is_now + dt.timedelta(minutes=59))[0] == 0


def test_a_clock_before_the_last_run_ends_nothing_unless_the_day_is_named(now):
    command(at=now)
    expired(1)
    yesterday = now - dt.timedelta(days=1)
    with pytest.raises(CommandError, match="and the last run began at 10 March 2026, 09:00 UTC: this clock"):
        command(at=yesterday)
    assert Run.objects.count() == 1
    status, out, _ = command("--json", "--as-of", "2026-03-09", at=yesterday)
    assert (status, json.loads(out)["terminated"]) == (0, 1)
