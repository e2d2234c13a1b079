"""A small API, for tests of what all endpoints share."""

from django.urls import path
from rest_framework import generics, serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import access, api, audit
from cis.platform.db import opens_transaction
from cis.platform.idempotency import idempotent
from cis.platform.models import AuditEvent, Job

READ = api.scope("test:read", "Read tests.", roles={Role.CLERK})
WRITE = api.scope("test:write", "Write tests.", roles={Role.SUPERVISOR})
BEFORE_EFFECT = []


class Full(Refused):
    code = "full"


class UnknownThing(Refused):
    code = "unknown_thing"


class SeatTaken(Refused):
    code = "seat_taken"


REFUSALS = {
    "full": Full("It is full.", advice="Come back."),
    "unknown": UnknownThing("There is none."),
    "taken": SeatTaken("It is taken."),
    "not_allowed": NotAllowed("You may not."),
}


class LineSerializer(serializers.Serializer):
    amount_minor = serializers.IntegerField(min_value=1)


class ThingSerializer(serializers.Serializer):
    name = serializers.CharField()
    lines = LineSerializer(many=True, required=False)

    def validate(self, attrs):
        if attrs["name"] == "wrong":
            raise serializers.ValidationError("As a whole it is wrong.")
        return attrs


@opens_transaction
def put_down(*, name, actor):
    audit.record(actor, "put_down", "thing", None, name=name)
    for call in BEFORE_EFFECT:
        call()
    if name in REFUSALS:
        raise REFUSALS[name]
    return AuditEvent.objects.count()


@api.needs(GET=READ, POST=WRITE)
class Things(APIView):
    def get(self, request):
        return Response({"actor": access.actor_of(request).name})

    @idempotent
    def post(self, request):
        checked = ThingSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        if checked.validated_data["name"] == "half":
            put_down(name="half", actor=access.actor_of(request))
            return Response({"half": True}, status=503)
        count = put_down(name=checked.validated_data["name"], actor=access.actor_of(request))
        return Response({"z": count, "a": "é"}, status=201, headers={"Location": f"/things/{count}"})


@api.needs(GET=READ)
class Refusals(APIView):
    def get(self, request, kind):
        if kind == "findings":
            found = Findings()
            found.add("line 3", "bad_value", "3 is too much.", "Take 2.")
            found.raise_if_any(Full)
        if kind == "bug":
            raise ZeroDivisionError("secret 4711")
        raise REFUSALS[kind]


class JobSerializer(serializers.ModelSerializer):
    class Meta:
        model = Job
        fields = ["id", "name"]


@api.needs(GET=READ)
class Jobs(generics.ListAPIView):
    queryset = Job.objects.all()
    serializer_class = JobSerializer


@access.allow_api
class Undeclared(APIView):
    def get(self, request):
        return Response({})


@api.needs(GET=READ)
@api_view(["GET"])
def by_function(_request):
    return Response({"by": "function"})


urlpatterns = [
    path("things", Things.as_view()),
    path("refusals/<str:kind>", Refusals.as_view()),
    path("jobs", Jobs.as_view()),
    path("undeclared", Undeclared.as_view()),
    path("function", by_function),
]
