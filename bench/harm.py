"""The faults: what each breaks, in the midst of a round."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from bench import evening
from bench.agents import Agent
from bench.diary import Answer, Sent
from bench.house import AGENTS
from bench.rounds import LONGEST, Round

CUTS = 2
# The operations of the night by its steps. Of renewals and scheduled ends the first commit is that of their run.
NIGHT = {
    "renew": ("renew_due", 1),
    "carry_out": ("terminate", 0),
    "clean_up": ("terminate_expired", 1),
    "seal": ("seal_events", 0),
    "remind": ("write_reminders", 0),
    "its own row": ("nightly", 2),
}
FLOOD = 24
SOON = 10.0
"""Seconds until a command of ours has begun at the latest."""


class Harm(Round):
    """A round with the fault that its kind names."""

    def do_harm(self) -> None:
        """Break what this round is about."""
        FAULTS[self.kind](self)

    def before_work(self) -> None:
        """Give the night something to do."""
        if self.kind == "kill_night":
            evening.prepare(self.house, rng=self.rng)

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

    def kill_seal(self) -> None:
        """End the sealing: kill -9 while it numbers or seals, or cut it off around the commit of either."""
        proxy = self.house.proxy
        assert proxy
        step = self.rng.choice(("number_events", "seal_events"))
        where = self.rng.choice(("within", "before", "after"))
        self.note = f" ({step}, {where})"
        self.amid_a_termination()
        # Where another one has numbered everything, no numbering begins.
        for _ in range(5):
            begun = proxy.begun(step)
            if where != "within":
                proxy.cut(step, where=where, times=1)
            command = self.start_sealing()
            if where != "within":
                if proxy.wait_for_cuts(step, where=where, times=1, seconds=SOON):
                    return
            elif proxy.wait_for(step, after=begun, seconds=SOON) and command.child.poll() is None:
                command.child.kill()
                command.was_killed = True
                return
        self.violations.append(f"the bench: {step} was always quicker, so the fault hit nothing")

    def kill_night(self) -> None:
        """End a night in one of its steps: kill -9, cut its connection around a commit, or stop PostgreSQL."""
        proxy = self.house.proxy
        assert proxy
        step = self.rng.choice(sorted(NIGHT))
        operation, skip = NIGHT[step]
        where = self.rng.choice(("within", "before", "after", "restart"))
        self.note = f" ({step}, {where})"
        if operation == "terminate":
            self.send_people_home()  # they terminate too, and the cut is to hit the night
        for _ in range(3):
            begun = proxy.begun(operation)
            if where in ("before", "after"):
                proxy.cut(operation, where=where, times=1, skip=skip)
            command = self.start_night()
            if where in ("before", "after"):
                if proxy.wait_for_cuts(operation, where=where, times=1, seconds=LONGEST / 3):
                    return
            elif proxy.wait_for(operation, after=begun + skip, seconds=LONGEST / 3):
                if where == "restart":
                    os.kill(self.house.postmaster(), signal.SIGQUIT)
                    return
                if command.child.poll() is None:
                    command.child.kill()
                    command.was_killed = True
                    return
            if operation == "terminate":
                evening.prepare(self.house, rng=self.rng)
        self.violations.append(f"the bench: {step} was always quicker, so the fault hit nothing")

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


FAULTS: dict[str, Callable[[Harm], None]] = {
    "kill_worker": Harm.kill_worker,
    "kill_command": Harm.kill_command,
    "kill_seal": Harm.kill_seal,
    "kill_night": Harm.kill_night,
    "kill_backend": Harm.kill_backend,
    "restart_postgresql": Harm.restart_postgresql,
    "cut_before_commit": Harm.cut_before_commit,
    "cut_after_commit": Harm.cut_after_commit,
    "exhaust_pool": Harm.exhaust_pool,
    "pass_midnight": Harm.pass_midnight,
}
