"""Customers are found by their names as they are compared: banks write names their own way."""

from django.db import migrations, models

from accounts.models.customer import PlainName


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_notices_sent_again")]

    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(PlainName("name"), name="customer_by_plain_name"),
        ),
    ]
