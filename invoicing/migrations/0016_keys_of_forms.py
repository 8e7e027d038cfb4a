"""Remember the forms of the last 30 days: sent again after the upgrade, they write nothing.

What they said is not known any more, so these keys have no fingerprint: whoever sends one again is told to look at
what was written. Who drafted, sent or voided a note is not known of the note. There a constraint on the form of the
draft, and the status that a note has since, refuse the second time; so the forms of sending and voiding go.
"""

from django.conf import settings
from django.db import migrations

COPY = """
INSERT INTO frame_idempotencykey (actor, key, operation, outcome, at)
SELECT 'agent:' || coalesce(u.id::text, f.actor), f.request_id, f.operation, f.outcome, f.at
FROM (
    SELECT actor, request_id, 'record_payment' AS operation, uuid AS outcome, created_at AS at
    FROM invoicing_payment WHERE request_id IS NOT NULL AND created_at >= now() - interval '30 days'
    UNION ALL
    SELECT actor, request_id, CASE WHEN payment_id IS NULL THEN 'take_back_of_note' ELSE 'take_back_payment' END,
           uuid, created_at
    FROM invoicing_takeback WHERE created_at >= now() - interval '30 days'
    UNION ALL
    SELECT actor, request_id, 'put_note_into_credits', request_id, created_at
    FROM invoicing_creditnoteputin WHERE request_id IS NOT NULL AND created_at >= now() - interval '30 days'
    UNION ALL
    SELECT DISTINCT ON (a.actor, a.request_id) a.actor, a.request_id, 'allocate_credit_note', n.uuid, a.created_at
    FROM invoicing_creditnoteallocation a JOIN invoicing_creditnote n ON n.id = a.credit_note_id
    WHERE a.request_id IS NOT NULL AND a.created_at >= now() - interval '30 days'
      AND NOT EXISTS (SELECT FROM invoicing_creditnoteputin p WHERE p.request_id = a.request_id)
) f
LEFT JOIN auth_user u ON u.username = f.actor
ON CONFLICT (actor, key) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0015_indexes_of_lists"),
        ("frame", "0001_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RemoveField("creditnote", "sending_request_id"),
        migrations.RemoveField("creditnote", "voiding_request_id"),
    ]
