import json
from decimal import Decimal

from django.db import migrations

# A note that settled a termination before notes stood for charges named none of them, so that the charges could be given
# back once more. What such a note gave back is written now, in the order of the stored preview, each charge up to what
# was left of it and what the caps leave today. What finds no place is listed by verify_ledger.
FIND = """
SELECT t.uuid, t.credit_note_id, t.currency, t.quote,
       n.net + n.tax - coalesce((SELECT sum(l.net + l.tax) FROM invoicing_creditnoteline l
                                 WHERE l.credit_note_id = n.id AND l.line_id IS NOT NULL), 0)
FROM subscriptions_termination t JOIN invoicing_creditnote n ON n.id = t.credit_note_id
WHERE t.settlement = 'credit_note_linked' AND t.quote IS NOT NULL
  AND NOT EXISTS (SELECT FROM invoicing_creditnotestand s WHERE s.credit_note_id = n.id)
ORDER BY t.id
"""
ROOM = """
SELECT net, tax, net + tax - noted - waived - refunded FROM invoicing_chargeline WHERE id = %s
"""
# The share of the net, in the minor unit that the preview's amounts are written in.
WRITE = """
INSERT INTO invoicing_creditnotestand (credit_note_id, line_id, currency, net, tax, cause_id)
SELECT %(note)s, %(line)s, %(currency)s, net, %(part)s - net, %(cause)s
FROM (SELECT round(%(part)s::numeric * %(net)s::numeric / (%(net)s::numeric + %(tax)s::numeric), %(digits)s) AS net) s
"""
AUDIT = """
INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_name)
VALUES (now(), 'Subscriptions', 'Upgraded', %s, 'system', '')
"""


def write(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('portal.operation', 'migration', true)")
        cursor.execute(FIND)
        written = 0
        for cause, note, currency, quote, free in cursor.fetchall():
            written += _write_one(cursor, cause=cause, note=note, currency=currency, quote=quote, free=free)
        if written:
            cursor.execute(
                AUDIT,
                [f"Wrote which charges {written} credit note(s) stand for that settled a termination before."],
            )


def _write_one(cursor, *, cause, note, currency, quote, free):
    found = quote if isinstance(quote, dict) else json.loads(quote)
    rest, is_written = free, 0
    for line in found["lines"]:
        for charge in line["charges"]:
            cursor.execute(ROOM, [charge["line_id"]])
            row = cursor.fetchone()
            if row is None:
                continue
            net, tax, room = row
            part = min(rest, Decimal(charge["left"]), room)
            if part <= 0:
                continue
            digits = len(charge["left"].partition(".")[2])
            cursor.execute(
                WRITE,
                {
                    "note": note,
                    "line": charge["line_id"],
                    "currency": currency,
                    "part": part,
                    "net": net,
                    "tax": tax,
                    "digits": digits,
                    "cause": cause,
                },
            )
            rest -= part
            is_written = 1
    return is_written


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0006_hash_of_a_termination"),
        ("invoicing", "0006_settling_notes"),
        ("audit", "0002_guards"),
    ]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
