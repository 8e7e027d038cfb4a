"""Every command with words and streams that nobody should give it: each third word, and all with TEST_FULL=1.

Whatever comes in: an answer or a plain sentence, the exit status the format names, never a traceback; and
nothing is written, unless the command says that it was done.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import transaction

from portal.lib import environment
from portal.shell.management.commands import serve
from tests.hostile import nasty, tables
from tests.hostile.answers import KNOWN, NOW, Answer, sentence_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_clock")]

IS_FULL = os.environ.get("TEST_FULL") == "1"
CLEAN_UP_PROGRESS = re.compile(
    r"(Selecting|Marking expired|Terminating): [0-9]+ done, [0-9,]+ a second|The limit of [0-9,]+ was reached: .*"
)


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


WORDS = words_of(nasty.ALL)[:: 1 if IS_FULL else 3]


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
    taken: Counter[object] = Counter()
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
    assert min(taken[0], taken[1]) > len(WORDS) / 8


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
    + ["deliver", "send_notifications", "seal"],
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
            with pytest.raises(
                environment.Unclear, match=rf"{variable} is .*: it has to be a number from 1 to {most}"
            ):
                read()
