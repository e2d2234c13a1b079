from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cashiering', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='debit',
            name='decided_at',
            field=models.DateTimeField(null=True),
        ),
    ]
