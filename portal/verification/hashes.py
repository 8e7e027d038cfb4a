"""A row keeps the SHA-256 of what it says. Source: docs/ledger.md.

A column that the database makes follows every edit; one that was taken from it would keep an old hash, and is found
here. That an edit was made at all, only a seal can show.
"""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification.check import Check


def free(column: str) -> str:
    """Write a text with its length in bytes, so that no other fields make the same."""
    return f"octet_length({column}) || ':' || {column}"


def microseconds(column: str) -> str:
    """Write an instant."""
    # As a number, not as text: what was broken by hand may be later than any date.
    return f"CASE WHEN isfinite({column}) THEN trunc(extract(epoch FROM {column}) * 1000000)::text ELSE '' END"


def hash_of(*fields: str) -> str:
    """Hash fields in their order."""
    return "sha256(convert_to(" + " || '|' || ".join(f"({field})" for field in fields) + ", 'UTF8'))"


def day(column: str) -> str:
    """Write a day."""
    return f"CASE WHEN isfinite({column}) THEN ({column} - DATE '1970-01-01')::text ELSE '' END"


def given(value: str) -> str:
    """Write what may not be given."""
    return f"coalesce({value}::text, '')"


def check(kind: str, place: str, *, table: str, made: str) -> Check:
    """See that the column `sha256` of a table, `e`, is what its row makes."""
    return Check(
        kind,
        "its hash is {kept}, what it says makes {made}",
        f"""
        SELECT {place} AS place, coalesce(encode(e.sha256, 'hex'), 'none') AS kept, encode(m.made, 'hex') AS made
        FROM {table} e CROSS JOIN LATERAL (SELECT {made} AS made) m
        WHERE e.sha256 IS DISTINCT FROM m.made ORDER BY e.id
        """,
    )


_AUDIT_ENTRY = hash_of(
    "e.id",
    microseconds("e.at"),
    free("e.app"),
    free("e.event"),
    free("e.description"),
    free("e.actor"),
    "coalesce(e.actor_user_id::text, '')",
    "coalesce(e.organisation_uuid::text, '')",
    # Entries from before have no kind, and nothing for machines.
    f"""{free("e.organisation_name")} || CASE WHEN e.kind = '' THEN '' ELSE '|' || e.kind || '|' || e.schema || '|'
        || e.subject_kind || '|' || coalesce(e.subject_uuid::text, '') || '|' || {free("e.data::text")} END""",
)

# The audit stands below this, and can't declare it.
AUDIT_HASH = check("audit_hash", "format('audit entry %%s', e.id)", table="audit_auditentry", made=_AUDIT_ENTRY)
