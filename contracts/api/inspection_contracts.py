"""What the endpoints on safety inspections give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from contracts.domain.inspection import InspectionKind, Severity
from contracts.domain.inspection_workflow import DefectState, InspectionState

DEFECT = {
    "id": 12, "code": "grounding", "severity": "serious", "state": "open",
    "text": {"zh": "接地电阻超过 4 Ω", "en": "Earthing resistance above 4 Ω"}, "note": "", "found_date": "2026-11-02",
    "due_date": "2026-11-16", "closed_date": None,
}  # fmt: skip
INSPECTION = {
    "id": 7, "kind": "periodic", "state": "failed", "due_date": "2026-11-05", "done_date": "2026-11-02",
    "account": "3100000017", "address": "上海市浦东新区灵山路1382号", "notice": "ZG2026000004", "defects": [DEFECT],
}  # fmt: skip


class DefectText(serializers.Serializer):
    """What is wrong, in both languages."""

    zh = serializers.CharField()
    en = serializers.CharField()


class DefectShown(serializers.Serializer):
    """A defect; ``due_date`` is the last day on which it may be rectified."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    severity = serializers.ChoiceField([str(one) for one in Severity])
    state = serializers.ChoiceField([str(one) for one in DefectState])
    text = DefectText()
    note = serializers.CharField()
    found_date = serializers.DateField()
    due_date = serializers.DateField()
    closed_date = serializers.DateField(allow_null=True)


@extend_schema_serializer(examples=[OpenApiExample("One with a defect", value=INSPECTION, response_only=True)])
class InspectionShown(serializers.Serializer):
    """A safety inspection with its defects."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField([str(one) for one in InspectionKind])
    state = serializers.ChoiceField([str(one) for one in InspectionState])
    due_date = serializers.DateField()
    done_date = serializers.DateField(allow_null=True)
    account = serializers.CharField(help_text="Account number; empty: of an application.")
    address = serializers.CharField()
    notice = serializers.CharField(help_text="Number of the notice of rectification; empty: none is issued.")
    defects = DefectShown(many=True)


class InspectionsOfPlace(serializers.Serializer):
    """The last inspections of a place, at most 100, latest first."""

    place = serializers.CharField()
    results = InspectionShown(many=True)
