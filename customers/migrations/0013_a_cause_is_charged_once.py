"""Let nothing be charged twice: the invoice that a charge names as its cause has one entry of that kind."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0012_tax_exemption")]

    operations = [
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "charge")), fields=("cause_id",), name="a_cause_is_charged_once"
            ),
        ),
    ]
