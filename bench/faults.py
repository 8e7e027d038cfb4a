"""The fault bench: the real server under load, one fault a round, and then a look at what is there.

    python -m bench.faults [--rounds N] [--seed S] [--json]      (./test faults ...)

A line a round goes to standard error. With --json, the result goes to standard output. Exit status 1 when something
was half, double, lost or untrue.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from bench import checks, directories
from bench.agents import Agent, Answer, Billing, Diary, Sent
from bench.directories import Directory
from bench.house import AGENTS, BACK_WITHIN, BILLING, House

LOAD = 2.5
"""Seconds of load at least; longer while the fault is not in yet or a command runs."""

LONGEST = 60.0
"""Seconds that anything in a round may take at most."""

CUTS = 2
FLOOD = 24


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

    # ---- The load ------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Load, fault, recovery, checks."""
        begun = time.monotonic()
        self._deal_work()
        with ThreadPoolExecutor(len(AGENTS) + 1) as people:
            working = self._start_people(people)
            try:
                self._start_commands()
                started = time.monotonic()
                FAULTS[self.kind](self)
                while time.monotonic() - started < LOAD:
                    time.sleep(0.05)
                self._await_commands()
            finally:
                self.stop.set()
            for person in working:
                person.result(LONGEST)
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

    def _deal_work(self) -> None:
        found = self.house.ask(
            """
            SELECT s.uuid::text, s.expires_on < current_date - 25 FROM subscriptions_subscription s
            WHERE s.status <> 'terminated' AND (s.expires_on >= current_date OR s.expires_on < current_date - 32)
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

    # ---- The faults ----------------------------------------------------------------------------------------

    def amid_a_termination(self) -> None:
        """Wait a moment, and then until a termination is being written."""
        time.sleep(self.rng.uniform(0.2, 1.2))
        proxy = self.house.proxy
        if proxy is None or not proxy.wait_for("terminate", after=proxy.begun("terminate"), seconds=LONGEST):
            self.violations.append("the bench: nobody terminated anything, so the fault hit nothing")
        time.sleep(self.rng.uniform(0, 0.02))

    def kill_worker(self) -> None:
        """kill -9 a web worker."""
        self.amid_a_termination()
        os.kill(self.rng.choice(self.house.web_workers()), signal.SIGKILL)

    def kill_command(self) -> None:
        """kill -9 the import or the clean-up, in its transaction."""
        proxy = self.house.proxy
        assert proxy
        name = self.rng.choice(("import_data", "terminate_expired"))
        start = {"import_data": self.start_import, "terminate_expired": self.start_clean_up}[name]
        command = next(command for command in self.commands if command.name == name)
        for _ in range(5):
            begun = proxy.begun(name)
            proxy.wait_for(name, after=begun, seconds=LONGEST)
            time.sleep(self.rng.uniform(0, 0.1))
            if command.child.poll() is None:
                command.child.kill()
                command.was_killed = True
                self.note = f" ({name})"
                return
            command = start()  # it was quicker than we
        self.violations.append(f"the bench: {name} was always quicker, so the fault hit nothing")

    def kill_backend(self) -> None:
        """kill -9 one of PostgreSQL's processes; PostgreSQL then ends all others and recovers."""
        self.amid_a_termination()
        found = self.house.ask(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'portal' "
            "ORDER BY state LIKE 'idle in%%' DESC, state = 'active' DESC, pid LIMIT 3"
        )
        os.kill(self.rng.choice(found)[0], signal.SIGKILL)

    def restart_postgresql(self) -> None:
        """Stop PostgreSQL at once; its supervisor starts it again."""
        self.amid_a_termination()
        os.kill(self.house.postmaster(), signal.SIGQUIT)

    def cut_before_commit(self) -> None:
        """Cut connections between the last statement and the commit."""
        self._cut("before")

    def cut_after_commit(self) -> None:
        """Cut connections between the commit and its answer."""
        self._cut("after")

    def _cut(self, where: str) -> None:
        proxy = self.house.proxy
        assert proxy
        time.sleep(self.rng.uniform(0.2, 1.0))
        proxy.cut("terminate", where=where, times=CUTS)
        done = proxy.wait_for_cuts("terminate", where=where, times=CUTS, seconds=LONGEST)
        self.note = f" ({done} cut)"
        if not done:
            self.violations.append("the bench: nobody terminated anything, so the fault hit nothing")

    def exhaust_pool(self) -> None:
        """Hold the row that every termination needs, and send one Apply many times until nobody gets through."""
        agent = self.somebody()
        ready = self._ready_to_commit(agent)
        if ready is None:
            return
        about, page = ready
        first = agent.commit(page, about)
        flood = [first] + [Sent(**vars(first)) for _ in range(FLOOD - 1)]
        for sent in flood[1:]:
            self.diary.write(sent)
        with ThreadPoolExecutor(FLOOD) as crowd, self.house.connect() as connection:
            with connection.transaction():
                connection.execute("SELECT 1 FROM settings_app_confighead FOR UPDATE")
                sending = [crowd.submit(sent.send) for sent in flood]
                until = time.monotonic() + 6
                while time.monotonic() < until and not _count_refused(sending):
                    time.sleep(0.05)
                time.sleep(self.rng.uniform(0, 0.5))
                refused = _count_refused(sending)
            done = sum(1 for answer in sending if (got := answer.result(LONGEST)) and got.status == 302)
        self.note = f" ({refused} times 503, then {done} times done)"
        if not refused:
            self.violations.append("the bench: the pool was never exhausted, so the fault hit nothing")

    def pass_midnight(self) -> None:
        """Let a day begin between preview and Apply: Apply is refused, a new preview is applied."""
        agent = self.somebody()
        moved = self._move_organisation()
        if moved is None:
            return
        about, organisation = moved
        page = agent.to_commit(about)
        for _ in range(5):  # the load around may lose a page
            if page is not None:
                break
            page = agent.to_commit(about)
        if page is None:
            self.violations.append(f"the bench: no preview of {about}")
            return
        self._set_zone(organisation, "Pacific/Kiritimati")
        sent = agent.commit(page, about)
        answer = sent.send()
        if sent.outcome != "refused" or answer is None or answer.status != 409:
            self.violations.append(
                f"midnight passed before {sent.action}: {sent.outcome}, expected 409: {sent.said}"
            )
            return
        for _ in range(5):  # a payment may come in between
            page = agent.to_choice(answer)
            if page is None:
                self.violations.append(f"no new preview after midnight: {answer.words[:300]}")
                return
            sent = agent.commit(page, about)
            answer = sent.send()
            if sent.outcome == "done":
                return
            if answer is None:
                break
        self.violations.append(f"the preview after midnight was not applied: {sent.outcome} {sent.said[:300]}")

    def somebody(self) -> Agent:
        """Give another agent of ours, who does what the fault needs."""
        return Agent(
            browser=self.house.browsers[AGENTS[0]],
            diary=self.diary,
            seed=self.rng.getrandbits(32),
            stop=self.stop,
            work=self.subscriptions,
        )

    def _ready_to_commit(self, agent: Agent) -> tuple[str, Answer] | None:
        for _ in range(20):
            try:
                about = self.subscriptions.get(timeout=LONGEST)
            except queue.Empty:
                break
            page = agent.to_commit(about)
            if page is not None:
                return about, page
        self.violations.append("the bench: no subscription to terminate was left")
        return None

    def _move_organisation(self) -> tuple[str, str] | None:
        """Take a subscription that runs for some days and let its organisation live where the day ends last."""
        found = self.house.ask(
            """
            SELECT s.uuid::text, o.uuid::text FROM subscriptions_subscription s
            JOIN customers_organisation o ON o.id = s.organisation_id
            WHERE s.status = 'active' AND s.expires_on > current_date + 3 ORDER BY s.uuid
            """
        )
        if not found:
            self.violations.append("the bench: no subscription to terminate was left")
            return None
        about, organisation = self.rng.choice(found)
        self._set_zone(organisation, "Etc/GMT+12")
        return about, organisation

    def _set_zone(self, organisation: str, zone: str) -> None:
        """Move an organisation, told in the audit; it is none of an import's from then on."""
        with self.house.connect() as connection, connection.transaction():
            connection.execute("SELECT set_config('portal.operation', 'bench', true)")
            connection.execute(
                "UPDATE customers_organisation SET timezone = %s, row_sha256 = '' WHERE uuid = %s",
                [zone, organisation],
            )
            connection.execute(
                "INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_name) "
                "VALUES (clock_timestamp(), 'Customers', 'Moved by the bench', %s, 'bench', '')",
                [f"{organisation} lives in {zone}."],
            )


def _count_refused(sending: list[Future[Answer | None]]) -> int:
    return sum(1 for answer in sending if answer.done() and (got := answer.result()) and got.status == 503)


FAULTS: dict[str, Callable[[Round], None]] = {
    "kill_worker": Round.kill_worker,
    "kill_command": Round.kill_command,
    "kill_backend": Round.kill_backend,
    "restart_postgresql": Round.restart_postgresql,
    "cut_before_commit": Round.cut_before_commit,
    "cut_after_commit": Round.cut_after_commit,
    "exhaust_pool": Round.exhaust_pool,
    "pass_midnight": Round.pass_midnight,
}
# Faults that take the database from under a command, which then ends with an error and is run again.
ENDS_COMMANDS = {"kill_backend", "restart_postgresql"}


def new_directory(house: House, *, rng: random.Random) -> Directory:
    """Write a directory for an import, with another number than all before."""
    number = len(list(house.home.glob("import-*")))
    return directories.write(
        house.home / f"import-{number}", number=number, rng=rng, today=datetime.now(UTC).date()
    )


def deal(rounds: int, *, rng: random.Random) -> list[str]:
    """Deal the kinds from one deck after the other, so that each comes up as often as any other."""
    dealt: list[str] = []
    while len(dealt) < rounds:
        dealt += rng.sample(list(FAULTS), len(FAULTS))
    return dealt[:rounds]


def run(*, rounds: int, seed: int, house: House) -> dict[str, object]:
    """Run the bench and give its result."""
    rng = random.Random(seed)
    kinds: Counter[str] = Counter()
    details: list[dict[str, object]] = []
    forms: Counter[tuple[str, str]] = Counter()
    ledger = checks.Ledger()
    for number, kind in enumerate(deal(rounds, rng=rng), start=1):
        started = time.monotonic()
        played = Round(house, kind, random.Random(rng.getrandbits(64)), ledger)
        played.play()
        kinds[kind] += 1
        details += [{"round": number, "fault": kind, "violation": words} for words in played.violations]
        outcomes = Counter(sent.outcome for sent in played.diary.sent)
        forms.update((sent.called, sent.outcome) for sent in played.diary.sent)
        answers = f"{outcomes['done']} done, {outcomes['refused']} refused, {outcomes['lost']} without an answer"
        _say(
            f"round {number}/{rounds}: {kind}{played.note}; {answers}; {len(played.violations)} violations; "
            f"{time.monotonic() - started:.1f} s"
        )
        for words in played.violations[:10]:
            _say(f"    {words}")
        if not house.is_serving():
            break
    return {
        "rounds": sum(kinds.values()),
        "seed": seed,
        "faults": {kind: kinds[kind] for kind in FAULTS},
        "forms": {
            kind: {outcome: count for (of, outcome), count in sorted(forms.items()) if of == kind}
            for kind in sorted({kind for kind, _ in forms})
        },
        "violations": len(details),
        "details": details,
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: list[str]) -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="./test faults", description="Break things under load, and look.")
    parser.add_argument("--rounds", type=int, default=16, help="how many rounds, one fault each (16)")
    parser.add_argument("--seed", type=int, default=1, help="what the dealing starts from (1)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--small", action="store_true", help="start from a small import instead of the demo")
    parser.add_argument("--logs", type=Path, metavar="DIRECTORY", help="keep what server and commands wrote there")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds is 1 or more")
    signal.signal(signal.SIGTERM, _leave)
    house = House()
    try:
        small = new_directory(house, rng=random.Random(options.seed)).path if options.small else None
        house.open(_say, first=small)
        result = run(rounds=options.rounds, seed=options.seed, house=house)
    except KeyboardInterrupt:
        _say("stopped")
        return 130
    finally:
        house.close(keep_logs=options.logs)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        counted = ", ".join(f"{kind} {count}" for kind, count in result["faults"].items())  # type: ignore[attr-defined]
        print(f"{result['rounds']} rounds from seed {options.seed} ({counted}): {result['violations']} violations")
    return 1 if result["violations"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
