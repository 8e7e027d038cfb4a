"""Read the credit notes that matter to a quote, those that may be chosen, and the one that was.

Of an organisation's notes only those are read that decide: a customer may have thousands of unused ones.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import connection

from invoicing import selectors as invoicing_selectors
from portal.lib import money, numerals
from subscriptions import policies
from subscriptions.models import Subscription
from subscriptions.selectors import naming
from subscriptions.termination.quote import notes, quotes

SHOWN = 20

# What is read of a note, whoever asks for it: `w` says which ones.
_COLUMNS = """
    n.id, n.uuid, n.number, n.status, n.total, n.total - n.allocated AS unused, n.holds,
    n.organisation_id = %(organisation)s AND n.currency = %(currency)s AS is_own,
    coalesce(r.named, 0) AS named, r.named IS NOT NULL AS names_any, coalesce(r.is_foreign, false) AS is_foreign,
    r.lines, r.amounts
"""
_LINES = """
LEFT JOIN LATERAL (
    SELECT sum(l.net + l.tax) AS named,
           bool_or(l.line_id <> ALL(%(lines)s::bigint[])
                   AND EXISTS (SELECT FROM subscriptions_cyclecharge c WHERE c.line_id = l.line_id)) AS is_foreign,
           array_agg(l.line_id) FILTER (WHERE l.line_id = ANY(%(lines)s::bigint[])) AS lines,
           array_agg(l.net + l.tax) FILTER (WHERE l.line_id = ANY(%(lines)s::bigint[])) AS amounts
    FROM invoicing_creditnoteline l WHERE l.credit_note_id = n.id AND l.line_id IS NOT NULL
) r ON true
"""

# The letters are those of domain.md 3: (a) is among those that name, (b) to (d) have their own queries. Each step
# is a look into an index, in this order: OFFSET 0 keeps PostgreSQL from joining the other way round, which compares
# each row with each while it believes that the tables are empty.
_DECIDING = f"""
WITH naming AS (
    SELECT DISTINCT credit_note_id AS id FROM invoicing_creditnoteline WHERE line_id = ANY(%(lines)s::bigint[])
), same_sum AS (
    SELECT n.id, count(*) OVER () AS found FROM invoicing_creditnote n
    WHERE n.organisation_id = %(organisation)s AND n.currency = %(currency)s AND n.holds = 0
      AND n.status IN ('sent', 'partly_applied', 'applied') AND n.total = ANY(%(sums)s::numeric[])
      AND NOT EXISTS (
          SELECT FROM invoicing_creditnoteline l WHERE l.credit_note_id = n.id AND l.line_id IS NOT NULL)
    ORDER BY n.id DESC LIMIT {notes.SAME_SUM_NAMED}
), twin AS (
    SELECT l.credit_note_id AS id, min(t.id) AS line_id
    FROM unnest(%(open)s::bigint[]) AS own(id)
    CROSS JOIN LATERAL (SELECT invoice_id, net, tax FROM invoicing_chargeline c WHERE c.id = own.id OFFSET 0) o
    CROSS JOIN LATERAL (
        SELECT first_day, day_after FROM subscriptions_cyclecharge c WHERE c.line_id = own.id OFFSET 0) d
    CROSS JOIN LATERAL (
        SELECT c.id FROM invoicing_chargeline c
        WHERE c.invoice_id = o.invoice_id AND c.net = o.net AND c.tax = o.tax AND c.id <> ALL(%(lines)s::bigint[])
        OFFSET 0) t
    CROSS JOIN LATERAL (
        SELECT FROM subscriptions_cyclecharge c
        WHERE c.line_id = t.id AND c.first_day = d.first_day AND c.day_after = d.day_after OFFSET 0) same_days
    CROSS JOIN LATERAL (
        SELECT credit_note_id FROM invoicing_creditnoteline c WHERE c.line_id = t.id OFFSET 0) l
    CROSS JOIN LATERAL (
        SELECT FROM invoicing_creditnote c
        WHERE c.id = l.credit_note_id AND c.holds = 0 AND c.status IN ('sent', 'partly_applied') OFFSET 0) unheld
    WHERE l.credit_note_id NOT IN (SELECT id FROM naming)
    GROUP BY 1
), above AS (
    SELECT n.id, h.cause_id FROM invoicing_creditnote n
    CROSS JOIN LATERAL (
        SELECT cause_id FROM invoicing_creditnotehold c
        WHERE c.credit_note_id = n.id AND c.kind = 'settles' OFFSET 0) h
    WHERE n.organisation_id = %(organisation)s AND n.currency = %(currency)s AND n.holds > 0
      AND n.total > coalesce((SELECT sum(l.net + l.tax) FROM invoicing_creditnoteline l
                              WHERE l.credit_note_id = n.id AND l.line_id IS NOT NULL), 0)
                  + coalesce((SELECT sum(s.amount) FROM invoicing_creditnotestand s
                              WHERE s.credit_note_id = n.id), 0)
)
SELECT {_COLUMNS}, (SELECT found FROM same_sum s WHERE s.id = n.id) AS found,
       (SELECT line_id FROM twin t WHERE t.id = n.id) AS twin_line,
       (SELECT cause_id FROM above a WHERE a.id = n.id) AS settled
FROM invoicing_creditnote n {_LINES}
WHERE n.id = ANY(ARRAY(SELECT id FROM naming UNION SELECT id FROM same_sum UNION SELECT id FROM twin
                       UNION SELECT id FROM above))
  AND n.status IN ('sent', 'partly_applied', 'applied')
ORDER BY n.id DESC
"""  # noqa: S608 - built from constants

# Used up ones may be chosen where they name no charge: what a note paid elsewhere was given back all the same.
_IS_CHOOSABLE = """
n.organisation_id = %(organisation)s AND n.currency = %(currency)s AND n.holds = 0
AND (n.status IN ('sent', 'partly_applied') OR n.status = 'applied' AND NOT EXISTS (
    SELECT FROM invoicing_creditnoteline l WHERE l.credit_note_id = n.id AND l.line_id IS NOT NULL))
AND NOT EXISTS (
    SELECT FROM invoicing_creditnoteline l JOIN subscriptions_cyclecharge c ON c.line_id = l.line_id
    WHERE l.credit_note_id = n.id AND l.line_id <> ALL(%(lines)s::bigint[]))
"""
_OTHERS = f"""
SELECT {_COLUMNS} FROM invoicing_creditnote n {_LINES}
WHERE {_IS_CHOOSABLE} AND n.id <> ALL(%(without)s::bigint[])
  AND (%(search)s = '' OR strpos(lower(n.number), lower(%(search)s)) > 0 OR n.total = %(amount)s::numeric)
ORDER BY n.id DESC LIMIT %(room)s
"""  # noqa: S608 - built from constants
_ONE = f"""
SELECT {_COLUMNS} FROM invoicing_creditnote n {_LINES} WHERE {_IS_CHOOSABLE} AND n.number = %(number)s
"""  # noqa: S608 - built from constants


@dataclass(frozen=True)
class Deciding:
    """Hold the notes that decide, and how many more have the sum of the refund."""

    notes: tuple[notes.Note, ...]
    further: int


def deciding(subscription: Subscription, *, quote: quotes.Quote, sums: Iterable[Decimal]) -> Deciding:
    """Read the notes that name this subscription, and those that may have been sent for this very refund.

    One query; up to three more where a note names a twin or settled another termination.
    *Shape*: those taken off come first, then those that name this subscription, then the others, newest first.
    """
    is_open = [charge.line_id for line in quote.refund.lines for charge in line.charges if charge.left]
    rows = _rows(_DECIDING, subscription, quote=quote, sums=list(sums), open=is_open)
    twins = naming.identities_of_charges([row["twin_line"] for row in rows if row["twin_line"]])
    settled = _settled([row["settled"] for row in rows if row["settled"]])
    found = []
    for row in rows:
        note = _note(row, quote=quote)
        if row["settled"]:
            note = replace(note, candidate="above", about=settled.get(row["settled"], ""))
        elif row["twin_line"]:
            note = replace(note, candidate="twin", about=twins[row["twin_line"]].line)
        elif row["found"]:
            note = replace(note, candidate="same_sum")
        elif note.is_choosable and note.is_taken_off:
            note = replace(note, candidate="taken_off")
        found.append(note)
    same = next((row["found"] for row in rows if row["found"]), 0)
    return Deciding(
        notes=tuple(sorted(found, key=lambda note: (not note.is_taken_off, not note.names_this))),
        further=max(0, same - notes.SAME_SUM_NAMED),
    )


def choosable_notes(
    subscription: Subscription, *, quote: quotes.Quote, search: str = ""
) -> tuple[tuple[notes.Note, ...], bool]:
    """List up to 20 notes that may be chosen, and tell whether there are more. One query.

    Those that decide come first; `search` keeps, of the others, those with this part of the number or this amount.
    """
    first = tuple(note for note in quote.notes if note.is_choosable)
    room = max(0, SHOWN - len(first))
    search = search.strip()
    rows = _rows(
        _OTHERS,
        subscription,
        quote=quote,
        without=[note.note_id for note in first],
        search=search,
        amount=_amount(search, currency=quote.currency),
        room=room + 1,
    )
    return first + tuple(_note(row, quote=quote) for row in rows[:room]), len(rows) > room


def chosen_note(subscription: Subscription, *, quote: quotes.Quote, number: str) -> notes.Note | None:
    """Read the note that was chosen, as it is now; None where it may not be the refund. At most one query."""
    note = quote.note(number)
    if note is not None:
        return note if note.is_choosable else None
    rows = _rows(_ONE, subscription, quote=quote, number=number)
    return _note(rows[0], quote=quote) if rows else None


def planned_uses(
    subscription: Subscription, *, quote: quotes.Quote, chosen: Sequence[notes.Note]
) -> dict[int, invoicing_selectors.NoteUse]:
    """Say what each of some choosable notes would do if it were the refund and used at once. Two queries."""
    if not chosen:
        return {}
    return invoicing_selectors.planned_uses(
        [
            invoicing_selectors.Wanted(
                note_id=note.note_id,
                total=note.total,
                unused=note.unused,
                stood={
                    line_id: net + tax
                    for line_id, net, tax in notes.stands(note, refund=quote.refund, currency=quote.currency)
                },
            )
            for note in chosen
        ],
        organisation_id=subscription.organisation_id,
        others=[charge.line_id for line in quote.refund.lines for charge in line.charges],
    )


def _rows(
    statement: str, subscription: Subscription, *, quote: quotes.Quote, **parameters: Any
) -> list[dict[str, Any]]:
    parameters |= {
        "organisation": subscription.organisation_id,
        "currency": quote.currency,
        "lines": [charge.line_id for cycle in quote.facts.cycles for charge in cycle.charges],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _amount(search: str, *, currency: str) -> Decimal | None:
    """Read what was searched for as an amount, as forms do; None where it is none."""
    digits = money.minor_digits(currency)
    try:
        return numerals.typed_amount(search, decimals=digits, currency=currency, shown_decimals=digits)
    except numerals.Unreadable:
        return None


def _note(row: dict[str, Any], *, quote: quotes.Quote) -> notes.Note:
    lines = dict(zip(row["lines"] or (), row["amounts"] or (), strict=True))
    values = {charge.line_id: charge.value for line in quote.refund.lines for charge in line.charges}
    counting = {line_id: amount for line_id, amount in lines.items() if values.get(line_id)}
    is_open = row["status"] != "applied" or not row["names_any"]
    return notes.Note(
        note_id=row["id"],
        uuid=row["uuid"],
        number=row["number"],
        status=row["status"],
        total=row["total"],
        unused=row["unused"],
        named=sum(lines.values(), Decimal(0)),
        counting=sum(counting.values(), Decimal(0)),
        unnamed=row["total"] - row["named"],
        expected=_left_without(lines, quote=quote),
        names_this=bool(lines),
        is_taken_off=bool(counting),
        is_choosable=is_open and row["is_own"] and not row["holds"] and not row["is_foreign"],
    )


def _left_without(lines: dict[int, Decimal], *, quote: quotes.Quote) -> Decimal:
    """Compute the sum of `left` as if a note did not give back what it names."""
    if not lines:
        return quote.refund.left
    cycles = tuple(
        replace(
            cycle,
            charges=tuple(
                replace(charge, credited=charge.credited - lines.get(charge.line_id, Decimal(0)))
                for charge in cycle.charges
            ),
        )
        for cycle in quote.facts.cycles
    )
    facts = replace(quote.facts, cycles=cycles)
    return policies.refund(facts, on=quote.on, policy=quote.terms.policy, is_expired_case=False).left


def _settled(causes: list[uuids.UUID]) -> dict[uuids.UUID, str]:
    """Name the subscriptions that these terminations ended."""
    if not causes:
        return {}
    ended = dict(Subscription.objects.filter(termination__uuid__in=causes).values_list("termination__uuid", "pk"))
    named = naming.identities(ended.values())
    return {cause: named[pk].line for cause, pk in ended.items()}
