"""The home page: each number by who may see it, over the list that it opens, and what is so when nothing waits."""

import datetime as dt
import re
import uuid

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.jobs.models import Run, RunItem
from portal.lib import attention
from portal.outbox.models import Delivery
from subscriptions.clean_up import selectors as clean_up
from subscriptions.models import RenewalRefusal, Subscription
from tests.architecture.plans import plan_of, without_statistics
from tests.architecture.tables import TABLES
from tests.support import factories, scheduled, shown
from tests.support.factories import C

pytestmark = pytest.mark.django_db

HELD = "Held by the last clean-up: renewal not seen"
OF_SUBSCRIPTIONS = {
    "Scheduled ends that need a person",
    "Failed to renew",
    HELD,
    "Expired, to be ended for good tomorrow at the latest",
    "Expired, 2 to 7 days left",
    "Expired, more than 7 days left",
    "Expired, past the reactivation days",
    "Expire in the next 7 days",
}
OF_NOTES = {"Sent credit notes that no termination links"}
OF_MESSAGES = {"Messages that could not be sent"}
OF_RUNS = {f"Runs {state} in the last 7 days" for state in ("with failures", "refused", "not finished")}
ALL = OF_SUBSCRIPTIONS | OF_NOTES | OF_MESSAGES | OF_RUNS
BY_ROLE = {"agent": OF_SUBSCRIPTIONS | OF_NOTES, "billing": ALL, "auditor": ALL, "superuser": ALL}


def labels(page):
    return {number.label for number in (*page.context["waiting"], *page.context["others"])}


def counts(page):
    return {number.label: number.count for number in page.context["waiting"]}


def rows(page):
    (body,) = re.findall(r"<tbody.*?</tbody>", page.content.decode(), re.DOTALL)[:1]
    return body.count("<tr")


def expiring(days_from_now):
    made = factories.subscription(cycles=(C("2026-01-01"),))
    day = timezone.now().date() + dt.timedelta(days=days_from_now)
    Subscription.objects.filter(pk=made.pk).update(expires_on=day)
    return made


def run(*, held=(), **changes):
    started = timezone.now() - dt.timedelta(hours=1)
    made = Run.objects.create(**{"kind": clean_up.KIND, "actor": "system", "started_at": started, **changes})
    for subscription in held:
        RunItem.objects.create(
            run=made, outcome="held", subject_kind="subscription", subject_uuid=subscription.uuid
        )
    return made


@pytest.mark.parametrize("role", sorted(BY_ROLE))
def test_each_role_sees_what_it_may_open(client_of, role):
    client = client_of(role)
    page = client.get("/")
    assert page.status_code == 200
    assert labels(page) == BY_ROLE[role]
    assert "Nothing needs attention" in page.content.decode()
    for number in page.context["others"]:
        assert client.get(number.address).status_code == 200, number.address


def test_a_permission_shows_its_numbers_alone(client_of):
    client = client_of("")
    client.user.user_permissions.set(Permission.objects.filter(codename="view_delivery"))
    assert labels(client.get("/")) == OF_MESSAGES


def test_each_number_counts_what_its_list_shows(client_of):
    now = timezone.now()
    # One that expired 28 days ago has a day left: tomorrow is the 29th day.
    for days_from_now in (0, 7, 8, -1, -21, -22, -26, -27, -28, -29, -400):
        expiring(days_from_now)
    long_ago = now - dt.timedelta(days=9)
    run(held=[expiring(-300)], finished_at=None, started_at=long_ago)
    run(finished_at=now, counts={"failed": 2})
    run(finished_at=long_ago, started_at=long_ago, counts={"failed": 2})
    run(finished_at=now, refusal="Too many would be ended.")
    run(finished_at=None)
    run(finished_at=now, was_stopped=True)
    organisation = factories.OrganisationFactory.create()
    for status in ("draft", "sent", "sent", "void"):
        factories.credit_note(organisation, status=status)
    for status, to, cause in (("dead", "", organisation.uuid), ("pending", "a@x.example", run().uuid)):
        Delivery.objects.create(
            kind="subscription_terminated",
            status=status,
            to=to,
            addressee="customer",
            subject="Ended",
            body="",
            cause_id=cause,
            organisation_uuid=organisation.uuid,
            created_at=now,
            next_attempt_at=now,
        )
    for in_days in (8, 8):
        RenewalRefusal.objects.create(
            subscription=expiring(in_days),
            first_day=now.date() + dt.timedelta(days=in_days + 1),
            tried_on=now.date(),
            at=now,
            code="organisation_suspended",
            notice_id=uuid.uuid4(),
        )
    later = now.date() + dt.timedelta(days=20)
    scheduled.request(expiring(30), ends_on=later, asked_at=now)
    scheduled.request(
        expiring(30),
        ends_on=later,
        asked_at=now,
        needs_person_since=now,
        refusal_code="acknowledgement_missing",
        refusal_values={},
        refusal_sentence="Please confirm.",
    )
    client = client_of("superuser")
    page = client.get("/")
    assert counts(page) == {
        "Scheduled ends that need a person": 1,
        "Failed to renew": 2,
        "Expired, to be ended for good tomorrow at the latest": 1,
        "Expired, 2 to 7 days left": 3,
        "Expired, more than 7 days left": 2,
        "Expired, past the reactivation days": 3,
        "Expire in the next 7 days": 2,
        "Sent credit notes that no termination links": 2,
        "Messages that could not be sent": 1,
        "Runs with failures in the last 7 days": 1,
        "Runs refused in the last 7 days": 1,
        "Runs not finished in the last 7 days": 2,
    }
    for number in page.context["waiting"]:
        assert rows(client.get(number.address)) == number.count, number.label


def test_what_the_last_clean_up_held_is_counted(client_of):
    held = [expiring(-300) for _ in range(3)]
    made = run(held=held, finished_at=None)
    Run.objects.filter(pk=made.pk).update(finished_at=timezone.now())
    client = client_of("agent")
    page = client.get("/")
    assert counts(page)[HELD] == 3
    (number,) = [number for number in page.context["waiting"] if number.label == HELD]
    assert rows(client.get(number.address)) == 3
    told = shown.read(page).table("What needs attention").rows
    assert {"What": HELD, "Number": f"3 {HELD}"}.items() <= told[0].items()


def test_a_number_is_counted_as_far_as_anybody_wants_to_know(client_of, monkeypatch):
    monkeypatch.setattr(attention, "MOST_COUNTED", 1)
    for _ in range(3):
        expiring(1)
    (number,) = client_of("agent").get("/").context["waiting"]
    assert (number.count, number.text) == (2, "1+")


def test_each_number_is_one_query(client_of):
    client = client_of("superuser")
    client.get("/")
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/")
    # Session, user, and the settings in force: the days left and the name of the provider are of them.
    assert len(captured) == 3 + len(labels(page))


# A few runs a day.
FEW = {"jobs_run"}


def scans(plan):
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scans(part)


def is_copied(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.' || %s) IS NOT NULL", [table])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "code",
    ["failed_renewals", "waiting_ends", "held", "expired", "expiring", "unlinked_notes", "dead_letters", "runs"],
)
def test_a_number_is_counted_by_an_index(client_of, rf, code):
    request = rf.get("/")
    request.user = client_of("superuser").user
    (box,) = [box for box in attention.boxes(request.user) if box.code == code]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    for line in box.lines:
        found = attention.rows(box, line, request=request, at=timezone.now())
        with CaptureQueriesContext(connection) as captured:
            found[: attention.MOST_COUNTED + 1].count()
        statement = captured[-1]["sql"]
        for table in sorted(set(TABLES.values())):
            if f'"{table}"' in statement and not is_copied(table):
                without_statistics(table)
        plan = plan_of(statement)
        assert set(scans(plan)) <= FEW, line.label
        assert "Index Scan" in str(plan) or "Index Only Scan" in str(plan) or code == "runs", line.label


def test_a_box_has_a_code_and_a_place_of_its_own(client_of):
    (box, *_) = attention.boxes(client_of("superuser").user)
    with pytest.raises(ValueError, match=f"The box {box.code} has the code or the place"):
        attention.declare(box)
