import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('contracts', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='Offer',
            name='chosen',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.offertariff'),
        ),
        migrations.AddConstraint(
            model_name='Offer',
            constraint=models.CheckConstraint(condition=models.Q(('chosen__isnull', False), models.Q(('state', 'accepted'), _negated=True), _connector='OR'), name='accepted_offer_names_its_tariff'),
        ),
    ]
