"""Terminations have the SHA-256 of what they say. Source: docs/ledger.md."""

from __future__ import annotations

from portal.verification import hashes, registry

TERMINATION = hashes.hash_of(
    "e.uuid",
    "e.subscription_id",
    "e.organisation_id",
    "e.currency",
    'e."case"',
    hashes.microseconds("e.terminated_at"),
    hashes.day("e.terminated_on"),
    "e.actor_kind",
    hashes.free("e.actor"),
    hashes.given("e.actor_user_id"),
    hashes.given("e.reason_id"),
    hashes.free("e.explanation"),
    hashes.free("e.requested_by"),
    hashes.day("e.requested_on"),
    "e.channel",
    hashes.free("e.ticket"),
    hashes.given("e.config_version_id"),
    "e.choice",
    "e.settlement",
    hashes.given("e.credit_note_id"),
    hashes.given("e.entry_id"),
    hashes.given("e.credited"),
    "e.waived",
    hashes.free("e.nothing_reason"),
    hashes.free("e.acknowledgements::text"),
    hashes.given("e.quote_id"),
    hashes.given("e.clean_up_run_id"),
    hashes.given("e.quote"),
)

registry.declare(
    __name__,
    1000,
    hashes.check(
        "termination_hash", "format('termination %%s', e.uuid)", table="subscriptions_termination", made=TERMINATION
    ),
)
