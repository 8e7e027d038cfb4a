"""A round of the fault bench: the load, the commands, the recovery, and the look at what is there."""

from __future__ import annotations

import json
import queue
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench import checks, directories
from bench.agents import Agent, Billing
from bench.diary import Diary
from bench.directories import Directory
from bench.house import AGENTS, BACK_WITHIN, BILLING, House

LOAD = 2.5
"""Seconds of load at least; longer while the fault is not in yet or a command runs."""

LONGEST = 60.0
"""Seconds that anything in a round may take at most."""


@dataclass
class Command:
    """A command of a round, and what may have been done to it."""

    name: str
    arguments: tuple[str, ...]
    child: subprocess.Popen[bytes]
    directory: Directory | None = None
    was_killed: bool = False


@dataclass
class Round:
    """One round: who works, what goes on, what was wrong."""

    house: House
    kind: str
    rng: random.Random
    ledger: checks.Ledger
    diary: Diary = field(default_factory=Diary)
    stop: threading.Event = field(default_factory=threading.Event)
    subscriptions: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    invoices: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    customers: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    note: str = ""
    working: list[Future[None]] = field(default_factory=list)

    # ---- The load ------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Load, fault, recovery, checks."""
        begun = time.monotonic()
        self.before_work()
        self._deal_work()
        with ThreadPoolExecutor(len(AGENTS) + 1) as people:
            self.working = self._start_people(people)
            try:
                self._start_commands()
                started = time.monotonic()
                self.do_harm()
                while time.monotonic() - started < LOAD:
                    time.sleep(0.05)
                self._await_commands()
            finally:
                self.send_people_home()
        loaded = time.monotonic()
        back = self.house.wait_until_healthy(BACK_WITHIN)
        if back is None:
            self.violations.append(
                f"the portal was not back within {BACK_WITHIN:.0f} s: {self.house.log('server.err')}"
            )
            return
        self._await_commands()
        self._finish_commands()
        self._check()
        self.note += f", {loaded - begun:.1f} s of load, back after {back:.1f} s"

    def before_work(self) -> None:
        """Make what this round needs, before anybody begins."""

    def send_people_home(self) -> None:
        """End the load of people, each after what they are at."""
        self.stop.set()
        for person in self.working:
            person.result(LONGEST)

    def do_harm(self) -> None:
        """Break what this round is about."""
        raise NotImplementedError

    def _deal_work(self) -> None:
        found = self.house.ask(
            """
            SELECT s.uuid::text, s.expires_on < current_date - 25 FROM subscriptions_subscription s
            WHERE s.status <> 'terminated' AND (s.expires_on >= current_date OR s.expires_on < current_date - 32)
              AND NOT EXISTS (SELECT FROM subscriptions_terminationrequest r
                              WHERE r.subscription_id = s.id AND r.state = 'open')
            """
        )
        active = sorted(uuid for uuid, is_expired in found if not is_expired)
        self.rng.shuffle(active)
        # Some are worked on twice at the same time, some are left to the clean-up as well.
        expired = sorted(uuid for uuid, is_expired in found if is_expired)[:4]
        for uuid in [*active[:20], *expired, *active[20:]]:
            for _ in range(2 if self.rng.random() < 0.2 else 1):
                self.subscriptions.put(uuid)
        invoices = self.house.ask(
            "SELECT uuid::text FROM invoicing_invoice WHERE status IN ('awaiting_payment', 'paid') ORDER BY uuid"
        )
        for uuid in self.rng.sample([row[0] for row in invoices], min(200, len(invoices))):
            self.invoices.put(uuid)
        owners = self.house.ask("SELECT uuid::text FROM customers_organisation ORDER BY uuid")
        self.customers = [row[0] for row in owners]

    def _start_people(self, people: ThreadPoolExecutor) -> list[Future[None]]:
        agents = [
            Agent(
                browser=self.house.browsers[name],
                diary=self.diary,
                seed=self.rng.getrandbits(32),
                stop=self.stop,
                work=self.subscriptions,
            )
            for name in AGENTS
        ]
        billing = Billing(
            browser=self.house.browsers[BILLING],
            diary=self.diary,
            seed=self.rng.getrandbits(32),
            stop=self.stop,
            work=self.invoices,
            customers=self.customers,
        )
        return [people.submit(person.run) for person in [*agents, billing]]

    # ---- The commands --------------------------------------------------------------------------------------

    def _start_commands(self) -> None:
        self.start_import()
        self.start_clean_up()

    def start_import(self) -> Command:
        """Start to import a new directory, as the night does or as by hand."""
        directory = new_directory(self.house, rng=self.rng)
        options = self.rng.choice(((), ("--update",)))
        return self._start("import_data", str(directory.path), *options, directory=directory)

    def start_clean_up(self) -> Command:
        """Start the clean-up, in small batches so that there are many transactions."""
        return self._start("terminate_expired", "--json", "--batch-size", "3", "--max", "100000", "--also-renewing")

    def start_sealing(self) -> Command:
        """Number and seal, as the clean-up does in its end."""
        return self._start("seal", "--json")

    def start_night(self) -> Command:
        """Do the work of a night; the bench looks at the ledger itself."""
        return self._start("nightly", "--json", "--no-verify")

    def _start(self, name: str, *arguments: str, directory: Directory | None = None) -> Command:
        child = self.house.start(name, *arguments, log=name)
        self.commands.append(Command(name, arguments, child, directory))
        return self.commands[-1]

    def _await_commands(self) -> None:
        for command in self.commands:
            try:
                command.child.wait(LONGEST)
            except subprocess.TimeoutExpired:
                self.violations.append(f"{command.name} did not end within {LONGEST:.0f} s")
                command.child.kill()

    def _finish_commands(self) -> None:
        """Run again what was ended by the fault; it has to complete."""
        for command in self.commands:
            if command.directory:
                self.violations += self._half_import(command.directory)
            status = command.child.wait()
            if status and not command.was_killed and self.kind not in ENDS_COMMANDS:
                self.violations.append(
                    f"{command.name} ended with {status}: {self.house.log(f'{command.name}.err')}"
                )
            if status == 0 and not command.was_killed:
                continue
            again = self.house.start(command.name, *command.arguments, log=command.name)
            if again.wait(LONGEST):
                self.violations.append(f"{command.name}, run again: {self.house.log(f'{command.name}.err')}")
            elif command.directory:
                self.violations += self._unfinished_import(command.directory)
            elif command.name == "seal":
                self.violations += self._unfinished_seal()
            elif command.name == "nightly":
                self.violations += self._unfinished_night()
            else:
                self.violations += self._unfinished_clean_up()

    def _imported(self, directory: Directory) -> int:
        sql = "SELECT count(*) FROM subscriptions_subscription WHERE uuid = ANY(%s)"
        return int(self.house.ask(sql, directory.subscriptions)[0][0])

    def _half_import(self, directory: Directory) -> Iterator[str]:
        there = self._imported(directory)
        if there not in (0, len(directory.subscriptions)):
            yield f"half an import: {there} of {len(directory.subscriptions)} subscriptions are there"

    def _unfinished_import(self, directory: Directory) -> Iterator[str]:
        lines = self.house.log("import_data.out").splitlines()
        is_new = {" 0 new," not in line for line in lines}
        is_known = {" 0 unchanged" in line for line in lines}
        if len(is_new) != 1 or is_new != is_known:
            yield f"an import that was run again brought some and knew some: {lines}"
        if self._imported(directory) != len(directory.subscriptions):
            yield f"an import that was run again brought {self._imported(directory)} subscriptions"

    def _unfinished_clean_up(self) -> Iterator[str]:
        answer = json.loads(self.house.log("terminate_expired.out"))
        left = self.house.ask(
            "SELECT count(*) FROM subscriptions_subscription WHERE status <> 'terminated' "
            "AND expires_on < current_date - 32"
        )[0][0]
        if answer["failed"] or left:
            yield f"the clean-up, run again, left {left} subscriptions: {answer}"

    def _unfinished_seal(self) -> Iterator[str]:
        waiting, unsealed = self.house.ask(
            "SELECT (SELECT count(*) FROM audit_unnumbered), (SELECT count(*) FROM audit_position "
            "WHERE position > coalesce((SELECT max(last_position) FROM audit_seal), 0))"
        )[0]
        if waiting or unsealed:
            yield f"sealing, run again, left {waiting} events without a position and {unsealed} without a seal"

    def _unfinished_night(self) -> Iterator[str]:
        answer = json.loads(self.house.log("nightly.out"))
        if why := {name: step["why"] for name, step in answer.items() if step["state"] != "done"}:
            yield f"a night that was started again left something out: {why}"
        looking = self.house.start("nightly", "--json", "--dry-run", log="nightly-again")
        if looking.wait(LONGEST):
            yield f"a look at the next night: {self.house.log('nightly-again.err')}"
            return
        ahead = json.loads(self.house.log("nightly-again.out"))
        # Who was told of something today hears of the rest tomorrow.
        left = {name: step["counts"] for name, step in ahead.items() if name in ("renew", "carry_out", "clean_up")}
        if any(counts.get(name) for counts in left.values() for name in LEFT_OVER):
            yield f"a night that was started again left something to do: {left}"

    # ---- What is there -------------------------------------------------------------------------------------

    def _check(self) -> None:
        self.violations += self.diary.strange
        with self.house.connect() as asked:
            for sent in self.diary.sent:
                self.violations += checks.answered(asked, sent)
            # One of each kind, which came up how often it liked.
            done = [sent for sent in self.diary.sent if sent.outcome == "done"]
            for sent in {sent.kind: sent for sent in self.rng.sample(done, len(done))}.values():
                self.violations += checks.repeated(asked, sent, before=checks.found(asked, sent))
            self.violations += checks.halves(asked)
        self.violations += self.ledger.faults()
        if not self.house.is_serving():
            self.violations.append("the server has ended")


# Faults that take the database from under a command, which then ends with an error and is run again.
ENDS_COMMANDS = {"kill_backend", "restart_postgresql", "kill_seal", "kill_night"}
# What a look at the night may not count once it is done.
LEFT_OVER = ("renewed", "refused", "carried_out", "needs_person", "expired", "terminated", "failed")


def new_directory(house: House, *, rng: random.Random) -> Directory:
    """Write a directory for an import, with another number than all before."""
    number = len(list(house.home.glob("import-*")))
    return directories.write(
        house.home / f"import-{number}", number=number, rng=rng, today=datetime.now(UTC).date()
    )
