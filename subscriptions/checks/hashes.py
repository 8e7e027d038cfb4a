"""Terminations and audit entries have the SHA-256 of what they say. Source: docs/ledger.md.

A column that the database makes follows every edit; one that was taken from it would keep an old hash, and is found
here. That an edit was made at all, only a seal can show.
"""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check


def _free(column: str) -> str:
    return f"octet_length({column}) || ':' || {column}"


def _microseconds(column: str) -> str:
    # As a number, not as text: what was broken by hand may be later than any date.
    return f"CASE WHEN isfinite({column}) THEN trunc(extract(epoch FROM {column}) * 1000000)::text ELSE '' END"


def _hash_of(*fields: str) -> str:
    return "sha256(convert_to(" + " || '|' || ".join(f"({field})" for field in fields) + ", 'UTF8'))"


AUDIT = _hash_of(
    "e.id",
    _microseconds("e.at"),
    _free("e.app"),
    _free("e.event"),
    _free("e.description"),
    _free("e.actor"),
    "coalesce(e.actor_user_id::text, '')",
    "coalesce(e.organisation_uuid::text, '')",
    _free("e.organisation_name"),
)


def _day(column: str) -> str:
    return f"CASE WHEN isfinite({column}) THEN ({column} - DATE '1970-01-01')::text ELSE '' END"


def _given(value: str) -> str:
    return f"coalesce({value}::text, '')"


TERMINATION = _hash_of(
    "e.uuid",
    "e.subscription_id",
    "e.organisation_id",
    "e.currency",
    'e."case"',
    _microseconds("e.terminated_at"),
    _day("e.terminated_on"),
    "e.actor_kind",
    _free("e.actor"),
    _given("e.actor_user_id"),
    _given("e.reason_id"),
    _free("e.explanation"),
    _free("e.requested_by"),
    _day("e.requested_on"),
    "e.channel",
    _free("e.ticket"),
    _given("e.config_version_id"),
    "e.choice",
    "e.settlement",
    _given("e.credit_note_id"),
    _given("e.entry_id"),
    _given("e.credited"),
    "e.waived",
    _free("e.nothing_reason"),
    _free("e.acknowledgements::text"),
    _given("e.quote_id"),
    _given("e.clean_up_run_id"),
    _given("e.quote"),
)


def _check(kind: str, place: str, *, table: str, made: str) -> Check:
    return Check(
        kind,
        "its hash is {kept}, what it says makes {made}",
        f"""
        SELECT {place} AS place, coalesce(encode(e.sha256, 'hex'), 'none') AS kept, encode(m.made, 'hex') AS made
        FROM {table} e CROSS JOIN LATERAL (SELECT {made} AS made) m
        WHERE e.sha256 IS DISTINCT FROM m.made ORDER BY e.id
        """,
    )


registry.declare(
    __name__,
    1000,
    _check(
        "termination_hash", "format('termination %%s', e.uuid)", table="subscriptions_termination", made=TERMINATION
    ),
    _check("audit_hash", "format('audit entry %%s', e.id)", table="audit_auditentry", made=AUDIT),
)
