import cis.platform.fields
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
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
            name='PriceSeries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=60, unique=True)),
                ('source', models.TextField(help_text='Who publishes it, and where.')),
            ],
        ),
        migrations.CreateModel(
            name='Tariff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=60, unique=True)),
                ('name_zh', models.CharField(max_length=200)),
                ('name_en', models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='PriceEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tariff', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='tariffs.tariff')),
                ('event_date', models.DateField()),
                ('code', models.CharField(help_text="Event of the tariff's calendar.", max_length=60)),
                ('source', models.TextField(help_text='What announced it, as the forecast or notice.')),
                ('announced_at', models.DateTimeField()),
                ('actor_id', models.BigIntegerField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['event_date'], name='event_by_date')],
                'constraints': [models.UniqueConstraint(fields=('tariff', 'event_date'), name='tariff_has_one_event_a_day')],
            },
        ),
        migrations.CreateModel(
            name='TariffVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tariff', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='tariffs.tariff')),
                ('state', cis.platform.fields.Code(choices=[('draft', 'draft'), ('published', 'published'), ('rejected', 'rejected'), ('replaced', 'replaced')], default='draft', max_length=40)),
                ('period', django.contrib.postgres.fields.ranges.DateRangeField(help_text='Local dates for which the prices hold, half-open.')),
                ('source', models.TextField()),
                ('sha256', models.CharField(max_length=64)),
                ('legal_source', models.TextField()),
                ('customer_class', cis.platform.fields.Code(blank=True, default='', help_text='Class of customers; empty: the document names none.', max_length=40)),
                ('area', models.CharField(blank=True, default='', max_length=100)),
                ('published_at', models.DateTimeField(null=True)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('approver_id', models.BigIntegerField(null=True)),
                ('reason', models.TextField(blank=True, default='', help_text='Why it was rejected.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'published', 'rejected', 'replaced'])), name='tariff_version_state_is_known'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('state', 'published')), expressions=[(cis.platform.fields._OneId(models.F('tariff_id'), models.F('tariff_id'), models.Value('[]')), '&&'), ('period', '&&')], name='tariff_has_one_version_at_a_time'), models.UniqueConstraint(fields=('tariff', 'sha256'), name='tariff_document_kept_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'published'), _negated=True), ('approver_id', None), ('actor_id', None), models.Q(('approver_id', models.F('actor_id')), _negated=True), _connector='OR'), name='nobody_publishes_their_own_draft'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'rejected'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='a_rejected_version_has_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='PriceSeriesDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('series', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='days', to='tariffs.priceseries')),
                ('day_date', models.DateField(help_text='Local date.')),
                ('version', models.SmallIntegerField(default=1)),
                ('start_at', models.DateTimeField(help_text='First instant of the local date.')),
                ('interval_minutes', models.SmallIntegerField()),
                ('prices_e6', models.BinaryField()),
                ('loaded_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('actor_id', models.BigIntegerField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('series', 'day_date', 'version'), name='price_day_version_kept_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='priceseriesday',
            trigger=pgtrigger.compiler.Trigger(name='price_days_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7ef3bdd9dca7493008cc00b4d488eab756d3dad5', operation='UPDATE OR DELETE', pgid='pgtrigger_price_days_are_append_only_e3570', table='tariffs_priceseriesday', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='priceevent',
            trigger=pgtrigger.compiler.Trigger(name='price_events_are_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='39e23461c4ee45868f7cccf2ff0cae93b5b6f27c', operation='UPDATE OR DELETE', pgid='pgtrigger_price_events_are_append_only_6cba2', table='tariffs_priceevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='tariffversion',
            trigger=pgtrigger.compiler.Trigger(name='published_version_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    IF OLD.state = 'published' AND (\n                        TG_OP = 'DELETE'\n                        OR (NEW.tariff_id, NEW.state, NEW.source, NEW.sha256, NEW.legal_source, NEW.customer_class,\n                            NEW.area, NEW.published_at, NEW.actor_id, NEW.approver_id, lower(NEW.period))\n                        IS DISTINCT FROM\n                        (OLD.tariff_id, OLD.state, OLD.source, OLD.sha256, OLD.legal_source, OLD.customer_class,\n                         OLD.area, OLD.published_at, OLD.actor_id, OLD.approver_id, lower(OLD.period))\n                    ) THEN\n                        RAISE EXCEPTION 'tariff version % is published and frozen', OLD.id;\n                    END IF;\n                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n                    RETURN NEW;\n                ", hash='f4ed1914ac6baf243fb2b5f5baf32dec1ef49254', operation='UPDATE OR DELETE', pgid='pgtrigger_published_version_is_frozen_80bbc', table='tariffs_tariffversion', when='BEFORE')),
        ),
    ]
