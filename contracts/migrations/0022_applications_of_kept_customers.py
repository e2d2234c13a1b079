"""Applications say since when they are known to be of a customer who was kept before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contracts", "0021_offers_after_an_accepted_one")]

    operations = [
        migrations.AddField(
            model_name="serviceapplication",
            name="kept_customer_since",
            field=models.DateTimeField(
                help_text="Since when it is of a customer who was kept before: who looked earlier may not.",
                null=True,
            ),
        ),
        # Whose customer was kept before is not known of those that came by the portal: their links are asked for anew.
        migrations.RunSQL(
            "UPDATE contracts_serviceapplication SET kept_customer_since = now()"
            " WHERE channel = 'portal' AND customer_id IS NOT NULL",
            migrations.RunSQL.noop,
        ),
    ]
