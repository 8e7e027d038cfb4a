"""./run as a person or a script uses it, on an embedded database of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from portal import embedded
from portal.lib import environment
from portal.shell.management.commands import serve
from tests.launcher import copies
from tests.support import migrated
from tests.support.commands import run_each
from tests.support.places import Place, eventually, free_port, run


def test_two_first_commands_at_once_migrate_once_and_print_only_their_own(place: Place) -> None:
    command: list[str | Path] = [embedded.ROOT / "run", "shell", "--no-imports", "-c", "print('mine')"]
    processes = [
        subprocess.Popen(
            command,
            env=place.environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert [out for out, _ in answers] == ["mine\n", "mine\n"]
    assert any("Setting up the database" in err for _, err in answers)
    again = run(place, "shell", "--no-imports", "-c", "print('mine')")
    assert (again.stdout, again.stderr) == ("mine\n", "")


def test_a_port_that_is_taken_is_one_sentence(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = run(place, PORT=port)
    assert answer.returncode == 1
    # A slow machine says first what it is busy with.
    said = answer.stderr.removeprefix("Setting up the database ...\n")
    assert said.startswith(f"Port {port} of 127.0.0.1 can't be used")
    assert said.count("\n") == 1
    assert answer.stdout == ""


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        ("127.0.0.1", socket.AF_INET, "127.0.0.1"),
        ("localhost", socket.AF_INET, "127.0.0.1"),
        ("0.0.0.0", socket.AF_INET, "0.0.0.0"),
        ("::1", socket.AF_INET6, "::1"),
        ("::", socket.AF_INET6, "::"),
    ],
)
def test_the_portal_listens_where_host_says(host: str, family: int, address: str) -> None:
    if family == socket.AF_INET6 and not has_ipv6():
        with pytest.raises(serve._CannotServe, match="no address of this machine"):
            serve._listen(host, 0)
        return
    with serve._listen(host, 0) as listener:
        assert (listener.family, listener.getsockname()[0]) == (family, address)
        # Whoever listens on all addresses is reached by each.
        reached = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(address, address)
        with socket.create_connection((reached, listener.getsockname()[1])):
            pass


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "HOST is '192.0.2.1', which is no address of this machine"),
        ("no such host", "HOST is 'no such host': it has to be an address or a name of this machine"),
        ("http://localhost", "HOST is 'http://localhost': it has to be"),
        ("a" * 70, f"HOST is '{'a' * 70}': it has to be"),
    ],
)
def test_a_host_that_is_none_is_refused(host: str, said: str) -> None:
    with pytest.raises(serve._CannotServe) as refused:
        serve._listen(host, 0)
    assert str(refused.value).startswith(said)


def test_without_the_demo_it_is_served_to_others_and_says_what_is_next() -> None:
    """As in a container: an embedded database, all addresses, and nobody who could log in."""
    with migrated.place("host") as place:
        port = free_port()
        process = subprocess.Popen(
            [embedded.ROOT / "run"],
            env=place.environment(
                HOST="0.0.0.0", PORT=port, ALLOWED_HOSTS="portal.example.com", WEB_CONCURRENCY="1"
            ),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(3)]
        assert said == [
            f"The portal is at http://0.0.0.0:{port}/\n",
            "Nobody can log in yet: ./run create_staff NAME --role superuser\n",
            "Ctrl-C ends it.\n",
        ]
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/readyz", headers={"Host": "portal.example.com"})
        assert eventually(lambda: _answer(asked) == "ready\n")
        address = embedded.runtime_url(place.data)
        assert shown(address, "SELECT count(*) FROM auth_user") == 0
        assert shown(address, "SELECT count(*) FROM customers_organisation") == 0
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)


def _answer(asked: urllib.request.Request) -> str:
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1", "8²"])
def test_a_port_that_is_none_is_refused(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(environment.Unclear, match="a number from 1 to 65535"):
        serve._port()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("nonsense", "DATABASE_URL can't be read"),
        ("postgresql://portal@127.0.0.1:9/portal", "The database can't be used"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(place: Place, address: str, sentence: str) -> None:
    answer = run(place, "showmigrations", DATABASE_URL=address)
    assert answer.returncode == 1
    assert answer.stderr.startswith(sentence)
    assert answer.stderr.count("\n") == 1


def test_a_relative_path_is_one_of_the_caller(place: Place) -> None:
    answer = run(place, "shell", "--no-imports", "-c", "import os; print(os.getcwd())", cwd=place.data)
    assert answer.stdout == f"{os.path.realpath(place.data)}\n"


def test_ctrl_c_before_the_portal_is_there_ends_it_in_silence(place: Place, code: Path) -> None:
    copies.copy_bytecode(code)
    # The first one takes the demo along that is just being made, and the second one makes it.
    for moment in ("Making the demo ...", "Preparing the static files ..."):
        assert _ended_at(moment, code=code, place=place) == (130, "", ""), moment


def _ended_at(moment: str, *, code: Path, place: Place) -> tuple[int, str, str]:
    """Press Ctrl-C once a start has said something; give how it ended, and what it still said."""
    process = subprocess.Popen(
        [code / "run"],
        env=copies.environment(place, PORT=free_port()),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    said = ""
    try:
        while moment not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        # A terminal sends it to everybody in the foreground.
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        # Who is still there would go on using the database that the next tests have to themselves.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def kept(place: Place) -> Iterator[str]:
    """The address of the place's database, whose server runs on between the commands from here on."""
    user = place.user()
    address = user.url()
    assert run(place, "check").returncode == 0
    yield address
    user.leave()


@pytest.fixture(scope="module")
def with_demo(place: Place, kept: str) -> str:
    if not shown(kept, "SELECT count(*) FROM auth_user"):
        assert run(place, "demo").returncode == 0
    return kept


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ({"HOST": "0.0.0.0"}, "HOST is 0.0.0.0"),
        (
            {"DATABASE_URL": "", "SECURE": "1", "ALLOWED_HOSTS": "portal.example.com", "HOST": "0.0.0.0"},
            "DATABASE_URL is set; SECURE is on; ALLOWED_HOSTS names portal.example.com; HOST is 0.0.0.0",
        ),
    ],
    ids=["one sign", "all signs"],
)
def test_nothing_is_served_in_production_that_the_demo_s_password_opens(
    place: Place, with_demo: str, signs: dict[str, str], said: str
) -> None:
    """What is a sign is looked at in tests/demo, each by itself."""
    answer = run(place, PORT=free_port(), **{name: value or with_demo for name, value in signs.items()})
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(
        "The portal is not served: agent, billing, auditor and admin can log in with the password demo, and this "
        f"may be production ({said})."
    )
    assert answer.stderr.count("\n") == 1


def shown(address: str, query: LiteralString) -> int:
    with psycopg.connect(address) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return int(row[0])


def sql(address: str, statement: LiteralString) -> None:
    with psycopg.connect(address) as connection:
        connection.execute(statement)


@pytest.fixture
def older(kept: str) -> Iterator[str]:
    """Make the place's database look like one of an earlier version; give the sentence that refuses it."""
    name: LiteralString = "name = '0003_plan_balances_anew'"
    sql(kept, f"UPDATE django_migrations SET app = 'taken' WHERE app = 'customers' AND {name}")
    yield "This database was made by a version of the portal from before 28 November 2026"
    sql(kept, "UPDATE django_migrations SET app = 'customers' WHERE app = 'taken'")


def test_an_older_database_is_refused_by_every_command(place: Place, older: str) -> None:
    for answer in (run(place), *run_each(place, [["migrate"], ["verify_ledger"]])):
        assert (answer.returncode, answer.stdout) == (1, ""), answer
        assert answer.stderr.startswith(older), answer
        assert f"move {place.data} away and import the data again." in answer.stderr
        assert answer.stderr.count("\n") == 1


def test_usernames_to_be_renamed_are_told_before_anything_is_changed(place: Place, kept: str) -> None:
    (back,) = run_each(place, [["migrate", "portal", "0001_roles"]])
    assert back.returncode == 0, back.stderr
    sql(
        kept,
        "INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, "
        "is_active, date_joined) VALUES ('!', false, 'Söhn', '', '', '', false, true, now())",
    )
    missing: LiteralString = "SELECT count(*) FROM django_migrations WHERE app = 'portal'"
    for answer in run_each(place, [["check"], ["check"]]):
        assert (answer.returncode, answer.stdout) == (1, "")
        assert answer.stderr.startswith("Setting up the database ...\nUsernames have letters from A to Z, ")
        assert answer.stderr.endswith("then migrate again: “Söhn”.\n")
        assert answer.stderr.count("\n") == 2
    assert shown(kept, missing) == 1
    sql(kept, "UPDATE auth_user SET username = 'soehn' WHERE username = 'Söhn'")
    assert run(place, "check").returncode == 0
    sql(kept, "DELETE FROM auth_user WHERE username = 'soehn'")
