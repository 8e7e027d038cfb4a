"""Files that nobody should import: spoilt as a whole, or field by field; with TEST_FULL=1, sixty times as many."""

from __future__ import annotations

import csv
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction

from portal.jobs.models import Run
from tests.hostile import nasty, tables
from tests.hostile.answers import NOW, Answer, sentence_in
from tests.support.directory import RIGHT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_clock")]

IS_FULL = os.environ.get("TEST_FULL") == "1"
IMPORTS = 1_600 if IS_FULL else 25
SHARE = 40 if IS_FULL else 25
FILE_FAULT = re.compile(r"[a-z_]+\.csv:[1-9][0-9]*: [a-z_]+: \S.*")


@pytest.fixture(autouse=True)
def _at() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


TEXT = ("name", "product", "customer_reference", "termination_reason")


def as_file(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def spoilt(file: str, change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    """The right directory with one file that is another."""
    files = {name: as_file(lines) for name, lines in RIGHT.items()}
    return {**files, file: change(files[file])}


def header_of(file: str) -> bytes:
    return RIGHT[file][0].encode()


MEGA = 1_000_000
# What the file of the cycles becomes, and how many lines say what is wrong (None: one or more; 0: it is taken).
WHOLE_FILES: dict[str, tuple[Callable[[bytes], bytes], int | None]] = {
    "nothing": (lambda _: b"", None),
    "one null byte": (lambda _: b"\0", None),
    "a megabyte of null bytes": (lambda _: b"\0" * MEGA, None),
    "null bytes in between": (lambda right: right.replace(b"2026", b"2\0\x3026"), None),
    "a byte-order mark": (lambda right: b"\xef\xbb\xbf" + right, 0),
    "two byte-order marks": (lambda right: b"\xef\xbb\xbf" * 2 + right, None),
    "a byte-order mark in between": (lambda right: right.replace(b"\n", b"\n\xef\xbb\xbf", 1), None),
    "UTF-16": (lambda right: right.decode().encode("utf-16"), None),
    "UTF-7": (lambda right: right.replace(b"TIN-1", "Ünü".encode("utf-7")), 0),
    "not UTF-8": (lambda right: right.replace(b"TIN-1", b"TIN-\xff"), None),
    "halves of pairs": (lambda right: right.replace(b"TIN-1", b"TIN-\xed\xa0\x80"), None),
    "overlong": (lambda right: right.replace(b"TIN-1", b"TIN-\xc0\xaf"), None),
    "lines that end in CR LF": (lambda right: right.replace(b"\n", b"\r\n"), 0),
    "lines that end in CR": (lambda right: right.replace(b"\n", b"\r"), None),
    "no end of the last line": (lambda right: right.removesuffix(b"\n"), 0),
    "blank lines in the middle": (lambda right: right.replace(b"\n", b"\n\n\n", 2), None),
    "blank lines at the end": (lambda right: right + b"\n\r\n\n", 0),
    "an open quote": (lambda right: right + b'"', None),
    "an open quote in the header": (lambda right: b'"' + right, None),
    "quotes within": (lambda right: right.replace(b"TIN-1", b'T"I"N'), None),
    "ten megabytes in a field": (lambda right: right.replace(b"TIN-2", b"A" * 10 * MEGA), None),
    "ten megabytes in a quoted field": (lambda right: right + b'"' + b"A\n" * 5 * MEGA + b'"\n', None),
    "ten megabytes of quotes": (lambda _: b'"' * 10 * MEGA, None),
    "ten megabytes of commas": (lambda _: b"," * 10 * MEGA, None),
    "half a megabyte of commas in a line": (lambda right: right + b"," * (MEGA // 2) + b"\n", None),
    "ten thousand blank lines": (lambda right: right.replace(b"\n", b"\n" * 10_000, 1), 1_001),
    "a hundred thousand blank lines at the end": (lambda right: right + b"\n" * 100_000, 0),
    "a semicolon for each comma": (lambda right: right.replace(b",", b";"), None),
    "two thousand rows of nothing": (lambda right: right + b",,,,,,,,,\n" * 2_000, 1_001),
    "a hundred thousand columns": (lambda right: right.replace(b"\n", b",x" * 100_000 + b"\n", 1), 1_001),
    "a header alone": (lambda _: header_of("cycles"), None),
    "no header": (lambda right: right.split(b"\n", 1)[1], None),
    "two headers": (lambda right: header_of("cycles") + b"\n" + right, None),
    "a column that is missing": (lambda right: right.replace(b"months", b"", 1), None),
    "a column that comes twice": (lambda right: right.replace(b"tax", b"net", 1), None),
    "a column nobody knows": (lambda right: right.replace(b"tax", b"t\xe2\x80\xaexa", 1), None),
    "columns in capitals": (lambda right: right.replace(b"net", b"NET", 1), None),
    "semicolons": (lambda right: right.replace(b",", b";"), None),
    "a row that is too short": (lambda right: right + b"x\n", None),
    "markup for a header": (lambda _: b"<!doctype html><x-canary>\n", None),
    "a program": (lambda _: Path("/bin/sh").read_bytes(), None),
}


@pytest.fixture
def imported(command, tmp_path) -> Callable[[dict[str, bytes]], Answer]:
    """Import files; take it back, and be sure that a refused one wrote nothing but the run that says so."""
    before = tables.digest(besides="jobs")

    def run(files: dict[str, bytes]) -> Answer:
        for name, content in files.items():
            (tmp_path / f"{name}.csv").write_bytes(content)
        mark = transaction.savepoint()
        answer: Answer = command("import_data", str(tmp_path))
        if answer.status == 0:
            assert answer.err == ""
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        else:
            assert (answer.status, answer.out) == (1, "")
            *lines, last = answer.err.removesuffix("\n").split("\n")
            if len(lines) < 1_000:
                lines.append(last)
            else:
                assert re.fullmatch(r"[0-9,]+ faults; the first 1,000 are listed\.", last)
            for line in lines:
                assert FILE_FAULT.fullmatch(line), line[:300]
                assert len(line) < 1_500, line[:300]
                assert line.isprintable(), line[:300]
            assert tables.digest(besides="jobs") == before
            assert not Run.objects.filter(refusal="").exists()
        transaction.savepoint_rollback(mark)
        return answer

    return run


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_file_that_is_none_is_named(imported, name):
    change, count = WHOLE_FILES[name]
    answer = imported(spoilt("cycles", change))
    said = answer.err.count("\n")
    if count is None:
        assert said >= 1
        # Without a row the fault is with those that refer to one.
        assert name == "a header alone" or "cycles.csv:" in answer.err
    else:
        assert said == count


@pytest.mark.parametrize("is_there", [True, False])
def test_a_place_where_no_file_is(command, tmp_path, is_there):
    if is_there:
        (tmp_path / "organisations.csv").mkdir()
    before = tables.digest(besides="jobs")
    answer = command("import_data", str(tmp_path if is_there else tmp_path / "\udcff<x-canary>"))
    assert answer.status == 1
    assert sentence_in(answer)
    assert tables.digest(besides="jobs") == before


def test_a_file_without_an_end_is_not_read_to_it(command, tmp_path):
    (tmp_path / "organisations.csv").symlink_to("/dev/zero")
    answer = command("import_data", str(tmp_path))
    assert answer.status == 1
    assert "organisations.csv" in sentence_in(answer)


@pytest.mark.parametrize("seed", range(IMPORTS // SHARE))
def test_fields_that_are_none_are_named_and_nothing_is_imported(imported, seed):
    draw = random.Random(seed)
    ended: Counter[object] = Counter()
    places = [
        (file, line, column)
        for file, lines in RIGHT.items()
        for line in range(1, len(lines))
        for column in lines[0].split(",")
    ]
    for _ in range(SHARE):
        rows = {file: list(csv.reader(lines)) for file, lines in RIGHT.items()}
        changed: dict[str, dict[tuple[int, int], bytes]] = {}
        must_refuse = False
        of_text = draw.random() < 0.3
        drawn = [place for place in places if place[2] in TEXT or not of_text]
        for file, line, column in draw.sample(drawn, draw.choice((1, 1, 1, 2, 5))):
            value = nasty.value_for(column, draw)
            must_refuse |= column in ("net", "tax", "paid", "months") and value in nasty.NO_NUMBERS | nasty.SHOWN
            must_refuse |= column.endswith("email") and value in nasty.NO_ADDRESSES
            changed.setdefault(file, {})[line, rows[file][0].index(column)] = nasty.encoded(value)
        files = {}
        for file, lines in rows.items():
            files[file] = b"".join(
                b",".join(
                    as_field(changed.get(file, {}).get((line, place), field.encode()))
                    for place, field in enumerate(fields)
                )
                + b"\n"
                for line, fields in enumerate(lines)
            )
        answer = imported(files)
        ended[answer.status] += 1
        assert not (must_refuse and answer.status == 0), changed
    # Markup is a name like another, so some are imported.
    assert min(ended[0], ended[1]) >= SHARE // 8, ended


def as_field(value: bytes) -> bytes:
    return b'"' + value.replace(b'"', b'""') + b'"'
