"""What the endpoints on anomalies, on loads and losses of the network, and on reading routes take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api_fields import Strict
from metering.api.field_contracts import PageQuery
from metering.domain.anomalies import AnomalyKind, AnomalyState
from metering.domain.network import Asset

ANOMALY = {
    "anomaly": 17, "kind": "step_down", "state": "open", "score_e4": 9312, "since_date": "2026-03-03",
    "seen_date": "2026-03-08", "reasons": [{"code": "level_fell", "numbers": [51]}], "service_point": "S010001",
    "serial": "33000001", "transformer": None, "other_service_point": None, "work_order": None, "reason": "",
    "opened_at": "2026-03-09T04:30:00Z", "decided_at": None,
}  # fmt: skip
HOURS_MOST = 24


class AnomalyQuery(PageQuery):
    """Which anomalies."""

    state = serializers.ChoiceField([str(one) for one in AnomalyState], required=False)
    kind = serializers.ChoiceField([str(one) for one in AnomalyKind], required=False)


class AnomalyReason(serializers.Serializer):
    """A ground: its code, and the numbers that it says."""

    code = serializers.CharField()
    numbers = serializers.ListField(child=serializers.IntegerField())


@extend_schema_serializer(examples=[OpenApiExample("A level that fell", value=ANOMALY, response_only=True)])
class AnomalyOut(serializers.Serializer):
    """Something unusual about a load, with its grounds; codes are explained in the guide on meters."""

    anomaly = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.CharField()
    score_e4 = serializers.IntegerField(help_text="The weakest of its grounds, 0 to 10,000.")
    since_date = serializers.DateField()
    seen_date = serializers.DateField(help_text="Last day that was looked at when it was seen.")
    reasons = AnomalyReason(many=True)
    service_point = serializers.CharField(allow_null=True)
    serial = serializers.CharField(allow_null=True, help_text="Of the meter that hangs there now.")
    transformer = serializers.CharField(allow_null=True, help_text="Its name, of a transformer.")
    other_service_point = serializers.CharField(allow_null=True, help_text="The neighbour it was swapped with.")
    work_order = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(help_text="What was said when it was decided on.")
    opened_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class AnomalyPage(serializers.Serializer):
    """A page of anomalies."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = AnomalyOut(many=True)


class DaysQuery(Strict):
    """Which local days; four weeks up to yesterday where nothing is said, a year at most."""

    from_date = serializers.DateField(required=False, help_text="First day.")
    until_date = serializers.DateField(required=False, help_text="First day that is not in it.")


class LoadDayOut(serializers.Serializer):
    """What was carried on a day."""

    date = serializers.DateField()
    hours_wh = serializers.ListField(child=serializers.IntegerField(), help_text="24 hours; below 0: upwards.")
    is_measured = serializers.BooleanField(help_text="By its master meter; else the sum of what hangs behind it.")


class LoadsOut(serializers.Serializer):
    """What a transformer or a feeder carried; days that are not wholly known are left out."""

    asset = serializers.CharField(help_text="Its code.")
    usable_va = serializers.IntegerField()
    days = LoadDayOut(many=True)


class LossDayOut(serializers.Serializer):
    """What a transformer lost on a day. [Wh]"""

    date = serializers.DateField()
    given_wh = serializers.IntegerField()
    taken_wh = serializers.IntegerField()
    lost_wh = serializers.IntegerField()
    technical_wh = serializers.IntegerField(allow_null=True, help_text="By nature; null: no rule says how much.")
    commercial_wh = serializers.IntegerField(allow_null=True, help_text="Beyond that.")
    places = serializers.IntegerField(help_text="With a meter, behind it on that day.")


class LossesOut(serializers.Serializer):
    """What a transformer with a master meter lost; days that are not wholly known are left out."""

    transformer = serializers.CharField()
    days = LossDayOut(many=True)


class AssetForecastQuery(PageQuery):
    """Which forecasts; of tomorrow where no day is said."""

    date = serializers.DateField(required=False)
    kind = serializers.ChoiceField([str(one) for one in Asset], required=False)
    only_over = serializers.BooleanField(required=False, help_text="Only those that will carry more than they may.")


class AssetForecastOut(serializers.Serializer):
    """What a transformer or a feeder is thought to carry on a day."""

    kind = serializers.CharField()
    asset = serializers.CharField(help_text="Its code.")
    name = serializers.CharField()
    date = serializers.DateField()
    known_date = serializers.DateField(help_text="Last day that was known of.")
    hours_wh = serializers.ListField(child=serializers.IntegerField())
    peak_va = serializers.IntegerField()
    usable_va = serializers.IntegerField()
    is_over = serializers.BooleanField()
    error_e4 = serializers.IntegerField(allow_null=True, help_text="Of the mean load, on the days before. [10^-4]")


class AssetForecastPage(serializers.Serializer):
    """A page of forecasts."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = AssetForecastOut(many=True)


class VoltageQuery(PageQuery):
    """Which forecasts of voltage; of tomorrow where no day is said."""

    date = serializers.DateField(required=False)
    only_out = serializers.BooleanField(required=False, help_text="Only those that will leave the band.")


class VoltageOut(serializers.Serializer):
    """The voltage between a phase and neutral that is thought to come at a place. [mV]"""

    service_point = serializers.CharField()
    serial = serializers.CharField()
    transformer = serializers.CharField(help_text="Its name.")
    date = serializers.DateField()
    known_date = serializers.DateField(help_text="Last day that was looked at.")
    hours_mv = serializers.ListField(child=serializers.IntegerField(), help_text="-1: not known.")
    low_mv = serializers.IntegerField()
    high_mv = serializers.IntegerField()
    least_mv = serializers.IntegerField(help_text="Lower bound of the band.")
    most_mv = serializers.IntegerField(help_text="Upper bound of the band.")
    error_mv = serializers.IntegerField(help_text="Mean distance from what was measured.")


class VoltagePage(serializers.Serializer):
    """A page of forecasts of voltage."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = VoltageOut(many=True)


class RouteQuery(PageQuery):
    """Which reading routes."""

    is_active = serializers.BooleanField(required=False)


class RouteOut(serializers.Serializer):
    """A reading route."""

    route = serializers.CharField(help_text="Its code.")
    name = serializers.CharField()
    crew = serializers.CharField()
    days = serializers.ListField(child=serializers.IntegerField(), help_text="Of the month.")
    every_months = serializers.IntegerField()
    first_month = serializers.DateField()
    window_days = serializers.IntegerField()
    is_active = serializers.BooleanField()
    stops = serializers.IntegerField()
    open_date = serializers.DateField(allow_null=True, help_text="On which its open round was planned.")
    walked_date = serializers.DateField(allow_null=True, help_text="Of the last round that is closed.")


class RoutePage(serializers.Serializer):
    """A page of reading routes."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RouteOut(many=True)


class StopOut(serializers.Serializer):
    """A place on a route."""

    place = serializers.IntegerField(help_text="In the order of the walk, from 1.")
    service_point = serializers.CharField()
    address = serializers.CharField()
    serials = serializers.ListField(child=serializers.CharField(), help_text="Meters there that are read by value.")


class RoundOut(serializers.Serializer):
    """A round of a route."""

    planned_date = serializers.DateField()
    state = serializers.CharField()
    registers = serializers.IntegerField()
    read = serializers.IntegerField()
    missed = serializers.IntegerField()


class RouteWhole(RouteOut):
    """A reading route with its places and its last rounds."""

    coming = serializers.ListField(child=serializers.DateField(), help_text="Days on which it is walked next.")
    places = StopOut(many=True)
    rounds = RoundOut(many=True)
