import django.db.models.deletion
from django.db import migrations, models

import cis.platform.fields

# An account that several runs held of one period stays held by the latest of them. Keys are checked at once, since
# tables with checks still to come cannot be altered.
FILL = """
UPDATE billing_heldbill h SET start_date = r.start_date, end_date = r.end_date FROM billing_billrun r WHERE r.id = h.run_id;
UPDATE billing_heldbill h SET state = 'retried', resolved_at = now(), taken_over_by_id = later.run_id
FROM (SELECT account_id, start_date, end_date, max(run_id) AS run_id FROM billing_heldbill WHERE state = 'open'
      GROUP BY account_id, start_date, end_date) later
WHERE h.state = 'open' AND h.run_id < later.run_id
  AND (h.account_id, h.start_date, h.end_date) = (later.account_id, later.start_date, later.end_date);
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_phone_contacts'),
        ('billing', '0005_lines_have_one_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='billsegment',
            name='redelivered',
            field=models.IntegerField(db_default=0, default=0, help_text='Newer versions of interval days that were known when its energy was split; more: split again.'),
        ),
        migrations.AddField(
            model_name='runchunk',
            name='root',
            field=models.ForeignKey(help_text='Chunk that it was split from.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='billing.runchunk'),
        ),
        migrations.AlterField(
            model_name='runchunk',
            name='attempts',
            field=models.SmallIntegerField(default=0, help_text='Of a whole chunk: failures of it and its pieces since one of them succeeded.'),
        ),
        migrations.RemoveConstraint(
            model_name='runchunk',
            name='chunk_state_is_known',
        ),
        migrations.AlterField(
            model_name='runchunk',
            name='state',
            field=cis.platform.fields.Code(choices=[('waiting', 'waiting'), ('rated', 'rated'), ('issued', 'issued'), ('split', 'split'), ('failed', 'failed')], default='waiting', max_length=40),
        ),
        migrations.AddConstraint(
            model_name='runchunk',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('waiting', 'rated', 'issued', 'split', 'failed'))), name='chunk_state_is_known'),
        ),
        migrations.RemoveConstraint(
            model_name='heldbill',
            name='account_is_held_once',
        ),
        migrations.AddField(
            model_name='heldbill',
            name='start_date',
            field=models.DateField(help_text="First day of the run's period.", null=True),
        ),
        migrations.AddField(
            model_name='heldbill',
            name='end_date',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='heldbill',
            name='taken_over_by',
            field=models.ForeignKey(help_text="The later run that rated the account's period anew.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='taken_over', to='billing.billrun'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='heldbill',
            name='start_date',
            field=models.DateField(help_text="First day of the run's period."),
        ),
        migrations.AlterField(
            model_name='heldbill',
            name='end_date',
            field=models.DateField(),
        ),
        migrations.AddConstraint(
            model_name='heldbill',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('account', 'start_date', 'end_date'), name='account_is_held_once_a_period'),
        ),
    ]
