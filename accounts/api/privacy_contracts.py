"""What the endpoints on the rights of customers over their data take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.domain.privacy import ErasureReason, ErasureState, ExportState
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import Strict


class NothingMore(Strict):
    """Nothing more is needed: send an empty object."""


class ExportShown(serializers.Serializer):
    """An export that you asked for."""

    id = serializers.IntegerField()
    customer = serializers.CharField(help_text="External id; of one who was merged, of who stands in their place.")
    state = serializers.ChoiceField(
        [str(one) for one in ExportState],
        help_text="waiting: it is being made, ask again in a minute. ready: fetch the file. over: ask for a new one.",
    )
    asked = serializers.DateTimeField()
    expires = serializers.DateField(allow_null=True, help_text="First day on which it cannot be fetched any more.")
    fetched = serializers.IntegerField(help_text="So many times.")


class ExportsShown(serializers.Serializer):
    """Exports that you asked for, the latest first."""

    exports = ExportShown(many=True)


class ObstacleShown(serializers.Serializer):
    """Why the data cannot be overwritten yet."""

    code = serializers.CharField()
    until = serializers.DateField(allow_null=True, help_text="From then on it stands no more; null: settle it.")


class ErasureShown(serializers.Serializer):
    """An erasure, on its way."""

    id = serializers.IntegerField()
    customer = serializers.CharField(help_text="External id; of one who was merged, of who stands in their place.")
    state = serializers.ChoiceField(
        [str(one) for one in ErasureState],
        help_text="due: it waits for a second person. released: a worker does it next. done. dropped: it was refused.",
    )
    reason = serializers.ChoiceField([str(one) for one in ErasureReason])
    since = serializers.DateField(help_text="The last account was given up then.")
    asked = serializers.DateTimeField()
    asked_by = serializers.CharField(help_text="staff, customer, client, or system: the night. Nobody is named.")
    decided = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(help_text="staff or client. Empty: nobody decided yet.")
    done = serializers.DateTimeField(allow_null=True)
    put_back = serializers.CharField(help_text="What was opened after the release, and put it back; empty: nothing.")
    rows = serializers.IntegerField(help_text="So many were overwritten.")


class ErasureOfCustomer(serializers.Serializer):
    """What stands for and against overwriting the data of a customer."""

    customer = serializers.CharField(help_text="External id; of one who was merged, of who stands in their place.")
    erasure = ErasureShown(allow_null=True, help_text="Null: none is under way.")
    obstacles = ObstacleShown(many=True, help_text="Empty: it may be asked for.")


class ErasureQuery(Strict):
    """Which erasures, and the page."""

    state = serializers.ChoiceField([str(one) for one in ErasureState], required=False)
    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class ErasurePage(serializers.Serializer):
    """Erasures, the latest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ErasureShown(many=True)


@extend_schema_serializer(examples=[OpenApiExample("Let it be done", value={"decision": "release"}, request_only=True)])
class ErasureDecision(Strict):
    """What the second one says. What is released cannot be undone."""

    decision = serializers.ChoiceField(["release", "drop"])
