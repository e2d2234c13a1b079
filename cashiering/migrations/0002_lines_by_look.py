"""Lines that look the same are found by more than their amount and day, which many share."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cashiering", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="statementline", name="line_by_amount"),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(
                fields=["amount_minor", "booking_date", "payer_name", "end_to_end_id"], name="line_by_look"
            ),
        ),
    ]
