"""What meters say of their own."""

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.meter_alarms import AlarmAnswer, AlarmKind


class MeterAlarm(models.Model):
    """
    An alarm of a meter, once however often it was sent. Append-only, but for ``outage``, where it belongs now.

    ``service_point`` is where the meter hung at that time; ``work_order`` is what was ordered because of it, ``first``
    the alarm of the kind of which something came before, so that nothing came of this one.
    """

    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, related_name="alarms", db_index=False)
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="alarms", db_index=False
    )
    outage = models.ForeignKey("metering.Outage", on_delete=models.PROTECT, null=True, related_name="alarms")
    work_order = models.ForeignKey(
        "metering.WorkOrder", on_delete=models.PROTECT, null=True, related_name="alarms", db_index=False
    )
    first = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="more", db_index=False)
    kind = Code(choices=choices_of(AlarmKind))
    answer = Code(choices=choices_of(AlarmAnswer))
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="alarm_kind_is_known", column="kind", values=AlarmKind),
            one_of(name="alarm_answer_is_known", column="answer", values=AlarmAnswer),
            models.UniqueConstraint(name="alarm_counts_once", fields=["meter", "kind", "occurred_at"]),
        ]
        indexes = [
            models.Index(name="alarms_of_supply", fields=["service_point", "occurred_at"]),
        ]
