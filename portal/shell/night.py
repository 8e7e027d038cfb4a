"""The night: all that the portal does by itself once a day, in one order, as one run with a part for each step.

A step that fails does not stop those that do not need it; what is left out is said. Each step can be repeated, so a
night that was killed is started again and does the rest. Source: domain.md 7, "The night".
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import DatabaseError, InterfaceError, connection

from portal import frame
from portal.audit import operations as audit_operations
from portal.audit import sealing
from portal.audit.models import Unnumbered
from portal.jobs import operations as jobs
from portal.jobs.models import Run, RunItem, RunPart
from portal.lib import text
from portal.lib.stopping import STOPPED
from subscriptions.life import operations as life
from subscriptions.reminders import operations as reminders
from subscriptions.requests import operations as requests

logger = logging.getLogger(__name__)

KIND = "night"
IMPORT, RENEW, CARRY_OUT, CLEAN_UP = "import", "renew", "carry_out", "clean_up"
SEAL, REMIND, VERIFY = "seal", "remind", "verify"
LABELS = {
    IMPORT: "Import",
    RENEW: "Renewals",
    CARRY_OUT: "Scheduled ends",
    CLEAN_UP: "Clean-up and numbers",
    SEAL: "Seal",
    REMIND: "Messages",
    VERIFY: "Verification",
}
State = RunPart.State


@dataclass(frozen=True)
class Options:
    """What a night is asked to do.

    *Shape*: `directory` is what is imported first, None where nothing is. `report` is the path of the clean-up's
    report. `stderr` gets what the steps have to tell people.
    """

    stderr: OutputWrapper
    directory: str | None = None
    report: str | None = None
    workers: int = 1
    is_verifying: bool = True
    is_dry_run: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a step. *Shape*: `why` is empty where it did all it had to."""

    state: RunPart.State
    counts: Mapping[str, int] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Moment:
    """What a step is given besides its options: the instant at which it begins, and whether it is to stop."""

    at: datetime
    clock: Callable[[], datetime]
    stop: Callable[[], bool]
    progress: Callable[[int], None]


@dataclass(frozen=True)
class Step:
    """A step of the night. *Shape*: `needs` are the steps without which it is left out."""

    name: str
    do: Callable[[Options, Moment], Outcome]
    needs: tuple[str, ...] = ()
    is_wanted: Callable[[Options], bool] = lambda options: True


# ---- The steps ---------------------------------------------------------------------------------------------------


def _import(options: Options, moment: Moment) -> Outcome:
    arguments = [options.directory or "", "--update", "--json", *(["--dry-run"] if options.is_dry_run else [])]
    outcome, answer = _command("import_data", arguments, options=options)
    counts: dict[str, int] = {}
    for of_file in (answer or {}).values():
        for name, count in of_file.items():
            counts[name] = counts.get(name, 0) + count
    return _with(outcome, counts)


def _renew(options: Options, moment: Moment) -> Outcome:
    counts = life.renew_due(
        as_of=None,
        by=frame.SYSTEM,
        at=moment.at,
        is_dry_run=options.is_dry_run,
        progress=moment.progress,
        stop=moment.stop,
        clock=moment.clock,
    )
    return _of_counts(
        {"renewed": counts.renewed, "refused": counts.refused, "failed": counts.failed},
        was_stopped=counts.was_stopped,
        failed=f"{text.counted(counts.failed, 'renewal')} failed; the run of the renewals says which.",
    )


def _carry_out(options: Options, moment: Moment) -> Outcome:
    counts = requests.carry_out_due(
        by=frame.SYSTEM,
        at=moment.at,
        is_dry_run=options.is_dry_run,
        progress=moment.progress,
        stop=moment.stop,
        clock=moment.clock,
    )
    return _of_counts(
        {"carried_out": counts.carried_out, "needs_person": counts.needs_person, "failed": counts.failed},
        was_stopped=counts.was_stopped,
        failed=f"{text.counted(counts.failed, 'scheduled end')} failed; the run of the scheduled ends says which.",
    )


def _clean_up(options: Options, moment: Moment) -> Outcome:
    arguments = ["--json", f"--workers={options.workers}"]
    arguments += ["--dry-run"] if options.is_dry_run else []
    arguments += [f"--report={options.report}"] if options.report else []
    outcome, answer = _command("terminate_expired", arguments, options=options)
    names = ("expired", "terminated", "held", "released_numbers", "failed")
    return _with(outcome, {name: int(answer[name]) for name in names} if answer else {})


def _seal(options: Options, moment: Moment) -> Outcome:
    if options.is_dry_run:
        return Outcome(State.DONE, {"numbered": Unnumbered.objects.count()})
    done = sealing.finish_night(at=moment.at)
    return Outcome(State.DONE, {"numbered": done.numbered, "sealed": sum(seal.count for seal in done.seals)})


def _remind(options: Options, moment: Moment) -> Outcome:
    counts = reminders.write_due(
        by=frame.SYSTEM, at=moment.at, is_dry_run=options.is_dry_run, progress=moment.progress, stop=moment.stop
    )
    messages = counts.due if options.is_dry_run else counts.messages
    return _of_counts({"messages": messages}, was_stopped=counts.was_stopped)


def _verify(options: Options, moment: Moment) -> Outcome:
    outcome, answer = _command("verify_ledger", ["--json"], options=options)
    faults = answer["faults"] if answer else []
    for fault in faults:
        options.stderr.write(f"{fault['kind']}: {fault['where']}: {fault['detail']}")
    if faults:
        outcome = Outcome(
            State.FAILED, why=f"{text.counted(len(faults), 'fault')}; “./run verify_ledger” has each."
        )
    return _with(outcome, {"faults": len(faults)})


STEPS = (
    Step(IMPORT, _import, is_wanted=lambda options: options.directory is not None),
    Step(RENEW, _renew, needs=(IMPORT,)),
    Step(CARRY_OUT, _carry_out, needs=(IMPORT,)),
    Step(CLEAN_UP, _clean_up, needs=(IMPORT, RENEW)),
    Step(SEAL, _seal),
    Step(REMIND, _remind),
    Step(VERIFY, _verify, is_wanted=lambda options: options.is_verifying and not options.is_dry_run),
)


# ---- The run -----------------------------------------------------------------------------------------------------


def run_night(
    options: Options,
    *,
    steps: Sequence[Step],
    by: frame.Actor,
    at: datetime,
    clock: Callable[[], datetime],
    stop: Callable[[], bool],
    progress: Callable[[str, int], None] = lambda step, done: None,
) -> dict[str, Outcome]:
    """Do the steps of a night in their order, and say what became of each.

    A dry run reads only: no step sees what one before it would have written.

    *Units*: `at` is the start; each step works with the instant at which it begins itself.
    *Raises*: DatabaseError and InterfaceError where not even the run can be written.
    """
    wanted = [step for step in steps if step.is_wanted(options)]
    run = None if options.is_dry_run else _begin(wanted, options=options, by=by, at=at)
    outcomes: dict[str, Outcome] = {}
    for step in wanted:
        outcome = _why_left_out(step, outcomes=outcomes, stop=stop)
        if outcome is None:
            if run:
                _start(run, step=step, at=max(clock(), at))
            outcome = _do(step, options=options, clock=clock, stop=stop, progress=progress)
        outcomes[step.name] = outcome
        if run:
            _end(run, step=step, outcome=outcome, at=max(clock(), at))
    if run:
        _finish(run, outcomes=outcomes, was_stopped=stop(), by=by, at=max(clock(), at))
    return outcomes


def _why_left_out(step: Step, *, outcomes: Mapping[str, Outcome], stop: Callable[[], bool]) -> Outcome | None:
    if stop():
        return Outcome(State.LEFT_OUT, why="Left out: the night was asked to stop before it.")
    missing = [need for need in step.needs if need in outcomes and outcomes[need].state != State.DONE]
    if missing:
        needed = " and ".join(f"“{LABELS.get(need, need)}”" for need in missing)
        return Outcome(State.LEFT_OUT, why=f"Left out: it needs {needed}, and that was not done.")
    return None


def _do(
    step: Step,
    *,
    options: Options,
    clock: Callable[[], datetime],
    stop: Callable[[], bool],
    progress: Callable[[str, int], None],
) -> Outcome:
    def show(done: int) -> None:
        progress(LABELS.get(step.name, step.name), done)

    show(0)
    try:
        return step.do(options, Moment(clock(), clock, stop, show))
    except (DatabaseError, InterfaceError) as error:
        why = (
            f"The database could not go on: {text.first_line(error)}. What was done stays; the next night goes on."
        )
    except Exception:
        # Whatever it is, the steps that do not need this one are done all the same, and the night is a bad one.
        logger.exception("The step %s of the night failed.", step.name)
        why = "It failed for a reason that nobody foresaw: the log has it. What was done stays."
    # A connection that was lost, or is inside a transaction that failed, would fail the next step too.
    connection.close()
    return Outcome(State.FAILED, why=why)


def _command(name: str, arguments: list[str], *, options: Options) -> tuple[Outcome, Any]:
    """Do what a command does, and read its JSON; None where it gave none."""
    said = io.StringIO()
    outcome = Outcome(State.DONE)
    try:
        call_command(name, *arguments, stdout=said, stderr=options.stderr)
    except CommandError as error:
        outcome = Outcome(State.FAILED, why=str(error))
    except SystemExit as ended:
        if ended.code == STOPPED:
            outcome = Outcome(State.STOPPED, why="Stopped as asked, after the running batch.")
        elif ended.code:
            outcome = Outcome(State.FAILED, why=f"“./run {name}” ended with {ended.code}: its output says why.")
    answer = said.getvalue()
    return outcome, json.loads(answer) if answer else None


def _with(outcome: Outcome, counts: Mapping[str, int]) -> Outcome:
    return Outcome(outcome.state, counts, outcome.why)


def _of_counts(counts: Mapping[str, int], *, was_stopped: bool, failed: str = "") -> Outcome:
    if was_stopped:
        return Outcome(State.STOPPED, counts, "Stopped as asked, after the running batch.")
    # What failed by itself is tried again the next night, and stands in nobody's way.
    return Outcome(State.DONE, counts, failed if counts.get("failed") else "")


# ---- Its row -----------------------------------------------------------------------------------------------------


def _begin(steps: list[Step], *, options: Options, by: frame.Actor, at: datetime) -> Run:
    with frame.operation("nightly"):
        return jobs.begin(
            kind=KIND,
            by=by,
            at=at,
            workers=options.workers,
            report=options.report or "",
            parameters={"directory": options.directory} if options.directory else {},
            parts=[jobs.Part(step.name) for step in steps],
        )


def _start(run: Run, *, step: Step, at: datetime) -> None:
    with frame.operation("nightly"):
        jobs.start_part(run.pk, name=step.name, at=at)


def _end(run: Run, *, step: Step, outcome: Outcome, at: datetime) -> None:
    with frame.operation("nightly"):
        failed = max(outcome.counts.get("failed", 0), int(outcome.state == State.FAILED))
        jobs.add(run.pk, counts={**outcome.counts, "failed": failed}, part=step.name)
        jobs.close_part(run.pk, name=step.name, state=outcome.state, at=at)
        if outcome.why:
            item = jobs.Item(
                sentence=f"{LABELS.get(step.name, step.name)}: {outcome.why}", data={"part": step.name}
            )
            jobs.add_items(run.pk, items=[item], outcome=RunItem.Outcome.FAILED)


def _finish(run: Run, *, outcomes: Mapping[str, Outcome], was_stopped: bool, by: frame.Actor, at: datetime) -> None:
    with frame.operation("nightly"):
        jobs.finish(run.pk, at=at, was_stopped=was_stopped)
        told = ", ".join(f"{LABELS.get(name, name)} {one.state.label.lower()}" for name, one in outcomes.items())
        audit_operations.record(
            "night.finished",
            sentence=f"{told}.",
            subject=audit_operations.Subject("run", run.uuid),
            data={name: {"state": one.state.value, "counts": dict(one.counts)} for name, one in outcomes.items()},
            by=by,
            at=at,
        )
