import cis.platform.fields
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from cis.platform.first_migration import FirstMigration


class Migration(FirstMigration):

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('prefix', models.CharField(max_length=12, unique=True)),
                ('secret_sha256', models.CharField(max_length=64)),
                ('scopes', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('revoked_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Deadline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', cis.platform.fields.Code(help_text='Kind of row that it is about, as in the audit trail.', max_length=60)),
                ('subject_id', models.BigIntegerField()),
                ('standard', cis.platform.fields.Code(help_text='Key of the service standard.', max_length=80)),
                ('state', cis.platform.fields.Code(choices=[('running', 'running'), ('stopped', 'stopped'), ('met', 'met'), ('dropped', 'dropped')], default='running', max_length=40)),
                ('within', models.IntegerField()),
                ('unit', cis.platform.fields.Code(choices=[('working_days', 'working_days'), ('hours', 'hours'), ('minutes', 'minutes')], max_length=40)),
                ('warn', models.IntegerField(help_text='So much of the unit before the end somebody is warned.')),
                ('started_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(null=True)),
                ('warn_at', models.DateTimeField(null=True)),
                ('warned_at', models.DateTimeField(null=True)),
                ('passed_at', models.DateTimeField(help_text='When it was told that it has passed.', null=True)),
                ('ended_at', models.DateTimeField(help_text='When it was met or dropped.', null=True)),
                ('used_hundredths', models.IntegerField(help_text='What was used up when it was met; 1/100 of the unit.', null=True)),
                ('in_time', models.BooleanField(help_text='Whether it was met in time; empty if it was not met.', null=True)),
                ('taken_by_id', models.BigIntegerField(help_text='Who looks after it; empty: nobody yet.', null=True)),
                ('taken_by', models.CharField(db_default='', help_text='The name of who looks after it.', max_length=150)),
                ('taken_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['subject', 'subject_id'], name='deadline_by_subject'), models.Index(condition=models.Q(('passed_at', None), ('state', 'running'), ('warned_at', None)), fields=['warn_at'], name='deadline_to_warn_of'), models.Index(condition=models.Q(('due_at__isnull', False), ('passed_at', None), ('state__in', ('running', 'stopped'))), fields=['due_at'], name='deadline_to_pass'), models.Index(condition=models.Q(('due_at__isnull', False), ('state__in', ('running', 'stopped'))), fields=['due_at', 'id'], name='deadline_open'), models.Index(condition=models.Q(('state', 'met')), fields=['subject', 'ended_at'], name='deadline_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['running', 'stopped', 'met', 'dropped'])), name='deadline_state_is_known'), models.CheckConstraint(condition=models.Q(('unit__in', ['working_days', 'hours', 'minutes'])), name='deadline_unit_is_known'), models.UniqueConstraint(condition=models.Q(('state__in', ('running', 'stopped'))), fields=('subject', 'subject_id', 'standard'), name='one_open_clock_of_a_standard'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), _negated=True), ('due_at__isnull', False), _connector='OR'), name='running_clock_has_an_end'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state__in', ('running', 'stopped'))), models.Q(models.Q(('state__in', ('running', 'stopped')), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='ended_deadline_has_its_instant'), models.CheckConstraint(condition=models.Q(models.Q(('in_time__isnull', False), ('state', 'met'), ('used_hundredths__isnull', False)), models.Q(models.Q(('state', 'met'), _negated=True), ('in_time', None), ('used_hundredths', None)), _connector='OR'), name='met_deadline_says_whether_in_time')],
            },
        ),
        migrations.CreateModel(
            name='DeadlineStop',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('deadline', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stops', to='platform.deadline')),
                ('stopped_at', models.DateTimeField()),
                ('went_on_at', models.DateTimeField(null=True)),
                ('reason', cis.platform.fields.Code(help_text='For whom or what is waited.', max_length=60)),
            ],
            options={
                'indexes': [models.Index(fields=['deadline', 'stopped_at'], name='stop_of_deadline')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('went_on_at', None)), fields=('deadline',), name='a_clock_stands_still_once'), models.CheckConstraint(condition=models.Q(('went_on_at', None), ('went_on_at__gte', models.F('stopped_at')), _connector='OR'), name='a_stop_ends_after_it_began')],
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=255)),
                ('media_type', models.CharField(max_length=100)),
                ('size', models.BigIntegerField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('sealed_name', models.CharField(db_default='', help_text='File of its encrypted bytes; empty: plain.', max_length=64)),
                ('looked_at', models.DateTimeField(help_text='When it was looked whose it is.', null=True)),
                ('erased_at', models.DateTimeField(help_text='Since when nobody can read it.', null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('looked_at', None), ('sealed_name', '')), fields=['id'], name='document_to_look_at')],
            },
        ),
        migrations.CreateModel(
            name='DocumentKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='platform.document')),
                ('customer_id', models.BigIntegerField(db_index=True)),
                ('wrapped', models.BinaryField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('document', 'customer_id'), name='a_customer_has_one_key')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.CharField(max_length=60)),
                ('key', models.CharField(max_length=255)),
                ('request_sha256', models.CharField(max_length=64)),
                ('status', models.IntegerField()),
                ('response', models.JSONField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'key'), name='request_counts_once')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', cis.platform.fields.Code(max_length=40)),
                ('subject', models.CharField(default='', max_length=200)),
                ('state', cis.platform.fields.Code(choices=[('waiting', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed')], default='waiting', max_length=40)),
                ('total', models.BigIntegerField(default=0)),
                ('done', models.BigIntegerField(default=0)),
                ('failed', models.BigIntegerField(default=0)),
                ('message', models.TextField(default='')),
                ('due_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('actor_id', models.BigIntegerField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'done', 'failed'])), name='job_state_is_known'), models.UniqueConstraint(condition=models.Q(('due_at__isnull', False)), fields=('name', 'due_at'), name='schedule_fires_once')],
            },
        ),
        migrations.CreateModel(
            name='OutboxMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', cis.platform.fields.Code(max_length=40)),
                ('key', models.CharField(help_text='The same key is queued once.', max_length=200)),
                ('payload', models.JSONField(help_text='Ids and texts only; never prices or money.')),
                ('state', cis.platform.fields.Code(choices=[('waiting', 'waiting'), ('sent', 'sent'), ('dead', 'dead')], default='waiting', max_length=40)),
                ('attempts', models.IntegerField(default=0)),
                ('last_error', models.TextField(default='')),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sent_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at', 'id'], name='outbox_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sent', 'dead'])), name='outbox_state_is_known'), models.UniqueConstraint(fields=('kind', 'key'), name='message_queued_once')],
            },
        ),
        migrations.CreateModel(
            name='PersonKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('customer_id', models.BigIntegerField(help_text='No foreign key: the platform knows no rooms.', unique=True)),
                ('wrapped', models.TextField(help_text='Empty: it was destroyed.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('destroyed_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('destroyed_at__isnull', False), ('wrapped', '')), models.Q(models.Q(('wrapped', ''), _negated=True), ('destroyed_at', None)), _connector='OR'), name='destroyed_key_is_gone')],
            },
        ),
        migrations.CreateModel(
            name='RateCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('since', models.DateTimeField()),
                ('count', models.IntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key', 'since'), name='one_count_of_a_span')],
            },
        ),
        migrations.CreateModel(
            name='Sequence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('last', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('actor_kind', cis.platform.fields.Code(max_length=40)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('actor_name', models.CharField(default='', max_length=150)),
                ('action', cis.platform.fields.Code(max_length=60)),
                ('subject', cis.platform.fields.Code(max_length=60)),
                ('subject_id', models.BigIntegerField(null=True)),
                ('detail', models.JSONField(default=dict)),
                ('request_id', models.CharField(default='', max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['subject', 'subject_id', 'at'], name='audit_by_subject')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditevent',
            trigger=pgtrigger.compiler.Trigger(name='audit_is_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='45cca7995528b6ec6186ce87b6e69ec58a9a2501', operation='UPDATE OR DELETE', pgid='pgtrigger_audit_is_append_only_79778', table='platform_auditevent', when='BEFORE')),
        ),
    ]
