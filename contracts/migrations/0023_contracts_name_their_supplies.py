"""Contracts name the supplies that they are about; of those that are kept it is found out where only one can be meant."""

import django.db.models.deletion
from django.db import migrations, models

# An application's contract is about its supplies; any other about the one supply of its account at its address, or the
# only one that the account ever had. Where several can be meant nothing is linked: its page says so, the desk names it.
LINK = """
    INSERT INTO contracts_contractpoint (contract_id, service_point_id)
    SELECT c.id, i.service_point_id
    FROM contracts_supplycontract c
    JOIN contracts_applicationitem i ON i.application_id = c.subject_id
    WHERE c.subject = 'application' AND i.service_point_id IS NOT NULL
    ON CONFLICT DO NOTHING;

    INSERT INTO contracts_contractpoint (contract_id, service_point_id)
    SELECT c.id, min(a.service_point_id)
    FROM contracts_supplycontract c
    JOIN contracts_serviceagreement a ON a.account_id = c.account_id
    JOIN metering_servicepoint s ON s.id = a.service_point_id
    JOIN metering_premises p ON p.id = s.premises_id AND p.address = c.address
    WHERE NOT EXISTS (SELECT FROM contracts_contractpoint k WHERE k.contract_id = c.id)
    GROUP BY c.id HAVING count(DISTINCT a.service_point_id) = 1;

    INSERT INTO contracts_contractpoint (contract_id, service_point_id)
    SELECT c.id, min(a.service_point_id)
    FROM contracts_supplycontract c
    JOIN contracts_serviceagreement a ON a.account_id = c.account_id
    WHERE NOT EXISTS (SELECT FROM contracts_contractpoint k WHERE k.contract_id = c.id)
    GROUP BY c.id HAVING count(DISTINCT a.service_point_id) = 1;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0022_applications_of_kept_customers"),
        ("metering", "0013_meter_positions"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContractPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="points",
                        to="contracts.supplycontract",
                    ),
                ),
                (
                    "service_point",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="metering.servicepoint"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="contractpoint",
            constraint=models.UniqueConstraint(
                fields=("contract", "service_point"), name="contract_names_a_supply_once"
            ),
        ),
        migrations.RunSQL(LINK, migrations.RunSQL.noop),
    ]
