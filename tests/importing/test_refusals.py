"""What refused imports tell: the command prints it, and their runs keep it."""

import errno
import io
import os

import pytest
from django.core.management.base import CommandError

from portal import frame
from portal.importing import faults, refusals
from portal.jobs.models import Run
from portal.shell.management.commands import import_data
from tests.support.directory import row_counts
from tests.support.refusals import coded, told

FAULT = faults.Fault(0, 2, 0, "plans.csv", "name", "the field is empty, expected a value")
COULD_NOT = "The database could not go on: it is full. "
TABLE: dict[frame.Refused, tuple[str, int, str, str]] = {
    refusals.DirectoryFaulty(first=(FAULT,), by_file={"plans.csv": 1}): (
        "directory_faulty",
        422,
        "",
        "1 fault. Nothing was written.",
    ),
    refusals.Interfered(why="a key is there twice"): (
        "import_interfered",
        409,
        "",
        "The portal was changed meanwhile, and nothing was written; import again. (a key is there twice)",
    ),
    refusals.BrokenOff(why="it is full", may_be_written=False): (
        "import_broken_off",
        503,
        "",
        f"{COULD_NOT}Nothing was written; import again.",
    ),
    refusals.BrokenOff(why="it is full", may_be_written=True): (
        "import_broken_off",
        503,
        "",
        f"{COULD_NOT}It was lost while all was being kept, so all is written or nothing; import again to know.",
    ),
    refusals.FileUnreadable(path="in/plans.csv", why="Input/output error"): (
        "file_unreadable",
        422,
        "",
        "in/plans.csv can't be read: Input/output error.",
    ),
    refusals.ExceptionsUnwritable(path="out.csv", why="No space left on device"): (
        "exceptions_unwritable",
        422,
        "",
        "The exceptions can't be written to out.csv: No space left on device. Nothing was imported.",
    ),
}


@pytest.mark.parametrize(("refusal", "expected"), TABLE.items(), ids=lambda value: type(value).__name__)
def test_a_refusal_tells_code_status_field_and_words(refusal, expected):
    assert told(refusal) == expected


def test_the_table_holds_every_refusal():
    assert coded("portal.importing") == {type(refusal) for refusal in TABLE}


@pytest.mark.django_db
def test_exceptions_that_find_no_room_are_told_and_nothing_is_written(directory, imported, monkeypatch, tmp_path):
    class Full(io.FileIO):
        def write(self, written):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = row_counts()
    path = tmp_path / "out.csv"
    monkeypatch.setattr(os, "fdopen", lambda handle, mode: io.BufferedWriter(Full(handle, mode)))
    with pytest.raises(CommandError) as refusal:
        imported(directory.write(), "--update", "--exceptions", str(path))
    said = f"The exceptions can't be written to {path}: No space left on device. Nothing was imported."
    assert (str(refusal.value), row_counts()) == (said, before)
    assert Run.objects.get().refusal == said
    assert list(tmp_path.glob("*out.csv*")) == []


@pytest.mark.django_db
def test_exceptions_that_find_no_place_at_the_end_are_told(directory, imported, monkeypatch, tmp_path):
    path = tmp_path / "out.csv"
    write = import_data._Exceptions.write

    def and_then_there_is_a_directory(self, pieces):
        write(self, pieces)
        path.mkdir()

    monkeypatch.setattr(import_data._Exceptions, "write", and_then_there_is_a_directory)
    with pytest.raises(CommandError) as refusal:
        imported(directory.write(), "--update", "--exceptions", str(path))
    assert str(refusal.value) == f"All is imported; only the exceptions can't be written to {path}: Is a directory."
    assert Run.objects.get().counts == {"new": 22}
    assert [file.name for file in tmp_path.glob("*out.csv*")] == ["out.csv"]
