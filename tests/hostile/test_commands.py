"""Every command with words, streams and files that nobody should give it; with TEST_FULL=1, ten times as many.

Whatever comes in: an answer or a plain sentence, the exit status the format names, never a traceback; and
nothing is written, unless the command says that it was done.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import execute_from_command_line
from django.core.management.base import CommandError
from django.db import connection, connections, transaction

from portal import embedded
from portal.shell.management.commands import serve
from tests.hostile import nasty, tables
from tests.support import factories
from tests.support.directory import RIGHT
from tests.support.factories import C

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_clock")]

IS_FULL = os.environ.get("TEST_FULL") == "1"
IMPORTS = 1_600 if IS_FULL else 160
SHARE = 80
NOW = "2026-03-10T09:00:00Z"
FILE_FAULT = re.compile(r"[a-z_]+\.csv:[1-9][0-9]*: [a-z_]+: \S.*")
CLEAN_UP_PROGRESS = re.compile(
    r"(Selecting|Marking expired|Terminating): [0-9]+ done, [0-9,]+ a second|The limit of [0-9,]+ was reached: .*"
)
KNOWN = "11111111-1111-4111-8111-111111111111"


@dataclass(frozen=True)
class Answer:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str


# ---- Running a command as its process would -------------------------------------------------------


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run a command from its words to its exit status, in this process and its transaction.

    The streams are those of a terminal in UTF-8, which take no half characters.
    """

    def run(*words: str, stdin: bytes = b"") -> Answer:
        status = 0
        out, err = io.BytesIO(), io.BytesIO()
        streams = {
            "stdin": io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
            "stdout": io.TextIOWrapper(out, encoding="utf-8", write_through=True),
            "stderr": io.TextIOWrapper(err, encoding="utf-8", errors="backslashreplace", write_through=True),
        }
        with monkeypatch.context() as patched:
            for name, stream in streams.items():
                patched.setattr(sys, name, stream)
            # The end of a command closes what the test still needs.
            patched.setattr(connections, "close_all", lambda: None)
            try:
                execute_from_command_line(["manage.py", *words, "--skip-checks"])
            except SystemExit as exit_:
                status = int(exit_.code or 0)
        return Answer(status, out.getvalue().decode(), err.getvalue().decode())

    return run


@pytest.fixture
def made() -> str:
    """A portal that is not empty: somebody of the staff, a customer, an old subscription and one that runs."""
    User.objects.create_user("maria", password="secret-word-1")
    factories.subscription(cycles=(C("2025-11-01"),))
    return str(factories.subscription(cycles=(C("2026-03-01"),)).uuid)


@pytest.fixture(autouse=True)
def _at() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def words_of(values: tuple[object, ...]) -> list[str]:
    """The values as a shell can hand them over: no null byte, and bytes that are no UTF-8 as Python has them.

    What begins with a dash is another option.
    """
    texts = (nasty.encoded(value).decode("utf-8", "surrogateescape") for value in values)
    return sorted({text for text in texts if "\0" not in text and not text.startswith("-")})


WORDS = words_of(nasty.ALL)


def sentence_in(answer: Answer) -> str:
    """The one line on standard error of a command that refused, and did nothing else."""
    assert answer.out == "", answer
    (line,) = answer.err.removesuffix("\n").split("\n")
    assert line.strip(), answer
    assert line.isprintable(), answer
    return line


# ---- Options --------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--on", "--method", "--full-refund-days"])
def test_quote_refund_with_options_that_are_none(command, made, option):
    before = tables.digest()
    for word in WORDS:
        answer = command("quote_refund", made, "--json", option, word)
        if answer.status == 2:
            assert sentence_in(answer), word
        else:
            (line,) = answer.out.splitlines()
            answered = json.loads(line)
            assert (answer.status, answer.err) == (1 if "error" in answered else 0, ""), word
    assert tables.digest() == before


def test_quote_refund_answers_whatever_is_called_a_subscription(command, made):
    before = tables.digest()
    words = [word for word in WORDS if word.strip()]
    answer = command("quote_refund", "--json", *words)
    answers = [json.loads(line) for line in answer.out.split("\n")[:-1]]
    assert (answer.status, answer.err, len(answers)) == (1, "", len(words))
    assert all(answered["error"] for answered in answers)
    people = command("quote_refund", *words)
    assert (people.status, people.err) == (1, "")
    assert tables.digest() == before


STREAMS = {
    "nothing": (b"", 0),
    "blank lines": (b"\n\r\n \t\n\xef\xbb\xbf\n", 0),
    "null bytes": (b"\0\n\0\0", 2),
    "not UTF-8": (b"\xff\xfe\n\x80,\x80\n", 2),
    "UTF-16": ("a\nb\n".encode("utf-16"), 3),
    "ten megabytes in a line": (b"A" * 10_000_000, 1),
    "ten megabytes of commas": (b"," * 10_000_000, 1),
    "twenty thousand lines": (b"x\n" * 20_000, 20_000),
    "no number": (b"NaN,Infinity\n1e400\n" + KNOWN.encode() + b",-1\n", 3),
    "markup and SQL": (b"<script>alert(1)</script>\n'; DROP TABLE x; --\n\xe2\x80\xaegnp\n\"\n", 4),
}


@pytest.mark.parametrize("name", STREAMS)
def test_quote_refund_reads_any_stream(command, name):
    stdin, count = STREAMS[name]
    answer = command("quote_refund", "-", "--json", stdin=stdin)
    answers = [json.loads(line) for line in answer.out.split("\n")[:-1]]
    assert (answer.status, answer.err, len(answers)) == (1 if count else 0, "", count)
    assert all(answered["error"] for answered in answers)


def beside_progress(answer: Answer) -> str:
    """What is on standard error beside how far the clean-up is, and that it ended at its limit."""
    lines = answer.err.splitlines(keepends=True)
    return "".join(line for line in lines if not CLEAN_UP_PROGRESS.fullmatch(line.rstrip("\n")))


@pytest.mark.parametrize("option", ["--as-of", "--batch-size", "--workers", "--max"])
def test_terminate_expired_with_options_that_are_none(command, made, option):
    before = tables.digest()
    dry = ("--dry-run",) if option != "--as-of" else ()
    for word in WORDS:
        if option == "--as-of" and word == "0001-01-01":
            continue  # a day on which nothing had expired
        answer = command("terminate_expired", "--json", *dry, option, word)
        if answer.status == 2:
            assert sentence_in(answer), word
        else:
            assert dry, word
            assert (answer.status, beside_progress(answer)) == (0, ""), word
            assert word.strip() == word
            assert word.isdigit()
    assert tables.digest() == before


def test_terminate_expired_on_the_first_and_the_last_day_there_is(command, made):
    before = tables.digest()
    for day in ("0001-01-01", "9999-12-31"):
        answer = command("terminate_expired", "--json", "--dry-run", "--as-of", day)
        assert (answer.status, beside_progress(answer)) == (0, ""), day
    assert tables.digest() == before


@pytest.mark.parametrize("path", ["", ".", "/nowhere/at/all", "/proc/nothing", "x" * 5_000])
def test_a_report_that_cannot_be_begun_ends_nothing(command, made, path):
    before = tables.digest()
    answer = command("terminate_expired", "--report", path)
    assert answer.status == 2
    assert "cannot be written" in sentence_in(answer)
    assert tables.digest() == before


@pytest.mark.parametrize("path", ["/dev/full", "/dev/stdout", "/dev/null"])
def test_no_report_is_written_over_what_is_there(command, made, path):
    before = tables.digest()
    answer = command("terminate_expired", "--report", path, "--json")
    assert (answer.status, answer.out) == (1, "")
    assert f"{path} is there already" in sentence_in(answer)
    assert tables.digest() == before


def test_a_report_that_finds_no_room_is_told_and_the_work_is_done(command, made, monkeypatch, tmp_path):
    class Full(io.FileIO):
        def write(self, written):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def opened(path, mode, **options):
        assert mode == "x"
        return io.TextIOWrapper(io.BufferedWriter(Full(path, "x")), **options)

    monkeypatch.setattr(Path, "open", opened)
    path = tmp_path / "full.csv"
    answer = command("terminate_expired", "--report", str(path), "--json")
    assert (answer.status, json.loads(answer.out)["terminated"]) == (1, 1)
    said = beside_progress(answer)
    assert f"The report in {path} is not whole: No space left on device." in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("option", ["--heads", "--against"])
@pytest.mark.parametrize("path", ["", ".", "/nowhere/at/all", "/dev/full", "x" * 5_000])
def test_verify_ledger_with_places_that_are_none(command, made, option, path):
    before = tables.digest()
    answer = command("verify_ledger", option, path)
    assert answer.status == 2
    assert "cannot be" in answer.err
    assert answer.err.count("\n") == 1
    assert tables.digest() == before


HEADS = "organisation_uuid,seq,sha256\n"
HEAD_FILES = {
    "nothing": b"",
    "null bytes": b"\0" * 100,
    "not UTF-8": HEADS.encode() + b"\xff,1,00\n",
    "UTF-16": HEADS.encode("utf-16"),
    "another header": b"uuid,seq,sha256\n",
    "ten megabytes in a field": HEADS.encode() + b"A" * 10_000_000,
    "an open quote": HEADS.encode() + b'"' + b"x\n" * 1_000,
    "a column less": HEADS.encode() + f"{KNOWN},1\n".encode(),
    **{
        f"entry {seq[:20]!r}": HEADS.encode() + f"{KNOWN},{seq},{'0' * 64}\n".encode()
        for seq in ("NaN", "1e400", "-1", "0", "9223372036854775808", "1" * 5_000, "", "1.0", "²")
    },
    **{
        f"hash {sha256[:20]!r}": HEADS.encode() + f"{KNOWN},1,{sha256}\n".encode()
        for sha256 in ("", "0", "0" * 63, "g" * 64, "0" * 10_000)
    },
}


@pytest.mark.parametrize("name", HEAD_FILES)
def test_verify_ledger_against_files_that_are_none(command, made, name, tmp_path):
    path = tmp_path / "heads.csv"
    path.write_bytes(HEAD_FILES[name])
    answer = command("verify_ledger", "--against", str(path))
    assert answer.status == 2
    assert "cannot be read" in sentence_in(answer)


def test_create_staff_with_names_that_are_none(command, made):
    before = tables.digest()
    taken = Counter()
    for word in WORDS:
        mark = transaction.savepoint()
        answer = command("create_staff", word, "--role", "agent", "--password-stdin", stdin=b"a long secret-7\n")
        taken[answer.status] += 1
        if answer.status == 0:
            # Digits and letters of any script make a name.
            assert (answer.err, answer.out.count("\n")) == ("", 1), word
            assert User.objects.filter(groups__name="agent").count() == 1
        else:
            assert (answer.status, sentence_in(answer)[:14]) == (1, "CommandError: "), word
        transaction.savepoint_rollback(mark)
    assert tables.digest() == before
    assert min(taken[0], taken[1]) > 20


def test_create_staff_with_a_role_that_is_none(command, made):
    before = tables.digest()
    for word in WORDS:
        answer = command("create_staff", "somebody", "--role", word, "--password-stdin", stdin=b"a long secret-7\n")
        assert (answer.status, answer.out) == (2, ""), word
        assert "invalid choice" in answer.err
    assert tables.digest() == before


@pytest.mark.parametrize(
    "stdin", [b"", b"\n", b"\xff\xfe\n", b"1234567890\n", b"password\n", b"somebody\n", b"short\n", b"\r\n"]
)
def test_create_staff_with_a_password_that_is_none(command, made, stdin):
    before = tables.digest()
    answer = command("create_staff", "somebody", "--role", "agent", "--password-stdin", stdin=stdin)
    assert (answer.status, sentence_in(answer)[:14]) == (1, "CommandError: ")
    assert tables.digest() == before


def test_create_staff_with_ten_megabytes_of_password(command, made):
    secret = b"A long secret-7 \0<b>'" * 500_000
    answer = command("create_staff", "somebody", "--role", "agent", "--password-stdin", stdin=secret)
    assert (answer.status, answer.err) == (0, "")
    assert User.objects.get(username="somebody").check_password(secret.decode())


def test_send_notifications_with_options_that_are_none(command, made):
    before = tables.digest()
    for word in WORDS:
        answer = command("send_notifications", "--max", word)
        if answer.status:
            assert (answer.status, sentence_in(answer)[:14]) == (2, "CommandError: "), word
        else:
            assert word.isdigit(), word
    assert tables.digest() == before


def test_the_demo_is_not_made_where_somebody_works(command, made):
    before = tables.digest()
    for words in ((), ("--force",)):
        answer = command("demo", *words)
        assert (answer.status, sentence_in(answer)[:14]) == (1, "CommandError: ")
    assert tables.digest() == before


@pytest.mark.parametrize(
    "name",
    ["import_data", "quote_refund", "terminate_expired", "verify_ledger", "create_staff", "demo", "serve"]
    + ["send_notifications"],
)
def test_words_that_no_command_knows(command, made, name):
    before = tables.digest()
    for words in (("--no-such-option",), ("x", "y", "z", "--json=1"), ("-\udcff",), ("--\u202e",), ("-v", "NaN")):
        answer = command(name, *words)
        assert (answer.status, answer.out) == (2, ""), words
        assert "Traceback" not in answer.err
        assert answer.err.strip()
    assert tables.digest() == before


@pytest.mark.parametrize(
    ("variable", "read", "most"), [("PORT", serve._port, 65_535), ("WEB_CONCURRENCY", serve._workers, 999)]
)
def test_serve_with_numbers_that_are_none(variable, read, most, monkeypatch):
    for word in WORDS:
        monkeypatch.setenv(variable, word)
        if word == "" or (word.isascii() and word.isdigit() and len(word) < 6 and 0 < int(word) <= most):
            assert read() > 0
        else:
            with pytest.raises(CommandError, match=rf"{variable} is .*: it has to be a number from 1 to {most}"):
                read()


# ---- Files to import ------------------------------------------------------------------------------


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
    "a hundred thousand blank lines": (lambda right: right.replace(b"\n", b"\n" * 100_000, 1), 1_001),
    "a hundred thousand blank lines at the end": (lambda right: right + b"\n" * 100_000, 0),
    "a semicolon for each comma": (lambda right: right.replace(b",", b";"), None),
    "twenty thousand rows of nothing": (lambda right: right + b",,,,,,,,,\n" * 20_000, 1_001),
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
    """Import files; take it back, and be sure that a refused one wrote nothing."""

    def run(files: dict[str, bytes]) -> Answer:
        for name, content in files.items():
            (tmp_path / f"{name}.csv").write_bytes(content)
        before = tables.digest()
        mark = transaction.savepoint()
        answer = command("import_data", str(tmp_path))
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
            assert tables.digest() == before
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
    before = tables.digest()
    answer = command("import_data", str(tmp_path if is_there else tmp_path / "\udcff<x-canary>"))
    assert answer.status == 1
    assert sentence_in(answer)
    assert tables.digest() == before


def test_a_file_without_an_end_is_not_read_to_it(command, tmp_path):
    (tmp_path / "organisations.csv").symlink_to("/dev/zero")
    answer = command("import_data", str(tmp_path))
    assert answer.status == 1
    assert "organisations.csv" in sentence_in(answer)


@pytest.mark.parametrize("seed", range(IMPORTS // SHARE))
def test_fields_that_are_none_are_named_and_nothing_is_imported(imported, seed):
    draw = random.Random(seed)
    ended = Counter()
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
    assert min(ended[0], ended[1]) >= 5, ended


def as_field(value: bytes) -> bytes:
    return b'"' + value.replace(b'"', b'""') + b'"'


# ---- Processes ------------------------------------------------------------------------------------


@pytest.fixture
def environment() -> dict[str, str]:
    """What a process is told so that it works on the database of the test, in UTF-8."""
    known = connection.settings_dict
    address = f"postgresql:///{known['NAME']}?host={quote(known['HOST'], safe='')}&user={known['USER']}"
    if known["PORT"]:
        address += f"&port={known['PORT']}"
    kept = {
        name: value for name, value in os.environ.items() if name not in ("EMAIL_HOST", "DJANGO_SETTINGS_MODULE")
    }
    return {**kept, "DATABASE_URL": address, "PGPASSWORD": known["PASSWORD"], "LC_ALL": "C.UTF-8"}


def closed(number: int) -> Callable[[], None]:
    return lambda: os.close(number)


# Words, what stands in for the streams, the exit status, and what is said on standard error.
PROCESSES: dict[str, tuple[list[str | bytes], dict[str, object], int, str]] = {
    "bytes that are no UTF-8": (["quote_refund", b"\xff", "--json"], {}, 1, ""),
    "no such command": ([b"\xff<x>"], {}, 1, "Unknown command: '\\udcff<x>'"),
    "no directory": (["import_data", b"/\xff"], {}, 1, "is not a directory."),
    "standard input closed": (["quote_refund", "-"], {"preexec_fn": closed(0)}, 0, ""),
    "no password": (
        ["create_staff", "bob", "--role", "agent", "--password-stdin"],
        {"preexec_fn": closed(0)},
        1,
        "There is no password on standard input.",
    ),
    "standard output closed": (["verify_ledger", "--json"], {"preexec_fn": closed(1)}, 0, ""),
    "standard error closed": (["import_data", "/nowhere"], {"preexec_fn": closed(2)}, 1, ""),
    "no room for the answer": (
        ["verify_ledger", "--json"],
        {"stdout": "/dev/full"},
        1,
        "The answer can't be written: No space left on device.",
    ),
    "workers that are no number": (["serve"], {"env": {"WEB_CONCURRENCY": "NaN"}}, 1, "WEB_CONCURRENCY is 'NaN'"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_says_what_is_wrong_in_a_line(environment, name):
    words, streams, status, said = PROCESSES[name]
    before = tables.digest()
    more = streams.get("env", {})
    stdout = open(str(streams["stdout"]), "wb") if "stdout" in streams else subprocess.PIPE  # noqa: SIM115
    ended = subprocess.run(
        [sys.executable, embedded.ROOT / "manage.py", *words],
        env=environment | more,  # type: ignore[operator]
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        preexec_fn=streams.get("preexec_fn"),  # type: ignore[arg-type]
        timeout=120,
        check=False,
    )
    err = ended.stderr.decode()
    assert (ended.returncode, "Traceback" in err) == (status, False), err
    assert said in err
    if name != "no such command":
        assert err.count("\n") == (1 if said else 0), err
    if ended.stdout:
        json.loads(ended.stdout.decode())
    assert tables.digest() == before


@pytest.mark.django_db(transaction=True)
def test_who_reads_only_the_first_answers_is_no_trouble(environment):
    asking = subprocess.Popen(
        [sys.executable, embedded.ROOT / "manage.py", "quote_refund", "-", "--json"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert asking.stdin
    assert asking.stdout
    assert asking.stderr
    asking.stdin.write(b"nonsense\n" * 5_000)
    asking.stdin.flush()
    asking.stdout.readline()
    asking.stdout.close()
    with contextlib.suppress(BrokenPipeError):
        asking.stdin.write(b"nonsense\n" * 20_000)
        asking.stdin.close()
    assert (asking.wait(120), asking.stderr.read()) == (141, b"")
