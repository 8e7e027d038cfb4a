"""Remember the forms that posted an entry in the last 30 days: sent again after the upgrade, they post nothing.

What they said is not known any more, so these keys have no fingerprint: whoever sends one again is told to look at
what was written.
"""

from django.conf import settings
from django.db import migrations

COPY = """
INSERT INTO frame_idempotencykey (actor, key, operation, outcome, at)
SELECT 'agent:' || coalesce(u.id::text, e.actor), e.request_id,
       CASE WHEN e.kind = 'top_up' THEN 'post_top_up'
            WHEN e.cause_id IS NULL THEN 'post_correction' ELSE 'correct_termination' END,
       CASE WHEN e.kind = 'top_up' THEN e.cause_id ELSE e.request_id END, e.at
FROM customers_ledgerentry e LEFT JOIN auth_user u ON u.username = e.actor
WHERE e.request_id IS NOT NULL AND e.at >= now() - interval '30 days'
ON CONFLICT (actor, key) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0010_indexes_of_lists"),
        ("frame", "0001_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunSQL(COPY, migrations.RunSQL.noop)]
