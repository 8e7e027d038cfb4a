"""What the documents, the terminations and the subscriptions say, each check one statement of the database.

One statement sees one state of the database, and nothing is held in memory but the faults that are being told.

*Shape*: a check's SQL gives the rows that are wrong, `place` first; `says` is filled in with its columns.
"""

# ruff: noqa: S608 - the statements are put together from the constants of this file alone

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from subscriptions.verification.shapes import Fault, plain

_FETCHED_AT_ONCE = 500


@dataclass(frozen=True)
class Check:
    """Hold one check. `sql` may use %(latest_today)s, the date where it is latest."""

    kind: str
    says: str
    sql: str


_ENTRY = "format('organisation %%s, entry %%s', o.uuid, e.seq)"
_ENTRIES = """
    customers_ledgerentry e
    JOIN customers_creditaccount a ON a.id = e.account_id
    JOIN customers_organisation o ON o.id = a.organisation_id
"""
_TERMINATION = "format('termination %%s', t.uuid)"
_LINE = "format('invoice %%s, line %%s', i.number, l.id)"
_LINES = "invoicing_chargeline l JOIN invoicing_invoice i ON i.id = l.invoice_id"
_SUBSCRIPTION = "format('subscription %%s', s.uuid)"
_COUNTED_NOTE = "n.status IN ('sent', 'partly_applied', 'applied')"


def _amount(name: str) -> str:
    """Read an amount of the stored quote; what is no amount is NULL, not an error that ends the run."""
    return f"substring(t.quote->>'{name}' from '^-?[0-9]+(?:[.][0-9]+)?$')::numeric"


def _line_sum(kind: str, column: str, *, what: str, rows: str) -> Check:
    """Compare a sum that a charge carries with the rows it sums (`rows` gives line_id and amount)."""
    return Check(
        kind=kind,
        says=f"the charge says {{kept}} {what}, its rows sum to {{summed}}",
        sql=f"""
            SELECT {_LINE} AS place, l.{column} AS kept, coalesce(r.amount, 0) AS summed
            FROM {_LINES}
            LEFT JOIN (SELECT line_id, sum(amount) AS amount FROM ({rows}) b GROUP BY line_id) r ON r.line_id = l.id
            WHERE l.{column} <> coalesce(r.amount, 0)
            ORDER BY l.id
        """,
    )


def _series(document: str, table: str) -> tuple[Check, ...]:
    """Check the places of a series. A place is passed over where an imported document carries its number."""
    return (
        Check(
            kind="series_gap",
            says="the series was drawn up to {last}, but no document has this number",
            sql=f"""
                SELECT {{number}} AS place, r.last_number AS last
                FROM invoicing_numberseries r
                CROSS JOIN LATERAL generate_series(r.first_number, r.last_number) AS g(place)
                LEFT JOIN {table} d ON d.series_id = r.id AND d.sequence_number = g.place
                LEFT JOIN {table} other ON other.number = {{number}}
                WHERE r.document = '{document}' AND d.id IS NULL AND other.id IS NULL
                ORDER BY g.place
            """.format(number="(r.prefix || lpad(g.place::text, greatest(r.length, length(g.place::text)), '0'))"),
        ),
        Check(
            kind="series_number",
            says="its place {sequence_number} in the series (drawn up to {last}) is printed {printed}",
            sql=f"""
                SELECT d.number AS place, d.sequence_number, r.last_number AS last, p.printed
                FROM {table} d JOIN invoicing_numberseries r ON r.id = d.series_id
                CROSS JOIN LATERAL (
                    SELECT r.prefix || lpad(d.sequence_number::text,
                                            greatest(r.length, length(d.sequence_number::text)), '0') AS printed
                ) p
                WHERE d.number <> p.printed OR r.document <> '{document}'
                   OR d.sequence_number NOT BETWEEN r.first_number AND r.last_number
                ORDER BY d.id
            """,
        ),
    )


ACCOUNTS: tuple[Check, ...] = (
    Check(
        "account_missing",
        "it has no credit account",
        """
        SELECT format('organisation %%s', o.uuid) AS place FROM customers_organisation o
        LEFT JOIN customers_creditaccount a ON a.organisation_id = o.id
        WHERE a.id IS NULL ORDER BY o.id
        """,
    ),
    Check(
        "entry_without_account",
        "it belongs to no account of an organisation",
        """
        SELECT format('account %%s, entry %%s', e.account_id, e.seq) AS place
        FROM customers_ledgerentry e
        LEFT JOIN (customers_creditaccount a JOIN customers_organisation o ON o.id = a.organisation_id)
            ON a.id = e.account_id
        WHERE a.id IS NULL ORDER BY e.account_id, e.seq
        """,
    ),
)

REFUNDS: tuple[Check, ...] = (
    Check(
        "refund_without_termination",
        "the refund of {amount} belongs to no termination",
        f"""
        SELECT {_ENTRY} AS place, e.amount FROM {_ENTRIES}
        LEFT JOIN subscriptions_termination t ON t.uuid = e.cause_id
        WHERE e.kind = 'refund' AND t.id IS NULL ORDER BY e.account_id, e.seq
        """,
    ),
    Check(
        "refund_twice",
        "{entries} entries refund it",
        f"""
        SELECT {_TERMINATION} AS place, count(*) AS entries
        FROM subscriptions_termination t JOIN customers_ledgerentry e ON e.cause_id = t.uuid
        WHERE e.kind = 'refund' GROUP BY t.id, t.uuid HAVING count(*) > 1 ORDER BY t.id
        """,
    ),
    Check(
        "refund_entry",
        "the termination credited {credited}, its entry moves {moved}",
        # An entry that refunds it, but that it does not know, and an entry it names that is no refund of it.
        f"""
        SELECT {_TERMINATION} AS place, coalesce(t.credited, 0) AS credited, coalesce(e.amount, 0) AS moved
        FROM subscriptions_termination t
        LEFT JOIN customers_ledgerentry e ON e.cause_id = t.uuid AND e.kind = 'refund'
        WHERE t.credited IS DISTINCT FROM e.amount
           OR (t.entry_id IS DISTINCT FROM e.id AND NOT EXISTS (
                SELECT 1 FROM customers_ledgerentry x
                WHERE x.id = t.entry_id AND x.cause_id = t.uuid AND x.kind = 'refund'))
        ORDER BY t.id
        """,
    ),
    Check(
        "refund_organisation",
        "the termination is of organisation {ended}, its refund went to {credited}",
        f"""
        SELECT {_TERMINATION} AS place, o.uuid AS ended, p.uuid AS credited
        FROM subscriptions_termination t
        JOIN customers_ledgerentry e ON e.cause_id = t.uuid AND e.kind = 'refund'
        JOIN customers_creditaccount a ON a.id = e.account_id
        JOIN customers_organisation o ON o.id = t.organisation_id
        JOIN customers_organisation p ON p.id = a.organisation_id
        WHERE o.id <> p.id ORDER BY t.id
        """,
    ),
    Check(
        "settlement",
        "its settlement is {settlement}, which does not fit the note and the entry it has",
        f"""
        SELECT {_TERMINATION} AS place, t.settlement FROM subscriptions_termination t
        WHERE (t.settlement = 'credited') <> (t.entry_id IS NOT NULL)
           OR (t.settlement = 'credited') <> (t.credited IS NOT NULL)
           OR (t.settlement = 'credit_note_linked') <> (t.credit_note_id IS NOT NULL)
           OR (t.settlement <> 'nothing_due' AND t.case <> 'customer_request')
        ORDER BY t.id
        """,
    ),
    Check(
        "quote_total",
        "the preview that was applied says {total}, {credited} was credited",
        f"""
        SELECT {_TERMINATION} AS place, coalesce(t.quote->>'total', 'nothing') AS total, t.credited
        FROM subscriptions_termination t
        WHERE t.settlement = 'credited' AND {_amount("total")} IS DISTINCT FROM t.credited
        ORDER BY t.id
        """,
    ),
    Check(
        "refund_charges",
        "refunds of charges sum to {refunded}, less the fee {fee} that is not the {credited} credited",
        f"""
        SELECT {_TERMINATION} AS place, coalesce(r.amount, 0) AS refunded, f.fee,
               coalesce(t.credited, 0) AS credited
        FROM subscriptions_termination t
        LEFT JOIN (SELECT cause_id, sum(amount) AS amount FROM invoicing_chargerefund GROUP BY 1) r
            ON r.cause_id = t.uuid
        CROSS JOIN LATERAL (
            SELECT CASE WHEN r.amount IS NULL THEN 0
                        ELSE coalesce({_amount("fee")}, 0) END AS fee) f
        WHERE coalesce(r.amount, 0) - f.fee <> coalesce(t.credited, 0) ORDER BY t.id
        """,
    ),
    Check(
        "waiver_charges",
        "the termination waived {kept}, its waivers sum to {summed}",
        f"""
        SELECT {_TERMINATION} AS place, t.waived AS kept, coalesce(w.amount, 0) AS summed
        FROM subscriptions_termination t
        LEFT JOIN (SELECT cause_id, sum(amount) AS amount FROM invoicing_chargewaiver GROUP BY 1) w
            ON w.cause_id = t.uuid
        WHERE t.waived <> coalesce(w.amount, 0) ORDER BY t.id
        """,
    ),
    Check(
        "giveback_without_termination",
        "{amount} was {word} by no termination",
        f"""
        SELECT {_LINE} AS place, g.amount, g.word
        FROM (SELECT line_id, amount, cause_id, 'refunded' AS word FROM invoicing_chargerefund
              UNION ALL SELECT line_id, amount, cause_id, 'waived' FROM invoicing_chargewaiver) g
        JOIN invoicing_chargeline l ON l.id = g.line_id
        JOIN invoicing_invoice i ON i.id = l.invoice_id
        LEFT JOIN subscriptions_termination t ON t.uuid = g.cause_id
        WHERE t.id IS NULL ORDER BY l.id
        """,
    ),
    Check(
        "giveback_line",
        "it gave back of invoice {number}, line {line}, which charged for another subscription",
        f"""
        SELECT {_TERMINATION} AS place, i.number, l.id AS line
        FROM (SELECT line_id, cause_id FROM invoicing_chargerefund
              UNION SELECT line_id, cause_id FROM invoicing_chargewaiver) g
        JOIN subscriptions_termination t ON t.uuid = g.cause_id
        JOIN invoicing_chargeline l ON l.id = g.line_id
        JOIN invoicing_invoice i ON i.id = l.invoice_id
        LEFT JOIN subscriptions_cyclecharge h ON h.line_id = l.id
        LEFT JOIN subscriptions_cycle c ON c.id = h.cycle_id
        WHERE c.subscription_id IS DISTINCT FROM t.subscription_id ORDER BY t.id, l.id
        """,
    ),
    Check(
        "hold_settles",
        "the termination links note {linked}, the note that is held as its refund is {held}",
        f"""
        SELECT {_TERMINATION} AS place, coalesce(n.number, 'none') AS linked, coalesce(m.number, 'none') AS held
        FROM subscriptions_termination t
        FULL JOIN (SELECT * FROM invoicing_creditnotehold WHERE kind = 'settles') h ON h.cause_id = t.uuid
        LEFT JOIN invoicing_creditnote n ON n.id = t.credit_note_id
        LEFT JOIN invoicing_creditnote m ON m.id = h.credit_note_id
        WHERE t.id IS NOT NULL AND t.credit_note_id IS DISTINCT FROM h.credit_note_id ORDER BY t.id
        """,
    ),
    Check(
        "hold_without_termination",
        "it is held by {cause}, which is no termination",
        """
        SELECT n.number AS place, h.cause_id AS cause
        FROM invoicing_creditnotehold h JOIN invoicing_creditnote n ON n.id = h.credit_note_id
        LEFT JOIN subscriptions_termination t ON t.uuid = h.cause_id
        WHERE t.id IS NULL ORDER BY h.id
        """,
    ),
    Check(
        "hold_count",
        "the note counts {kept} holds, there are {counted}",
        """
        SELECT n.number AS place, n.holds AS kept, coalesce(h.counted, 0) AS counted
        FROM invoicing_creditnote n
        LEFT JOIN (SELECT credit_note_id, count(*) AS counted FROM invoicing_creditnotehold GROUP BY 1) h
            ON h.credit_note_id = n.id
        WHERE n.holds <> coalesce(h.counted, 0) ORDER BY n.id
        """,
    ),
)

DOCUMENTS: tuple[Check, ...] = (
    _line_sum(
        "charge_paid",
        "paid",
        what="is paid",
        rows="SELECT line_id, amount FROM invoicing_paymentline "
        "UNION ALL SELECT line_id, amount FROM invoicing_creditnoteallocation",
    ),
    _line_sum(
        "charge_noted",
        "noted",
        what="is given back by notes",
        rows="SELECT r.line_id, r.net + r.tax AS amount FROM invoicing_creditnoteline r "
        f"JOIN invoicing_creditnote n ON n.id = r.credit_note_id WHERE r.line_id IS NOT NULL AND {_COUNTED_NOTE}",
    ),
    _line_sum(
        "charge_waived", "waived", what="is waived", rows="SELECT line_id, amount FROM invoicing_chargewaiver"
    ),
    _line_sum(
        "charge_refunded", "refunded", what="is refunded", rows="SELECT line_id, amount FROM invoicing_chargerefund"
    ),
    Check(
        "charge_caps",
        "charged {charged}: notes {noted}, waived {waived}, refunded {refunded} and paid {paid} do not fit in it",
        f"""
        SELECT {_LINE} AS place, l.net + l.tax AS charged, l.noted, l.waived, l.refunded, l.paid FROM {_LINES}
        WHERE l.noted + l.waived + l.refunded > l.net + l.tax OR l.paid + l.waived > l.net + l.tax
           OR l.refunded > l.paid
        ORDER BY l.id
        """,
    ),
    Check(
        "invoice_sums",
        "the invoice says {charged} charged, {paid} paid, {waived} waived; its lines say {lines}",
        """
        SELECT i.number AS place, i.charged, i.paid, i.waived,
               format('%%s, %%s and %%s', trim_scale(coalesce(l.charged, 0)), trim_scale(coalesce(l.paid, 0)),
                      trim_scale(coalesce(l.waived, 0))) AS lines
        FROM invoicing_invoice i
        LEFT JOIN (SELECT invoice_id, sum(net + tax) AS charged, sum(paid) AS paid, sum(waived) AS waived
                   FROM invoicing_chargeline GROUP BY 1) l ON l.invoice_id = i.id
        WHERE (i.charged, i.paid, i.waived)
              <> (coalesce(l.charged, 0), coalesce(l.paid, 0), coalesce(l.waived, 0))
        ORDER BY i.id
        """,
    ),
    Check(
        "invoice_status",
        "its status is {status}, and {open} is open",
        """
        SELECT i.number AS place, i.status, i.charged - i.paid - i.waived AS open FROM invoicing_invoice i
        WHERE (i.status = 'paid' AND i.charged <> i.paid + i.waived)
           OR (i.status = 'awaiting_payment' AND i.charged <= i.paid + i.waived)
           OR (i.status IN ('draft', 'void') AND (i.paid, i.waived) <> (0, 0))
        ORDER BY i.id
        """,
    ),
    Check(
        "payment_sum",
        "the payment is {amount}, its parts sum to {summed}",
        """
        SELECT format('payment %%s', p.uuid) AS place, p.amount, coalesce(l.amount, 0) AS summed
        FROM invoicing_payment p
        LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM invoicing_paymentline GROUP BY 1) l
            ON l.payment_id = p.id
        WHERE p.amount <> coalesce(l.amount, 0) ORDER BY p.id
        """,
    ),
    Check(
        "payment_invoice",
        "it pays a line of {other}",
        """
        SELECT format('payment %%s', p.uuid) AS place, i.number AS other
        FROM invoicing_paymentline r JOIN invoicing_payment p ON p.id = r.payment_id
        JOIN invoicing_chargeline l ON l.id = r.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE l.invoice_id <> p.invoice_id ORDER BY r.id
        """,
    ),
    Check(
        "note_sums",
        "the note says {net} net and {tax} tax, its lines {lines_net} and {lines_tax}",
        """
        SELECT n.number AS place, n.net, n.tax, coalesce(l.net, 0) AS lines_net, coalesce(l.tax, 0) AS lines_tax
        FROM invoicing_creditnote n
        LEFT JOIN (SELECT credit_note_id, sum(net) AS net, sum(tax) AS tax FROM invoicing_creditnoteline
                   GROUP BY 1) l ON l.credit_note_id = n.id
        WHERE (n.net, n.tax) <> (coalesce(l.net, 0), coalesce(l.tax, 0)) ORDER BY n.id
        """,
    ),
    Check(
        "note_allocated",
        "the note says {kept} is allocated, its allocations and {outside} outside sum to {summed}",
        """
        SELECT n.number AS place, n.allocated AS kept, n.allocated_outside AS outside,
               n.allocated_outside + coalesce(l.amount, 0) AS summed
        FROM invoicing_creditnote n
        LEFT JOIN (SELECT credit_note_id, sum(amount) AS amount FROM invoicing_creditnoteallocation
                   GROUP BY 1) l ON l.credit_note_id = n.id
        WHERE n.allocated <> n.allocated_outside + coalesce(l.amount, 0) ORDER BY n.id
        """,
    ),
    Check(
        "note_status",
        "its status is {status}, {allocated} of {total} is allocated, {holds} terminations hold it",
        """
        SELECT n.number AS place, n.status, n.allocated, n.net + n.tax AS total, n.holds
        FROM invoicing_creditnote n
        WHERE NOT CASE n.status
                WHEN 'applied' THEN n.allocated = n.net + n.tax
                WHEN 'partly_applied' THEN n.allocated > 0 AND n.allocated < n.net + n.tax
                WHEN 'sent' THEN n.allocated = 0
                ELSE n.allocated = 0 AND n.holds = 0 END
        ORDER BY n.id
        """,
    ),
    *_series("invoice", "invoicing_invoice"),
    *_series("credit_note", "invoicing_creditnote"),
)

SUBSCRIPTIONS: tuple[Check, ...] = (
    Check(
        "termination_missing",
        "it is terminated, but there is no termination",
        f"""
        SELECT {_SUBSCRIPTION} AS place FROM subscriptions_subscription s
        LEFT JOIN subscriptions_termination t ON t.subscription_id = s.id
        WHERE s.status = 'terminated' AND t.id IS NULL ORDER BY s.id
        """,
    ),
    Check(
        "termination_not_applied",
        "there is a termination, but the subscription is {status} and points at {ref}",
        f"""
        SELECT {_SUBSCRIPTION} AS place, s.status,
               CASE WHEN s.termination_ref IS NULL THEN 'none'
                    WHEN s.termination_ref = t.id THEN 'it' ELSE 'another one' END AS ref
        FROM subscriptions_subscription s JOIN subscriptions_termination t ON t.subscription_id = s.id
        WHERE s.status <> 'terminated' OR s.termination_ref IS DISTINCT FROM t.id ORDER BY s.id
        """,
    ),
    Check(
        "termination_renews",
        "it is terminated, but would renew",
        f"""
        SELECT {_SUBSCRIPTION} AS place FROM subscriptions_subscription s
        WHERE s.status = 'terminated' AND s.auto_renew ORDER BY s.id
        """,
    ),
    Check(
        # A stored "active" may lag behind until the nightly run; "expired" before its time can't be.
        "status",
        "its stored status is expired, but it is usable through {expires_on}",
        f"""
        SELECT {_SUBSCRIPTION} AS place, s.expires_on FROM subscriptions_subscription s
        WHERE s.status = 'expired' AND s.expires_on >= %(latest_today)s ORDER BY s.id
        """,
    ),
    Check(
        "expiry",
        "it expires on {expires_on}, its last cycle ends on {last_day}",
        f"""
        SELECT {_SUBSCRIPTION} AS place, s.expires_on, c.day_after - 1 AS last_day
        FROM subscriptions_subscription s
        JOIN (SELECT subscription_id, max(day_after) AS day_after FROM subscriptions_cycle GROUP BY 1) c
            ON c.subscription_id = s.id
        WHERE s.expires_on <> c.day_after - 1 ORDER BY s.id
        """,
    ),
    Check(
        "cycle_length",
        "the cycle from {first_day} has {months} months, so it ends before {wanted}, not before {day_after}",
        f"""
        SELECT {_SUBSCRIPTION} AS place, c.first_day, c.months, c.day_after, w.wanted
        FROM subscriptions_cycle c JOIN subscriptions_subscription s ON s.id = c.subscription_id
        CROSS JOIN LATERAL (
            SELECT (date_trunc('month', c.first_day::timestamp) + make_interval(months => c.months)) AS month) m
        CROSS JOIN LATERAL (
            -- The anchor day, or the last day of a month that is too short for it.
            SELECT least((m.month + interval '1 month' - interval '1 day')::date,
                         m.month::date + extract(day FROM s.started_on)::int - 1) AS wanted) w
        WHERE c.day_after <> w.wanted ORDER BY s.id, c.first_day
        """,
    ),
    Check(
        "cycle_without_charge",
        "nothing was charged for the cycle from {first_day}",
        f"""
        SELECT {_SUBSCRIPTION} AS place, c.first_day
        FROM subscriptions_cycle c JOIN subscriptions_subscription s ON s.id = c.subscription_id
        LEFT JOIN subscriptions_cyclecharge h ON h.cycle_id = c.id
        WHERE h.id IS NULL ORDER BY s.id, c.first_day
        """,
    ),
    Check(
        "cycle_charge",
        "invoice {number}, line {line} charges for days outside the cycle from {first_day}, or in another currency",
        f"""
        SELECT {_SUBSCRIPTION} AS place, c.first_day, i.number, l.id AS line
        FROM subscriptions_cyclecharge h
        JOIN subscriptions_cycle c ON c.id = h.cycle_id
        JOIN subscriptions_subscription s ON s.id = c.subscription_id
        JOIN invoicing_chargeline l ON l.id = h.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE h.first_day < c.first_day OR h.day_after > c.day_after OR l.currency <> s.currency
        ORDER BY s.id, c.first_day, l.id
        """,
    ),
    Check(
        "cycle_charge_kind",
        "invoice {number}, line {line} is {kind}, which no cycle is charged by",
        f"""
        SELECT {_SUBSCRIPTION} AS place, i.number, l.id AS line, l.kind
        FROM subscriptions_cyclecharge h
        JOIN subscriptions_cycle c ON c.id = h.cycle_id
        JOIN subscriptions_subscription s ON s.id = c.subscription_id
        JOIN invoicing_chargeline l ON l.id = h.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE l.kind IN ('activation_fee', 'usage') ORDER BY s.id, l.id
        """,
    ),
    Check(
        "number_in_use",
        "number {number} is in use, but its subscription is terminated",
        f"""
        SELECT {_SUBSCRIPTION} AS place, n.number
        FROM subscriptions_phonenumber n JOIN subscriptions_subscription s ON s.id = n.subscription_id
        WHERE s.status = 'terminated' AND n.status = 'in_use' ORDER BY n.id
        """,
    ),
    Check(
        "contract_item",
        "its place in contract {reference} is not freed, but the subscription is terminated",
        f"""
        SELECT {_SUBSCRIPTION} AS place, c.reference
        FROM subscriptions_contractitem i JOIN subscriptions_subscription s ON s.id = i.subscription_id
        JOIN subscriptions_contract c ON c.id = i.contract_id
        WHERE s.status = 'terminated' AND i.freed_on IS NULL ORDER BY i.id
        """,
    ),
    Check(
        "assignment",
        "{email} is still assigned to it, but it is terminated",
        f"""
        SELECT {_SUBSCRIPTION} AS place, m.email
        FROM subscriptions_assignment g JOIN subscriptions_subscription s ON s.id = g.subscription_id
        JOIN customers_member m ON m.id = g.member_id
        WHERE s.status = 'terminated' AND g.ended_on IS NULL ORDER BY g.id
        """,
    ),
)

CHECKS: tuple[Check, ...] = ACCOUNTS + REFUNDS + DOCUMENTS + SUBSCRIPTIONS


@contextmanager
def without_nested_loops() -> Iterator[None]:
    """Have whole tables joined by hashing.

    On tables that nobody has analysed yet the planner believes them to be nearly empty, and would compare
    every row with every other: seen once, it went on for twenty minutes over a few thousand rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET enable_nestloop = off")
        try:
            yield
        finally:
            cursor.execute("RESET enable_nestloop")


def faults(*, at: datetime) -> Iterator[Fault]:
    """Run every check and go through what does not agree, check by check. Reads only.

    *Units*: `at` is the instant of asking; today is a matter of time zones, so the latest date anywhere counts.
    """
    parameters = {"latest_today": (at + timedelta(hours=14)).date()}
    for check in CHECKS:
        with without_nested_loops(), connection.cursor() as cursor:
            cursor.execute(check.sql, parameters)
            names = [column.name for column in cursor.description]
            while rows := cursor.fetchmany(_FETCHED_AT_ONCE):
                for row in rows:
                    values = {name: plain(value) for name, value in zip(names, row, strict=True)}
                    yield Fault(kind=check.kind, where=str(values["place"]), detail=check.says.format(**values))
