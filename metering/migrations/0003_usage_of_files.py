"""Which files still wait for their usage, and which interval days a file brought."""

from django.db import migrations, models

# Days are appended delivery by delivery, so a block-range index finds those of a file and costs nothing while loading.
INDEX = """
CREATE INDEX interval_day_by_file ON metering_intervalday USING brin (read_file_id) WITH (autosummarize = on);
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0002_interval_days")]

    operations = [
        migrations.AddField(
            model_name="readfile",
            name="usage_approved_at",
            field=models.DateTimeField(
                help_text="Empty: usage of what it brought is to be approved.", null=True
            ),
        ),
        migrations.RunSQL(INDEX, reverse_sql="DROP INDEX interval_day_by_file"),
    ]
