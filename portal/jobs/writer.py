"""How items come to a run."""

from __future__ import annotations

from portal.postgresql.writer import Writer

ITEMS = Writer(
    "jobs_runitem",
    {
        "run_id": "bigint",
        "outcome": "varchar",
        "subject_kind": "varchar",
        "subject_uuid": "uuid",
        "sentence": "text",
        "data": "jsonb",
    },
)
# A run has an outcome of a subject once, however many workers found it.
ONCE = "ON CONFLICT (run_id, outcome, subject_kind, subject_uuid) DO NOTHING"
