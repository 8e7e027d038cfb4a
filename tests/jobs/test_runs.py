"""Runs of any kind: what they count, who may change them, and how their pages show what no app declares."""

import datetime as dt
import uuid

import pytest
from django.db import DatabaseError, transaction

from portal import frame
from portal.jobs import operations, selectors
from portal.jobs.models import Run, RunItem
from tests.support import factories, pages, races, running, shown

pytestmark = pytest.mark.django_db


def begin(now: dt.datetime, **fields) -> Run:
    with frame.operation("test"):
        return operations.begin(kind="weekly", by=frame.SYSTEM, at=now, **fields)


@pytest.mark.django_db(transaction=True)
def test_workers_add_to_the_counts_of_a_run_and_of_its_part_at_the_same_time(now):
    run = begin(now, parts=[operations.Part("first", 80), operations.Part("second")])

    def count() -> None:
        for _ in range(20):
            with frame.operation("test"):
                operations.add(run.pk, counts={"done": 1, "large": 10, "nothing": 0}, part="first")

    assert races.at_once(*[count] * 4) == [None] * 4
    run.refresh_from_db()
    assert run.counts == {"done": 80, "large": 800}
    assert [part.counts for part in run.parts.all()] == [{"done": 80, "large": 800}, {}]


def test_an_outcome_of_a_subject_counts_once(now):
    run = begin(now)
    items = [operations.Item(uuid.UUID(int=number), "no", {"on": now.date()}) for number in (1, 2, 1)]
    for outcome, new in (("failed", 2), ("failed", 0), ("held", 2)):
        with frame.operation("test"):
            assert operations.add_items(run.pk, items=items, outcome=outcome, subject_kind="thing") == new
    assert (
        list(RunItem.objects.filter(outcome="failed").values_list("data", flat=True)) == [{"on": "2026-03-10"}] * 2
    )


def test_at_its_end_a_run_is_frozen_with_its_parts_and_items(now):
    names = ("done", "stopped", "broken", "waiting")
    run = begin(now, parts=[operations.Part(name) for name in names])
    with frame.operation("test"):
        for name in names[:3]:
            operations.start_part(run.pk, name=name, at=now)
        operations.end_part(run.pk, name="done", at=now)
        operations.end_part(run.pk, name="stopped", at=now, was_stopped=True)
        # A clock that was set back ends no run before its start.
        ended = operations.finish(run.pk, at=now - dt.timedelta(hours=1))
    assert (ended.finished_at, selectors.state_of(ended)) == (now, "done")
    assert list(run.parts.values_list("state", flat=True)) == ["done", "stopped", "failed", "left_out"]
    for change, refusal in (
        (lambda: operations.add(run.pk, counts={"done": 1}), "a finished run never changes"),
        (lambda: operations.finish(run.pk, at=now), "a finished run never changes"),
        (lambda: operations.end_part(run.pk, name="done", at=now), "a part of a finished run never changes"),
        (
            lambda: operations.add_items(run.pk, items=[operations.Item()], outcome="fault"),
            "a finished run gets no items",
        ),
    ):
        with pytest.raises(DatabaseError, match=refusal), transaction.atomic():
            change()


def test_the_list_is_filtered_by_kind_state_and_period(client_of, now):
    day = dt.timedelta(days=1)
    made = {
        "unfinished": running.run(now),
        "refused": running.run(now + day, kind="import", finished_at=now + day, refusal="3 faults.", faults=3),
        "stopped": running.run(now + 2 * day, finished_at=now + 2 * day, was_stopped=True, failed=1),
        "failures": running.run(now + 3 * day, finished_at=now + 3 * day, failed=2),
        "done": running.run(now + 4 * day, finished_at=now + 4 * day, failed=0),
        "other": running.run(now + 5 * day, kind="weekly", finished_at=now + 5 * day),
    }
    client = client_of("auditor")

    def found(**asked) -> list[str]:
        links = {link.address for link in shown.read(client.get("/runs/", asked)).links}
        return [name for name, run in made.items() if f"/runs/{run.uuid}/" in links]

    for state in ("unfinished", "refused", "stopped", "failures"):
        assert found(state=state) == [state]
        assert selectors.state_of(made[state]) == state
    assert found(state="done") == ["done", "other"]
    assert found(kind="import") == ["refused"]
    assert found(started_from="2026-03-12", started_to="2026-03-13") == ["stopped", "failures"]
    assert found(kind="clean_up", state="done") == ["done"]


def test_a_run_of_a_kind_that_no_app_declares_is_shown_as_it_is(client_of, now):
    subscription = factories.subscription()
    run = begin(now, parts=[operations.Part("first", 80)], parameters={"depth": 3})
    with frame.operation("test"):
        operations.start_part(run.pk, name="first", at=now)
        operations.add(run.pk, counts={"done": 41}, part="first")
        for subject, kind in ((subscription.uuid, "subscription"), (uuid.UUID(int=7), "thing"), (None, "")):
            operations.add_items(
                run.pk, items=[operations.Item(subject, "It would not.")], outcome="failed", subject_kind=kind
            )
    client = client_of("auditor")
    page = client.get(f"/runs/{run.uuid}/")
    said = pages.words(page)
    assert f'href="/subscriptions/{subscription.uuid}/"' in page.content.decode()
    assert f"{uuid.UUID(int=7)} thing Failed It would not." in said
    assert "done 41 depth 3" in said
    assert "first Running 41 done of 80" in said
    assert "41 done" in pages.words(client.get("/runs/"))


def test_former_addresses_lead_to_those_of_today(client_of, now):
    client = client_of("billing")
    run = running.run(now)
    for address, new in (
        ("/clean-up-runs/?started_from=2026-03-10", "/runs/?started_from=2026-03-10&kind=clean_up"),
        (f"/clean-up-runs/{run.uuid}/", f"/runs/{run.uuid}/"),
        (f"/clean-up-runs/{run.uuid}/report.csv", f"/runs/{run.uuid}/report.csv"),
    ):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (301, new)
        assert client.get(new).status_code == 200
    # A run of another kind has no report of the clean-up.
    other = running.run(now, kind="import")
    assert client.get(f"/runs/{other.uuid}/report.csv").status_code == 404
