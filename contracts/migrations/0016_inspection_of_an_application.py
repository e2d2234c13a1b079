"""Let an inspection name its application by a foreign key; the column stays, its constraints and its index too."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

OF_ONE = "inspection_is_of_a_supply_or_an_application"
ONCE = "acceptance_is_inspected_once_at_a_time"
INDEX = "inspection_of_application"
KEY = "inspection_is_of_an_application_that_exists"
# Until now nothing kept an inspection from naming an application that is gone. What it found is safety's own record
# and is not thrown away: then the key holds for all that comes, and is validated where nothing dangles.
VALIDATE = f"""
    DO $$ BEGIN
        IF NOT EXISTS (
            SELECT FROM contracts_safetyinspection i
            WHERE i.application_id IS NOT NULL
              AND NOT EXISTS (SELECT FROM contracts_serviceapplication a WHERE a.id = i.application_id)
        ) THEN
            ALTER TABLE contracts_safetyinspection VALIDATE CONSTRAINT {KEY};
        END IF;
    END $$
"""  # noqa: S608 (the only word put in is our own)


class Migration(migrations.Migration):
    dependencies = [("contracts", "0015_network_of_changes")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("safetyinspection", OF_ONE),
                migrations.RemoveConstraint("safetyinspection", ONCE),
                migrations.RemoveIndex("safetyinspection", INDEX),
                migrations.RemoveField("safetyinspection", "application_id"),
                migrations.AddField(
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
                        name=ONCE, fields=["application"],
                        condition=Q(kind="acceptance", state__in=["planned", "ordered"]),
                    ),
                ),
                migrations.AddIndex("safetyinspection", models.Index(name=INDEX, fields=["application"])),
            ],
            database_operations=[
                migrations.RunSQL(
                    f"ALTER TABLE contracts_safetyinspection ADD CONSTRAINT {KEY} FOREIGN KEY (application_id)"
                    " REFERENCES contracts_serviceapplication (id) DEFERRABLE INITIALLY DEFERRED NOT VALID",
                    f"ALTER TABLE contracts_safetyinspection DROP CONSTRAINT {KEY}",
                ),
                migrations.RunSQL(VALIDATE, migrations.RunSQL.noop),
            ],
        )
    ]
