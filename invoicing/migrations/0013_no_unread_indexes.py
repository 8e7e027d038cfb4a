import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0012_find_what_is_refused_by_ids"),
    ]

    operations = [
        migrations.AlterField(
            model_name="creditnoteputinline",
            name="line",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="put_ins",
                to="invoicing.chargeline",
            ),
        ),
        migrations.AlterField(
            model_name="takebackline",
            name="payment_line",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="take_backs",
                to="invoicing.paymentline",
            ),
        ),
        migrations.AlterField(
            model_name="takebackline",
            name="put_in_line",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="take_backs",
                to="invoicing.creditnoteputinline",
            ),
        ),
        migrations.AlterField(
            model_name="takebackline",
            name="take_back",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="invoicing.takeback",
            ),
        ),
    ]
