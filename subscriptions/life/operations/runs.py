"""Write the row of a run of renewals: at its start, with each batch, at its end. A killed run never gets an end."""

from __future__ import annotations

from datetime import date, datetime

from portal import frame
from portal.audit import operations as audit_operations
from portal.jobs import operations as jobs
from portal.jobs.models import Run
from portal.lib import text
from subscriptions.life.selectors import runs

OPERATION = "renew_due"


def begin(*, as_of: date, by: frame.Actor, at: datetime) -> Run:
    """Insert the row of a run, in a transaction of its own, so that everybody sees it."""
    with frame.operation(OPERATION):
        run = jobs.begin(kind=runs.KIND, by=by, at=at, as_of=as_of, parts=[jobs.Part(runs.RENEW)])
        jobs.start_part(run.pk, name=runs.RENEW, at=at)
    return run


def finish(run: Run, *, was_stopped: bool, by: frame.Actor, at: datetime) -> Run:
    """Write the end of a run, and an audit entry if the run changed anything."""
    with frame.operation(OPERATION):
        jobs.end_part(run.pk, name=runs.RENEW, at=max(at, run.started_at), was_stopped=was_stopped)
        run = jobs.finish(run.pk, was_stopped=was_stopped, at=at)
        counts = {name: run.count(name) for name in ("renewed", "documents", "refused", "failed")}
        if any(counts.values()):
            audit_operations.record(
                "renewals.finished",
                sentence=f"{text.counted(counts['renewed'], 'subscription')} renewed on "
                f"{text.counted(counts['documents'], 'document')}, {counts['refused']:,} refused, "
                f"{counts['failed']:,} failed; as of {run.as_of}.",
                subject=audit_operations.Subject("run", run.uuid),
                data={"as_of": run.as_of, **counts},
                by=by,
                at=run.started_at,
            )
    return run
