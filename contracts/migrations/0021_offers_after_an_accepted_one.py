from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contracts", "0020_late_fees")]

    operations = [
        migrations.RemoveConstraint(model_name="offer", name="one_offer_at_a_time"),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "sent")), fields=("subject", "subject_id"), name="one_offer_at_a_time"
            ),
        ),
    ]
