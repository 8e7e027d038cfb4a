"""What a night leaves behind, as facts that two runs of it can be compared by: without ids, instants and numbers.

A fact is a row of a statement below. Organisations, subscriptions and requests keep their UUIDs from one copy of a
database to the next; any other UUID, and the number of a document, is made anew by each run and is masked in words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

Facts = Mapping[str, Counter[tuple[str, ...]]]

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The first signs of one, as an identity line has them, stand for a subscription that both runs have: they stay.
_NUMBER = re.compile(r"\b[A-Z]{2,}-\d{4,}\b")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[^\"' ,}]*")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")

KNOWN = """
    SELECT uuid::text FROM customers_organisation UNION ALL SELECT uuid::text FROM subscriptions_subscription
    UNION ALL SELECT uuid::text FROM subscriptions_terminationrequest
"""

# A charge by what it is about: `l` is its line.
_ABOUT = """
    LEFT JOIN subscriptions_cyclecharge g ON g.line_id = l.id
    LEFT JOIN subscriptions_cycle c ON c.id = g.cycle_id
    LEFT JOIN subscriptions_subscription s ON s.id = c.subscription_id
"""
_CHARGE = "concat_ws(' ', s.uuid, g.first_day, g.day_after, l.kind, l.net, l.tax)"

STATEMENTS = {
    "subscription": """
        SELECT s.uuid, o.uuid, s.status, s.started_on, s.expires_on, s.auto_renew, s.is_trial,
               s.termination_ref IS NOT NULL
        FROM subscriptions_subscription s JOIN customers_organisation o ON o.id = s.organisation_id
    """,
    "cycle": """
        SELECT s.uuid, c.first_day, c.day_after, c.months
        FROM subscriptions_cycle c JOIN subscriptions_subscription s ON s.id = c.subscription_id
    """,
    "charge": f"""
        SELECT {_CHARGE}, l.description, l.paid, l.noted, l.waived, l.refunded, l.put_in, i.kind, i.status,
               i.issued_on, o.uuid, g.is_external_invoice, g.is_addition, n.number, a.name, p.sku
        FROM invoicing_chargeline l JOIN invoicing_invoice i ON i.id = l.invoice_id
        JOIN customers_organisation o ON o.id = i.organisation_id {_ABOUT}
        LEFT JOIN subscriptions_phonenumber n ON n.id = g.number_id
        LEFT JOIN subscriptions_addon a ON a.id = g.add_on_id
        LEFT JOIN subscriptions_plan p ON p.id = g.plan_id
    """,
    # Which charges share a document.
    "document": f"""
        SELECT o.uuid, i.kind, i.status, i.issued_on, i.charged, i.paid, i.waived, i.series_id IS NULL,
               (SELECT string_agg({_CHARGE}, '; ' ORDER BY {_CHARGE})
                FROM invoicing_chargeline l {_ABOUT} WHERE l.invoice_id = i.id)
        FROM invoicing_invoice i JOIN customers_organisation o ON o.id = i.organisation_id
    """,  # noqa: S608 - built from constants
    "payment": f"""
        SELECT o.uuid, p.method, p.amount, p.received_on, p.reference, p.actor, p.surplus, p.surplus_taken_back,
               (SELECT string_agg(concat_ws(' ', {_CHARGE}, x.amount, x.taken_back), '; ' ORDER BY {_CHARGE})
                FROM invoicing_paymentline x JOIN invoicing_chargeline l ON l.id = x.line_id {_ABOUT}
                WHERE x.payment_id = p.id)
        FROM invoicing_payment p JOIN invoicing_invoice i ON i.id = p.invoice_id
        JOIN customers_organisation o ON o.id = i.organisation_id
    """,
    "refund": f"""
        SELECT {_CHARGE}, r.net, r.tax, t.case FROM invoicing_chargerefund r
        JOIN invoicing_chargeline l ON l.id = r.line_id {_ABOUT}
        LEFT JOIN subscriptions_termination t ON t.uuid = r.cause_id
    """,
    "waiver": f"""
        SELECT {_CHARGE}, w.amount, t.case FROM invoicing_chargewaiver w
        JOIN invoicing_chargeline l ON l.id = w.line_id {_ABOUT}
        LEFT JOIN subscriptions_termination t ON t.uuid = w.cause_id
    """,
    "credit note": """
        SELECT n.number, n.status, n.net, n.tax, n.allocated, n.holds, n.issued_on FROM invoicing_creditnote n
    """,
    "allocation": f"""
        SELECT n.number, {_CHARGE}, a.amount, a.taken_back FROM invoicing_creditnoteallocation a
        JOIN invoicing_creditnote n ON n.id = a.credit_note_id
        JOIN invoicing_chargeline l ON l.id = a.line_id {_ABOUT}
    """,
    "held note": """
        SELECT n.number, h.kind, s.uuid FROM invoicing_creditnotehold h
        JOIN invoicing_creditnote n ON n.id = h.credit_note_id
        LEFT JOIN subscriptions_termination t ON t.uuid = h.cause_id
        LEFT JOIN subscriptions_subscription s ON s.id = t.subscription_id
    """,
    "entry": """
        SELECT o.uuid, e.seq, e.kind, e.before, e.amount, e.after, e.is_unbilled, e.on, e.description, e.actor,
               e.cause_id IS NULL
        FROM customers_ledgerentry e JOIN customers_creditaccount k ON k.id = e.account_id
        JOIN customers_organisation o ON o.id = k.organisation_id
    """,
    "account": """
        SELECT o.uuid, k.balance, k.credit_limit, k.reserved, k.last_seq
        FROM customers_creditaccount k JOIN customers_organisation o ON o.id = k.organisation_id
    """,
    "termination": """
        SELECT s.uuid, t.case, t.terminated_on, t.actor_kind, t.actor, t.explanation, t.requested_by,
               t.requested_on, t.channel, t.ticket, t.choice, t.settlement, t.credited, t.waived,
               t.nothing_reason, t.quote, t.acknowledgements, t.request_id IS NULL,
               t.clean_up_run_id IS NULL, r.code
        FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
        LEFT JOIN settings_app_terminationreason r ON r.id = t.reason_id
    """,
    "request": """
        SELECT r.uuid, r.ends_on, r.state, r.needs_person_since IS NULL, r.refusal_code, r.refusal_values,
               r.refusal_sentence, r.closed_by, r.termination_id IS NULL
        FROM subscriptions_terminationrequest r
    """,
    "refused renewal": """
        SELECT s.uuid, r.first_day, r.tried_on, r.code, r.data, n.kind, n.on
        FROM subscriptions_renewalrefusal r JOIN subscriptions_subscription s ON s.id = r.subscription_id
        LEFT JOIN outbox_notice n ON n.uuid = r.notice_id
    """,
    "number": """
        SELECT n.number, n.status, n.reserved_through, n.is_ported_in, s.uuid FROM subscriptions_phonenumber n
        LEFT JOIN subscriptions_subscription s ON s.id = n.subscription_id
    """,
    "assignment": """
        SELECT s.uuid, m.email, a.assigned_on, a.ended_on FROM subscriptions_assignment a
        JOIN subscriptions_subscription s ON s.id = a.subscription_id JOIN customers_member m ON m.id = a.member_id
    """,
    "contract item": """
        SELECT x.reference, s.uuid, i.freed_on FROM subscriptions_contractitem i
        JOIN subscriptions_contract x ON x.id = i.contract_id
        JOIN subscriptions_subscription s ON s.id = i.subscription_id
    """,
    "delivery": """
        SELECT d.kind, d.status, d.addressee, d.channel, d."to", d.cc, d.subject, d.body, d.organisation_uuid,
               e.kind
        FROM outbox_delivery d LEFT JOIN audit_auditentry e ON e.id = d.event_id
    """,
    "notice": """
        SELECT n.organisation_uuid, n.kind, n.on,
               (SELECT string_agg(concat_ws(' ', i.kind, i.subject_uuid, i.about, i.on), '; '
                                  ORDER BY i.kind, i.subject_uuid, i.about, i.on)
                FROM outbox_noticeitem i WHERE i.notice_id = n.id)
        FROM outbox_notice n
    """,
    # A night that was killed has more runs, and each tells of itself.
    "event": """
        SELECT e.app, e.event, e.kind, e.schema, e.description, e.actor, e.organisation_uuid, e.organisation_name,
               e.subject_kind, e.subject_uuid, e.data
        FROM audit_auditentry e WHERE e.subject_kind <> 'run'
    """,
    # A sequence without gaps, as far as it goes.
    "series": """
        SELECT n.document, n.last_number, count(i.id), max(i.sequence_number) - min(i.sequence_number) + 1
        FROM invoicing_numberseries n LEFT JOIN invoicing_invoice i ON i.series_id = n.id GROUP BY n.id
    """,
    # What is written after the seal, the next night numbers.
    "left undone": """
        SELECT (SELECT count(*) FROM audit_unnumbered u JOIN audit_auditentry e ON e.id = u.event_id
                WHERE e.subject_kind <> 'run' AND e.kind NOT LIKE 'reminder.%'),
               (SELECT count(*) FROM audit_openmark),
               (SELECT max(position) FROM audit_position) - (SELECT max(last_position) FROM audit_seal)
    """,
    "key": "SELECT operation, actor, count(*) FROM frame_idempotencykey GROUP BY 1, 2",
}  # fmt: skip


def of(asked: psycopg.Connection[Any]) -> Facts:
    """Read the facts of a database."""
    known = {uuid for (uuid,) in asked.execute(KNOWN)}
    return {
        name: Counter(tuple(masked(str(value), known=known) for value in row) for row in asked.execute(statement))
        for name, statement in STATEMENTS.items()
    }


def masked(words: str, *, known: set[str]) -> str:
    """Leave out of words what each run makes anew."""
    words = _UUID.sub(lambda found: found[0] if found[0] in known else "UUID", words)
    return _HASH.sub("HASH", _INSTANT.sub("INSTANT", _NUMBER.sub("NUMBER", words)))


def differences(ours: Facts, others: Facts) -> Iterator[str]:
    """Go through what one run left and another did not, in words; the second one is the one that ran through."""
    for name in STATEMENTS:
        for left, says in ((ours[name] - others[name], "too much"), (others[name] - ours[name], "missing")):
            for row, count in sorted(left.items()):
                yield f"{name}, {says}{f' {count} times' if count > 1 else ''}: {' | '.join(row)[:400]}"


def counted(facts: Facts) -> int:
    """Count the facts."""
    return sum(sum(rows.values()) for rows in facts.values())
