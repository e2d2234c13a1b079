"""Calls back for telephone systems: who hung up is called, once, however often they tried."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, Strict, key_parameter, problems
from cis.platform.idempotency import idempotent
from complaints.domain.calls import ABOUT_MOST, CallSource, CallState
from complaints.domain.intake import NAME_MOST, PHONE_MOST, REFERENCE_MOST
from complaints.operations import call_requests
from complaints.operations.call_requests import NewCall
from complaints.queries import calls
from complaints.queries.calls import UnknownCall

WRITE = api.scope("calls:write", "Let people be called back who hung up.", roles=set())
EXAMPLE = {
    "id": 17, "phone": "+8613812345678", "state": "waiting", "reference": "call-8812", "times": 1, "tries": 0,
    "asked": "2026-03-02T02:00:00Z", "due": "2026-03-02T03:00:00Z", "ended": None, "is_new": True,
}  # fmt: skip


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Hung up while waiting",
            value={"phone": "13812345678", "about": "queue: bills, waited 4 min", "reference": "call-8812"},
            request_only=True,
        )
    ]
)
class CallNew(Strict):
    """Somebody waits for a call. The number tells nobody who they are; name an account only if they typed it."""

    phone = serializers.CharField(max_length=PHONE_MOST)
    name = serializers.CharField(max_length=NAME_MOST, required=False, default="")
    about = serializers.CharField(max_length=ABOUT_MOST, required=False, default="")
    account = serializers.RegexField(r"^[0-9]{1,20}$", required=False)
    language = serializers.ChoiceField(["zh-hans", "en"], required=False, default="zh-hans")
    from_at = serializers.DateTimeField(required=False, help_text="When they want to be called; with until_at.")
    until_at = serializers.DateTimeField(required=False)
    reference = serializers.CharField(
        max_length=REFERENCE_MOST, help_text="Number of it there: the same one counts once."
    )


@extend_schema_serializer(examples=[OpenApiExample("Waits", value=EXAMPLE, response_only=True)])
class CallShown(serializers.Serializer):
    """A call that is owed, or was made."""

    id = serializers.IntegerField()
    phone = serializers.CharField()
    state = serializers.ChoiceField([str(one) for one in CallState])
    reference = serializers.CharField()
    times = serializers.IntegerField(help_text="How often it was asked for while it waited.")
    tries = serializers.IntegerField(help_text="Calls that were made.")
    asked = serializers.DateTimeField()
    due = serializers.DateTimeField()
    ended = serializers.DateTimeField(allow_null=True)
    is_new = serializers.BooleanField(help_text="False: the number waited already, or the reference was known.")


@api.needs(POST=WRITE)
class CallList(APIView):
    """Calls back."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="ask_for_call", summary="Let somebody be called back", tags=["Telephone and kiosks"],
        parameters=[key_parameter("call")], request=CallNew,
        responses={201: CallShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Keep that somebody waits for a call; a number that waits already waits on, for one call."""
        given = CallNew(data=request.data)
        given.is_valid(raise_exception=True)
        values, actor = dict(given.validated_data), actor_of(request)
        number = values.pop("account", None)
        account_id = None if number is None else accounts.id_of_number(number)
        new = NewCall(source=CallSource.TELEPHONE, account_id=account_id, **values)
        made = call_requests.ask(new=new, at=timezone.now(), actor=actor)
        row = calls.brought(made.request_id)
        return Response({**_shown(row), "reference": new.reference, "is_new": made.is_new}, status=201)


@api.needs(GET=WRITE)
class CallOne(APIView):
    """One call back."""

    @extend_schema(
        operation_id="get_call", summary="One call back", tags=["Telephone and kiosks"],
        responses={200: CallShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, call_id: int) -> Response:
        """Return a call that this program asked for, under the reference that it brought first."""
        actor = actor_of(request)
        try:
            row = calls.detail(request_id=call_id, actor=actor).row
        except UnknownCall as refusal:
            raise UnknownCall("There is no such call.") from refusal
        return Response({**_shown(row), "reference": calls.reference_of(row, actor=actor), "is_new": False})


def _shown(row: object) -> dict[str, object]:
    names = {"id": "id", "phone": "phone", "state": "state", "times": "times", "tries": "tries", "asked": "asked_at",
             "due": "due_at", "ended": "ended_at"}  # fmt: skip
    return {shown: getattr(row, name) for shown, name in names.items()}
