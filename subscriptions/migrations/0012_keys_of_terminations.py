"""Remember the previews that were applied in the last 30 days: sent again after the upgrade, they get the first answer.

The fingerprint is that of what a termination's key stands for, its subscription.
"""

from django.db import migrations

COPY = """
INSERT INTO frame_idempotencykey (actor, key, operation, fingerprint, outcome, at)
SELECT t.actor_kind || ':' || coalesce(t.actor_user_id::text, t.actor), t.quote_id, 'terminate',
       sha256(convert_to('{"subscription": "' || s.uuid || '"}', 'UTF8')), t.uuid, t.terminated_at
FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
WHERE t.quote_id IS NOT NULL AND t.terminated_at >= now() - interval '30 days'
ON CONFLICT (actor, key) DO UPDATE
SET operation = excluded.operation, fingerprint = excluded.fingerprint, outcome = excluded.outcome
"""


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0011_indexes_of_lists"),
        ("frame", "0001_keys"),
    ]

    operations = [migrations.RunSQL(COPY, migrations.RunSQL.noop)]
