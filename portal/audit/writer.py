"""How events come into the audit. Operations record one; what works in sets joins the statement to its own."""

from __future__ import annotations

from portal.audit import kinds
from portal.postgresql.writer import Writer

# `organisation_name` is empty where no organisation is affected, `subject_kind` where it is about no one thing.
EVENTS = Writer(
    "audit_auditentry",
    {
        "at": "timestamptz",
        "app": "varchar",
        "event": "varchar",
        "description": "text",
        "actor": "varchar",
        "actor_user_id": "integer",
        "organisation_uuid": "uuid",
        "organisation_name": "varchar",
        "kind": "varchar",
        "schema": "smallint",
        "subject_kind": "varchar",
        "subject_uuid": "uuid",
        "data": "jsonb",
    },
)


_DRAWN = Writer(EVENTS.table, {"id": "bigint", **EVENTS.shape})
NEXT_ID = "nextval('audit_auditentry_id_seq')"
"""Draws the id of an event before it is written, so that deliveries of it can be a part of the same statement."""


def of_kind(kind: str, relation: str, /, *, subject_kind: str) -> str:
    """Write the statement that inserts an event of one kind for each row of a relation.

    *Shape*: the relation has the columns of `EVENTS` but `app`, `event`, `kind`, `schema` and `subject_kind`, and
    an `id` from `NEXT_ID`.
    """
    declared = kinds.of(kind)
    return _DRAWN.over(
        f"""(
    SELECT e.*, '{declared.app}' AS app, '{declared.label}' AS event, '{kind}' AS kind, {declared.schema} AS schema,
           '{subject_kind}' AS subject_kind
    FROM {relation} e)"""  # noqa: S608 - built from declarations
    )
