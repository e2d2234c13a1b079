"""What the endpoints on safety inspections give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import Strict
from contracts.domain.inspection import InspectionKind, Severity
from contracts.domain.inspection_workflow import DefectState, InspectionState

CURSOR_MOST = 500
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


class PageQuery(Strict):
    """Which page."""

    cursor = serializers.CharField(max_length=CURSOR_MOST, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=PAGE_SIZE_MOST, required=False)


class InspectionQuery(PageQuery):
    """Which inspections."""

    state = serializers.ChoiceField([str(one) for one in InspectionState], required=False)
    kind = serializers.ChoiceField([str(one) for one in InspectionKind], required=False)
    account = serializers.RegexField(r"^[0-9]{1,20}$", required=False, help_text="Beginning of the account's number.")


class InspectionPage(serializers.Serializer):
    """A page of inspections."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = InspectionShown(many=True)


class DefectQuery(PageQuery):
    """Which defects."""

    state = serializers.ChoiceField([str(one) for one in DefectState], required=False)
    severity = serializers.ChoiceField([str(one) for one in Severity], required=False)


class DefectOfInspection(DefectShown):
    """A defect with its inspection."""

    inspection = serializers.IntegerField()


class DefectPage(serializers.Serializer):
    """A page of defects."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = DefectOfInspection(many=True)
