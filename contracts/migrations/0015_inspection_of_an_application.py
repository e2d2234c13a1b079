"""Let an inspection name its application by a foreign key."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

OF_ONE = "inspection_is_of_a_supply_or_an_application"
ONCE = "acceptance_is_inspected_once_at_a_time"
INDEX = "inspection_of_application"


class Migration(migrations.Migration):
    dependencies = [("contracts", "0014_surveys")]

    operations = [
        migrations.RemoveConstraint("safetyinspection", OF_ONE),
        migrations.RemoveConstraint("safetyinspection", ONCE),
        migrations.RemoveIndex("safetyinspection", INDEX),
        migrations.RenameField("safetyinspection", "application_id", "application"),
        migrations.AlterField(
            "safetyinspection",
            "application",
            models.ForeignKey(
                "contracts.ServiceApplication", db_index=False, null=True, related_name="inspections",
                on_delete=django.db.models.deletion.PROTECT,
                help_text="Of a new connection; empty: of a supply.",
            ),
        ),
        migrations.AddConstraint(
            "safetyinspection",
            models.CheckConstraint(
                name=OF_ONE,
                condition=Q(agreement__isnull=False, application=None)
                | Q(agreement=None, application__isnull=False),
            ),
        ),
        migrations.AddConstraint(
            "safetyinspection",
            models.UniqueConstraint(
                name=ONCE, fields=["application"], condition=Q(kind="acceptance", state__in=["planned", "ordered"])
            ),
        ),
        migrations.AddIndex("safetyinspection", models.Index(name=INDEX, fields=["application"])),
    ]
