"""An import is a run: with its files as parts, or with its faults. A dry run leaves none."""

import datetime as dt
import threading

import pytest

from portal.importing import faults
from portal.importing import run as importing
from portal.importing.declares import runs as declared
from portal.jobs.models import Run, RunItem
from tests.support import pages, shown
from tests.support.directory import COUNTS, NOW, row_counts
from tests.support.races import at_once

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(minutes=3)


def page_of(client_of, run: Run):
    return client_of("auditor").get(f"/runs/{run.uuid}/")


def test_an_import_is_a_run_with_its_files_as_parts(directory, imported, client_of, monkeypatch):
    path = directory.write()
    assert imported(path) == (0, COUNTS, [])
    run = Run.objects.get()
    assert (run.kind, run.actor, run.started_at, run.finished_at) == ("import", "import", NOW, NOW)
    assert run.counts == {"new": 22}
    assert run.parameters == {"directory": str(path), "update": False}
    parts = {part.name: (part.state, part.counts, part.total) for part in run.parts.all()}
    assert len(parts) == 8
    assert parts["cycles.csv"] == ("done", {"new": 3}, (path / "cycles.csv").stat().st_size)
    said = pages.words(page_of(client_of, run))
    assert f"Directory {path} Known rows that changed Faults" in said
    assert "organisations.csv Done 2 new" in said
    assert "Not finished" not in said
    listed = shown.read(client_of("billing").get("/runs/", {"kind": "import", "state": "done"})).tables
    assert [row["Counts"] for table in listed for row in table.rows] == ["22 new"]
    # The same once more is another run, which adds nothing.
    imported(path, "--update")
    again = Run.objects.latest("pk")
    assert (again.counts, again.parameters["update"]) == ({"unchanged": 22}, True)


def test_a_refused_import_leaves_its_faults_and_nothing_else(directory, imported, client_of):
    directory.set("plans", 2, "price_per_month", "fifty")
    directory.set("organisations", 2, "currency", "XXQ<b>")
    before = row_counts()
    path = directory.write()
    assert imported(path, "--dry-run")[0] == 1
    assert not Run.objects.exists()
    status, _, err = imported(path, at=LATER)
    assert (status, row_counts()) == (1, before)
    run = Run.objects.get()
    said = [
        f"{item.data['file']}:{item.data['line']}: {item.data['column']}: {item.sentence}"
        for item in run.items.all()
    ]
    assert said == err
    assert len(err) >= 2
    assert run.counts == {"faults": len(err)}
    assert (run.refusal, run.finished_at) == (f"{len(err)} faults. Nothing was written.", LATER)
    parts = {part.name: (part.state, part.counts) for part in run.parts.all()}
    assert parts["plans.csv"] == ("failed", {"faults": sum(line.startswith("plans.csv:") for line in said)})
    assert parts["numbers.csv"] == ("left_out", {})
    page = page_of(client_of, run)
    assert "XXQ&lt;b&gt;" in page.content.decode()
    assert f"Refused {len(err)} faults. Nothing was written." in pages.words(page)
    assert shown.read(page).table("Faults, first to last").column("Column") == [
        item.data["column"] for item in run.items.all()
    ]


def test_of_many_faults_the_first_are_kept_and_the_count(directory, imported, client_of, monkeypatch):
    monkeypatch.setattr(faults, "MOST_SHOWN", 2)
    directory.add("members", *(f"{number},no,No," for number in range(5)))
    monkeypatch.setattr(declared, "MOST_SHOWN", 2)
    path = directory.write()
    imported(path)
    run = Run.objects.get()
    count = run.count("faults")
    assert (RunItem.objects.count(), count > 5) == (2, True)
    assert run.parts.get(name="members.csv").counts == {"faults": count}
    said = pages.words(page_of(client_of, run))
    assert f"members.csv Failed {count} faults" in said
    assert f"import it again. The first 2 of {count} faults were kept; the parts have all counts." in said
    listed = shown.read(client_of("billing").get("/runs/")).tables
    assert [row["Kind"] for table in listed for row in table.rows] == [f"Import {path}"]


def test_a_killed_import_stays_without_an_end_and_the_next_one_goes_on(directory, imported, client_of):
    def killed(*given):
        raise KeyboardInterrupt

    path = directory.write()
    with pytest.raises(KeyboardInterrupt):
        importing.import_directory(path, at=NOW, progress=killed)
    run = Run.objects.get()
    assert (run.finished_at, run.counts) == (None, {})
    said = pages.words(page_of(client_of, run))
    assert "Interrupted The import is no longer at work. It would have been written as a whole" in said
    assert imported(path)[0] == 0
    assert Run.objects.get(pk=run.pk).finished_at is None


@pytest.mark.django_db(transaction=True)
def test_an_import_at_work_is_told_from_one_that_was_killed(directory, client_of):
    client = client_of("auditor")
    path = directory.write()
    reached, go = threading.Event(), threading.Event()

    def pause(*given):
        reached.set()
        assert go.wait(30)

    def bring_in():
        return importing.import_directory(path, at=NOW, progress=pause)

    def look():
        assert reached.wait(30)
        said = [pages.words(client.get(f"/runs/{Run.objects.get().uuid}/")) for _ in range(2)]
        go.set()
        return said

    counts, said = at_once(bring_in, look)
    assert sum(count.new for count in counts) == 22
    for words in said:
        assert "At work An import is written as a whole, at its end: so far nothing is." in words
    assert "At work" not in pages.words(page_of(client_of, Run.objects.get()))
