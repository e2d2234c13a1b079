"""Offers of programmes hold until a day; what is signed at the desk is kept as a scan."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0023_contracts_name_their_supplies"),
        ("platform", "0003_rate_counts"),
    ]

    operations = [
        migrations.AddField(
            model_name="enrollment",
            name="valid_until",
            field=models.DateField(help_text="Last local day on which the offer may be signed.", null=True),
        ),
        # What was offered before could be signed until the day on which it was to begin.
        migrations.RunSQL(
            "UPDATE contracts_enrollment SET valid_until = lower(period) WHERE valid_until IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="enrollment",
            name="valid_until",
            field=models.DateField(help_text="Last local day on which the offer may be signed."),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="scan",
            field=models.ForeignKey(
                db_index=False,
                help_text="What was signed on paper.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="platform.document",
            ),
        ),
    ]
