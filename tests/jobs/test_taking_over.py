"""The runs of the clean-up are taken over by a rename: back to the former tables, and forth again."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

from portal.frame import SYSTEM
from portal.jobs import selectors
from portal.jobs.models import Run, RunItem
from portal.postgresql import rendering
from portal.staff.models import SavedFilter
from subscriptions.clean_up.operations import expire
from subscriptions.models import Termination
from tests.support import factories, running, shown
from tests.support.factories import C

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = [("staff", "0001_saved_filters"), ("jobs", None), ("subscriptions", "0012_keys_of_terminations")]


def migrate(targets: list[Any]) -> None:
    executor = rendering.Executor(connection)
    executor.migrate(targets or executor.loader.graph.leaf_nodes())


def rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def kept() -> dict[str, Any]:
    return {
        "runs": list(Run.objects.order_by("pk").values()),
        "items": list(
            RunItem.objects.order_by("outcome", "pk").values_list("run", "outcome", "subject_uuid", "data")
        ),
        "said": list(RunItem.objects.order_by("outcome", "pk").values_list("sentence", flat=True)),
        "ended": list(Termination.objects.order_by("pk").values_list("pk", "clean_up_run", "sha256")),
        "file": rows("SELECT pg_relation_filenode('subscriptions_termination')"),
    }


def test_all_of_former_runs_goes_along(client_of, now):
    """Their ids, counts, items and parameters; the filters that people saved, and who may see runs.

    One test, for migrating back and forth again is nearly all of its time.
    """
    ended, held, failed = (
        factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 1), auto_renew=renews)
        for renews in (False, True, True)
    )
    expire.terminate_expired(as_of=None, limit=5, by=SYSTEM, at=now)
    killed = running.run(now, workers=2, terminated=0, failed=1, held=1, parameters={"also_renewing": True})
    running.held(killed, held)
    running.failure(killed, failed, "refused", expires_on="2026-02-01", days_expired=37)
    # From before a failure had the day.
    older = running.failure(killed, ended, "it is not known")
    running.run(now, finished_at=now, was_stopped=True, renewing=0)
    group = Group.objects.create(name="Night watch")
    group.permissions.add(Permission.objects.get(codename="view_run"))
    user = User.objects.create_user("watch")
    user.groups.add(group)
    client = client_of("auditor")
    before = kept()
    assert [len(before[name]) for name in ("runs", "items", "ended")] == [3, 5, 1]
    try:
        migrate(BEFORE)
        _check_former_tables()
        for address, name, query in (
            ("/clean-up-runs/", "Lately", "started_from=2026-03-01"),
            ("/clean-up-runs/", "All", ""),
            ("/invoices/", "Open", "status=open"),
        ):
            SavedFilter.objects.create(user=client.user, address=address, name=name, query=query)
    finally:
        migrate([])
    after = kept()
    # The former columns had a number for each of the six counts, and a word for each parameter.
    names = ("expired", "terminated", "renewing", "released_numbers", "failed", "held")
    for run in before["runs"]:
        run["counts"] = dict.fromkeys(names, 0) | run["counts"]
        run["parameters"] = {"also_renewing": False} | run["parameters"]
    assert after == before
    assert selectors.state_of(Run.objects.get(pk=killed.pk)) == selectors.UNFINISHED
    with pytest.raises(Exception, match="an item of a run is never changed"):
        RunItem.objects.filter(subject_uuid=older.subject_uuid).update(sentence="")
    assert sorted(SavedFilter.objects.values_list("name", "address", "query")) == [
        ("All", "/runs/", "kind=clean_up"),
        ("Lately", "/runs/", "started_from=2026-03-01&kind=clean_up"),
        ("Open", "/invoices/", "status=open"),
    ]
    running.run(now)
    running.run(now, kind="import")
    shown_run = shown.read(client.get("/runs/?started_from=2026-03-01&kind=clean_up"))
    kinds = [row["Kind"] for table in shown_run.tables for row in table.rows]
    assert len(kinds) == 4
    assert set(kinds) == {"Clean-up"}
    assert Permission.objects.get(codename="view_run").content_type.app_label == "jobs"
    assert User.objects.get(pk=user.pk).has_perm("jobs.view_run")
    assert not User.objects.create_user("newcomer").has_perm("jobs.view_run")


def _check_former_tables() -> None:
    assert rows(
        'SELECT terminated, held, failed, is_also_renewing, "limit" FROM subscriptions_cleanuprun ORDER BY id'
    ) == [
        (1, 2, 0, False, 5),
        (0, 1, 1, True, None),
        (0, 0, 0, False, None),
    ]
    assert rows("SELECT reason, expires_on FROM subscriptions_cleanupfailure ORDER BY id") == [
        ("refused", dt.date(2026, 2, 1)),
        ("it is not known", None),
    ]
    assert rows("SELECT count(*) FROM subscriptions_cleanupheld") == [(3,)]
    assert rows("SELECT codename FROM auth_permission WHERE codename IN ('view_run', 'view_cleanuprun')") == [
        ("view_cleanuprun",)
    ]
    assert rows(
        "SELECT p.codename FROM auth_group_permissions gp JOIN auth_permission p ON p.id = gp.permission_id "
        "JOIN auth_group g ON g.id = gp.group_id WHERE g.name = 'Night watch'"
    ) == [("view_cleanuprun",)]
