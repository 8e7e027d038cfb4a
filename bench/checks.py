"""What must hold after every round, whatever was killed in it: SQL over the whole database, and the answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg

from bench.diary import NOTHING_CHANGED, Answer, Sent

Connection = psycopg.Connection[Any]

# Each statement gives what is wrong, in words. A termination is whole or not there at all.
HALVES = {
    "half termination: subscription, termination and what belongs to them": """
        SELECT format('subscription %s: status %s, termination %s, renews %s, %s numbers in use, '
                      '%s assignments open, %s contract items', s.uuid, s.status, t.uuid, s.auto_renew, n.count,
                      a.count, i.count)
        FROM subscriptions_subscription s
        LEFT JOIN subscriptions_termination t ON t.subscription_id = s.id
        CROSS JOIN LATERAL (SELECT count(*) FROM subscriptions_phonenumber n
                            WHERE n.subscription_id = s.id AND n.status = 'in_use') n
        CROSS JOIN LATERAL (SELECT count(*) FROM subscriptions_assignment a
                            WHERE a.subscription_id = s.id AND a.ended_on IS NULL) a
        CROSS JOIN LATERAL (SELECT count(*) FROM subscriptions_contractitem i
                            WHERE i.subscription_id = s.id AND i.freed_on IS NULL) i
        WHERE (s.status = 'terminated') <> (t.id IS NOT NULL)
           OR (t.id IS NOT NULL AND (s.termination_ref IS DISTINCT FROM t.id OR s.auto_renew
                                     OR n.count + a.count + i.count > 0))
    """,
    "a termination has one line of history": """
        SELECT format('termination %s has %s', t.uuid, count(h.id)) FROM subscriptions_termination t
        JOIN subscriptions_subscription s ON s.id = t.subscription_id
        LEFT JOIN audit_auditentry h ON h.subject_uuid = s.uuid AND h.kind = 'subscription.terminated'
        WHERE t.actor_kind <> 'import' GROUP BY t.uuid HAVING count(h.id) <> 1
    """,
    "a termination has one message in the outbox, where somebody is to be told": """
        SELECT format('termination %s has %s', t.uuid, count(m.id)) FROM subscriptions_termination t
        JOIN settings_app_portalconfigversion v ON v.id = t.config_version_id
        LEFT JOIN outbox_delivery m ON m.cause_id = t.uuid AND m.kind = 'subscription_terminated'
        WHERE t.actor_kind <> 'import' GROUP BY t.uuid, v.id
        HAVING count(m.id) <> (v.notify_customers OR (v.notify_partner AND v.notification_address <> ''))::int
    """,
    "a message in the outbox has a termination": """
        SELECT format('message %s', m.message_id) FROM outbox_delivery m
        LEFT JOIN subscriptions_termination t ON t.uuid = m.cause_id
        WHERE m.kind = 'subscription_terminated' AND t.id IS NULL
    """,
    "a termination has one audit entry, and the other way round": """
        SELECT format('subscription %s has %s entries and %s terminations', coalesce(s.uuid::text, e.uuid),
                      coalesce(e.count, 0), count(t.id))
        FROM (SELECT substring(description FROM 14 FOR 36) AS uuid, count(*) FROM audit_auditentry
              WHERE event = 'Subscription terminated' GROUP BY 1) e
        FULL JOIN (SELECT t.id, s.uuid FROM subscriptions_termination t
                   JOIN subscriptions_subscription s ON s.id = t.subscription_id WHERE t.actor_kind <> 'import') t
            ON t.uuid::text = e.uuid
        LEFT JOIN subscriptions_subscription s ON s.uuid = t.uuid
        GROUP BY s.uuid, e.uuid, e.count HAVING count(t.id) <> 1 OR coalesce(e.count, 0) <> 1
    """,
    "a credited termination has one entry, any other none": """
        SELECT format('termination %s (%s) has %s entries', t.uuid, t.settlement, count(e.id))
        FROM subscriptions_termination t
        LEFT JOIN customers_ledgerentry e ON e.cause_id = t.uuid AND e.kind = 'refund'
        GROUP BY t.id HAVING count(e.id) <> (t.settlement = 'credited')::int
    """,
    "what is waived for a termination is what it says": """
        SELECT format('termination %s says %s, waived are %s', t.uuid, t.waived, coalesce(w.amount, 0))
        FROM subscriptions_termination t
        LEFT JOIN (SELECT cause_id, sum(amount) AS amount FROM invoicing_chargewaiver GROUP BY 1) w
            ON w.cause_id = t.uuid
        WHERE t.waived <> coalesce(w.amount, 0)
    """,
    "each thing is charged once in a cycle that was renewed here": """
        SELECT format('subscription %s, from %s: %s %s times', e.subject_uuid, c.first_day, l.kind, count(*))
        FROM audit_auditentry e JOIN subscriptions_subscription s ON s.uuid = e.subject_uuid
        JOIN subscriptions_cycle c ON c.subscription_id = s.id AND c.first_day = (e.data ->> 'first_day')::date
        JOIN subscriptions_cyclecharge g ON g.cycle_id = c.id JOIN invoicing_chargeline l ON l.id = g.line_id
        WHERE e.kind = 'subscription.renewed'
        GROUP BY e.subject_uuid, c.first_day, l.kind, g.add_on_id, g.number_id HAVING count(*) > 1
    """,
    "a renewal is a cycle, and a document that one entry and one payment pay": """
        SELECT format('subscription %s, from %s: %s cycles, %s entries of %s, %s payments of %s', e.subject_uuid,
                      e.data ->> 'first_day', c.count, l.count, l.amount, p.count, i.charged)
        FROM audit_auditentry e
        LEFT JOIN invoicing_invoice i ON i.number = e.data ->> 'invoice'
        CROSS JOIN LATERAL (
            SELECT count(*) FROM subscriptions_cycle c JOIN subscriptions_subscription s ON s.id = c.subscription_id
            WHERE s.uuid = e.subject_uuid AND c.first_day = (e.data ->> 'first_day')::date) c
        CROSS JOIN LATERAL (
            SELECT count(*), sum(amount) AS amount FROM customers_ledgerentry
            WHERE kind = 'charge' AND cause_id = i.uuid AND amount < 0) l
        CROSS JOIN LATERAL (
            SELECT count(*) FROM invoicing_payment
            WHERE invoice_id = i.id AND method = 'credits' AND amount = i.charged) p
        WHERE e.kind = 'subscription.renewed'
          AND (c.count <> 1 OR i.id IS NOT NULL AND (l.count, l.amount, p.count) <> (1, -i.charged, 1))
    """,
    "what has ended is not renewed": """
        SELECT format('subscription %s ended %s and was renewed from %s at %s', s.uuid, t.terminated_at,
                      e.data ->> 'first_day', e.at)
        FROM audit_auditentry e JOIN subscriptions_subscription s ON s.uuid = e.subject_uuid
        JOIN subscriptions_termination t ON t.subscription_id = s.id
        JOIN subscriptions_cycle c ON c.subscription_id = s.id AND c.first_day = (e.data ->> 'first_day')::date
        WHERE e.kind = 'subscription.renewed' AND t.case = 'customer_request' AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(t.quote -> 'lines') line
            WHERE line ->> 'starts_on' = c.first_day::text)
    """,
    "a request is closed by what it says": """
        SELECT format('request %s is %s, and its subscription has termination %s', r.uuid, r.state, t.uuid)
        FROM subscriptions_terminationrequest r
        LEFT JOIN subscriptions_termination t ON t.subscription_id = r.subscription_id
        WHERE (r.state = 'open' AND t.id IS NOT NULL)
           OR (r.state = 'carried_out') <> (t.request_id IS NOT DISTINCT FROM r.id AND t.id IS NOT NULL)
           OR (r.state = 'carried_out' AND t.terminated_on <> r.ends_on)
    """,
    "a notice has one message and one event": """
        SELECT format('notice %s (%s) has %s messages and %s events', n.uuid, n.kind, m.count, e.count)
        FROM outbox_notice n
        CROSS JOIN LATERAL (SELECT count(*) FROM outbox_delivery m WHERE m.cause_id = n.uuid) m
        CROSS JOIN LATERAL (SELECT count(*) FROM audit_auditentry e WHERE e.data ->> 'notice' = n.uuid::text) e
        WHERE (m.count, e.count) <> (1, 1) OR NOT EXISTS (SELECT FROM outbox_noticeitem i WHERE i.notice_id = n.id)
    """,
    "nothing is written outside an operation": """
        SELECT description FROM audit_auditentry WHERE event = 'Changed outside an operation'
    """,
}


def halves(asked: Connection) -> Iterator[str]:
    """Go through everything in the database that is half, double, or without its counterpart."""
    for name, sql in HALVES.items():
        for (words,) in asked.execute(sql):
            yield f"{name}: {words}"


class Ledger:
    """Looks at the ledger after each round, and keeps its heads: an entry that was there stays there."""

    def __init__(self) -> None:
        self._kept: tuple[Any, ...] = ()

    def faults(self) -> Iterator[str]:
        """Go through the faults that `verify_ledger` names."""
        from django.db import connections
        from django.utils import timezone

        from portal import verification

        connections.close_all()  # it may be one from before a restart
        seen: list[Any] = []
        try:
            found = verification.faults(
                at=timezone.now(),
                kept=self._kept,
                on_head=seen.append,
            )
            for fault in found:
                yield f"verify_ledger: {fault.kind} {fault.where}: {fault.detail}"
        finally:
            connections.close_all()
        self._kept = tuple(seen)


# ---- What was answered is what is there --------------------------------------------------------------------

Row = tuple[str, str, str | None, str | None]

# By the kind of form: the rows that carry its key, as (address of the record, what it is about, who, amount).
FOUND = {
    "termination": """
        SELECT format('/terminations/%%s/', t.uuid), s.uuid::text, t.actor, NULL
        FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
        WHERE t.explanation = %s
    """,
    "payment": """
        SELECT format('/invoices/%%s/', i.uuid), i.uuid::text, p.actor, trim_scale(p.amount)::text
        FROM invoicing_payment p JOIN invoicing_invoice i ON i.id = p.invoice_id WHERE p.request_id = %s
    """,
    "note": """
        SELECT format('/credit-notes/%%s/', n.uuid), i.uuid::text, NULL, trim_scale(n.net + n.tax)::text
        FROM invoicing_creditnote n JOIN invoicing_invoice i ON i.id = n.invoice_id WHERE n.request_id = %s
    """,
    "sending": """
        SELECT format('/credit-notes/%%s/', n.uuid), n.uuid::text, NULL, NULL
        FROM frame_idempotencykey k JOIN invoicing_creditnote n ON n.uuid = k.outcome
        WHERE k.key = %s AND k.operation = 'mark_credit_note_as_sent'
          AND n.status IN ('sent', 'partly_applied', 'applied')
    """,
    "allocation": """
        SELECT format('/credit-notes/%%s/', n.uuid), n.uuid::text, min(a.actor), trim_scale(sum(a.amount))::text
        FROM invoicing_creditnoteallocation a JOIN invoicing_creditnote n ON n.id = a.credit_note_id
        WHERE a.request_id = %s GROUP BY n.uuid
    """,
    "put-in": """
        SELECT format('/credit-notes/%%s/', n.uuid), n.uuid::text, min(u.actor), NULL
        FROM (SELECT credit_note_id, request_id, actor FROM invoicing_creditnoteputin
              UNION ALL SELECT credit_note_id, request_id, actor FROM invoicing_creditnoteallocation) u
        JOIN invoicing_creditnote n ON n.id = u.credit_note_id WHERE u.request_id = %s GROUP BY n.uuid
    """,
    "take-back of a payment": """
        SELECT format('/invoices/%%s/', i.uuid), p.uuid::text, t.actor, trim_scale(t.amount)::text
        FROM invoicing_takeback t JOIN invoicing_payment p ON p.id = t.payment_id
        JOIN invoicing_invoice i ON i.id = p.invoice_id WHERE t.request_id = %s
    """,
    "take-back of a note": """
        SELECT format('/credit-notes/%%s/', n.uuid), n.uuid::text, t.actor, trim_scale(t.amount)::text
        FROM invoicing_takeback t JOIN invoicing_creditnote n ON n.id = t.credit_note_id WHERE t.request_id = %s
    """,
    "top-up": """
        SELECT format('/customers/%%s/payment/', o.uuid), o.uuid::text, t.actor, trim_scale(e.amount)::text
        FROM customers_topup t JOIN customers_ledgerentry e ON e.id = t.entry_id
        JOIN customers_organisation o ON o.id = t.organisation_id WHERE e.request_id = %s
    """,
    "correction": """
        SELECT format('/terminations/%%s/', e.cause_id), e.cause_id::text, e.actor, trim_scale(abs(e.amount))::text
        FROM customers_ledgerentry e WHERE e.kind = 'correction' AND e.request_id = %s
    """,
    "contacts": """
        SELECT format('/customers/%%s/', o.uuid), o.uuid::text, NULL, NULL FROM customers_organisation o
        JOIN customers_searchkey k ON k.organisation_id = o.id AND k.kind = 'reference'
                                  AND k.text = lower(o.customer_reference)
        WHERE o.customer_reference = %s
    """,
}
# What is found by a text that was written, not by the number of the form.
BY_TEXT = ("termination", "contacts")


def found(asked: Connection, sent: Sent) -> list[Row]:
    """Find what a form has written."""
    key: object = sent.key if sent.kind in BY_TEXT else uuid.UUID(sent.key)
    return asked.execute(FOUND[sent.kind], [key]).fetchall()


def answered(asked: Connection, sent: Sent) -> Iterator[str]:
    """Compare one answer with what is there; a form without an answer is sent again, as it was."""
    if sent.outcome not in ("done", "refused", "lost"):
        yield f"{sent.action} {sent.outcome}: {sent.said[:300]}"
        return
    rows = found(asked, sent)
    if "use_now" in sent.data:
        for number, unused in asked.execute(_UNUSED, [sent.key]):
            yield f"{sent.action}: {number} was to be used at once, {unused} of it is unused and nothing was used"
    if sent.outcome == "lost":
        if rows and NOTHING_CHANGED in sent.said:
            yield f"{sent.action}: answered that {NOTHING_CHANGED}, but it was: {rows}"
        yield from repeated(asked, sent, before=rows)
    else:
        yield from _fits(sent, rows, outcome=sent.outcome, location=sent.location)


def repeated(asked: Connection, sent: Sent, *, before: list[Row]) -> Iterator[str]:
    """Send a form again: what it had done is answered as the first time, and nothing is done twice."""
    answer = sent.browser.post(sent.action, sent.data)
    outcome, location, said = sent.read(answer)
    if outcome not in ("done", "refused"):
        yield f"{sent.action} sent again: {outcome}: {said[:300]}"
        return
    rows = found(asked, sent)
    if before and outcome == "refused":
        yield f"{sent.action} sent again: done before ({before[0][0]}), but refused now: {said[:300]}"
    elif (
        outcome == "refused"
        and sent.kind == "termination"
        and "already terminated" in said
        and not asked.execute(_IS_TERMINATED, [uuid.UUID(sent.about)]).fetchone()
    ):
        yield f"{sent.action} sent again: refused as terminated, which it is not: {said[:300]}"
    if before and rows != before:
        yield f"{sent.action} sent again: there was {before}, now there is {rows}"
    if outcome == "done" or not before:
        yield from _fits(sent, rows, outcome=outcome, location=location)
    if outcome == "done" and sent.kind == "termination":
        yield from _told(sent, sent.browser.get(location))


# A note that gives something back finds something that it pays, or that was paid.
_UNUSED = """
    SELECT n.number, n.total - n.allocated FROM subscriptions_termination t
    JOIN invoicing_creditnote n ON n.id = t.credit_note_id
    WHERE t.explanation = %s AND n.total > n.allocated
      AND NOT EXISTS (SELECT FROM invoicing_creditnoteallocation a WHERE a.request_id = t.quote_id)
      AND NOT EXISTS (SELECT FROM invoicing_creditnoteputin p WHERE p.request_id = t.quote_id)
"""
_IS_TERMINATED = """
    SELECT 1 FROM subscriptions_subscription s JOIN subscriptions_termination t ON t.subscription_id = s.id
    WHERE s.uuid = %s
"""


def _fits(sent: Sent, rows: list[Row], *, outcome: str, location: str) -> Iterator[str]:
    if outcome == "refused":
        if rows:
            yield f"{sent.action}: answered as refused, but it is there: {rows}"
        return
    if len(rows) != 1:
        yield f"{sent.action}: answered as done, but it is there {len(rows)} times ({sent.kind} {sent.key})"
        return
    address, about, actor, amount = rows[0]
    if address != location or about != sent.about:
        yield f"{sent.action}: answered with {location}, but it is {address} of {about}"
    if actor not in (None, sent.browser.username):
        yield f"{sent.action}: sent by {sent.browser.username}, but it says {actor}"
    if sent.amount and amount is not None and Decimal(sent.amount.replace(",", "")) != Decimal(amount):
        yield f"{sent.action}: {sent.amount} was sent, {amount} is there"


def _told(sent: Sent, page: Answer | None) -> Iterator[str]:
    sentence = f"Subscription {sent.about} terminated."
    if page is None or page.status != 200:
        yield f"{sent.action}: the record does not open: {page and page.status}"
    elif sentence not in page.words:
        yield f"{sent.action}: the portal does not say “{sentence}”: {page.words[:300]}"
