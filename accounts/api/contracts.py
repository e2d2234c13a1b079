"""What the endpoints of the room take and give."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_states import NoticeState
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import Strict

CURSOR_MOST = 500
CHOICES_MOST = len(NoticeClass) * len(Channel)
NOTICE = {
    "id": 17, "event": "bill_issued", "class": "money", "channel": "email", "state": "sent", "reason": "",
    "address": "wang@example.com", "subject": "电费账单 0000000042", "body": "……", "occurred_date": "2026-11-02",
    "created_at": "2026-11-02T01:30:00Z", "sent_at": "2026-11-02T01:30:04Z", "settled_at": None, "read_at": None,
}  # fmt: skip
CONSENT = {"class": "money", "channel": "sms", "is_on": True, "is_said": False}


class NoticeQuery(Strict):
    """Which notices of an account."""

    channel = serializers.ChoiceField([str(one) for one in Channel], required=False)
    state = serializers.ChoiceField([str(one) for one in NoticeState], required=False)
    cursor = serializers.CharField(required=False, max_length=CURSOR_MOST, help_text="From next or previous.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class _Classed(serializers.Serializer):
    """Names the class of a notice ``class``, which Python keeps for itself."""

    def get_fields(self) -> dict[str, Any]:
        """Return the fields with the class among them."""
        kinds = [str(one) for one in NoticeClass]
        return {"class": serializers.ChoiceField(kinds, source="notice_class"), **super().get_fields()}


@extend_schema_serializer(examples=[OpenApiExample("A bill", value=NOTICE, response_only=True)])
class NoticeShown(_Classed):
    """One notice by one way, with its text as sent; a one-time code in it is not shown."""

    id = serializers.IntegerField()
    event = serializers.CharField()
    channel = serializers.ChoiceField([str(one) for one in Channel])
    state = serializers.ChoiceField([str(one) for one in NoticeState])
    reason = serializers.CharField(allow_blank=True, help_text="Why it did not go or arrive.")
    address = serializers.CharField(allow_blank=True)
    subject = serializers.CharField(allow_blank=True)
    body = serializers.CharField()
    occurred_date = serializers.DateField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True, help_text="When it arrived, bounced or failed.")
    read_at = serializers.DateTimeField(allow_null=True, help_text="When it was opened in the portal.")


class NoticePage(serializers.Serializer):
    """Notices, the latest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = NoticeShown(many=True)


class ChoiceShown(_Classed):
    """Whether notices of a class go by a way."""

    channel = serializers.ChoiceField([str(one) for one in Channel])
    is_on = serializers.BooleanField()
    is_said = serializers.BooleanField(help_text="The customer said so; else it holds by law.")


class ConsentShown(serializers.Serializer):
    """What holds for each class and way."""

    account = serializers.CharField()
    choices = ChoiceShown(many=True)


class ChoiceNew(Strict, _Classed):
    """What the customer says of a class and a way."""

    channel = serializers.ChoiceField([str(one) for one in Channel])
    is_on = serializers.BooleanField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "No SMS on money",
            value={"choices": [{"class": "money", "channel": "sms", "is_on": False}]},
            request_only=True,
        )
    ]
)
class ConsentNew(Strict):
    """What a customer says; what is not named stays as it is."""

    choices = ChoiceNew(many=True, min_length=1, max_length=CHOICES_MOST)  # type: ignore[call-arg]
