"""What belongs to a case, for other programs: what it is about, and its pictures."""

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.queries import bills
from cis.kernel.errors import Refused
from cis.platform import api, documents
from cis.platform.access import actor_of
from cis.platform.api_fields import BIGINT_MOST, JpegRenderer, JsonParser, Strict, key_parameter, problems
from cis.platform.idempotency import idempotent
from complaints.api.contracts import NUMBER as DIGITS
from complaints.api.endpoints import NUMBER, READ, WRITE, case_id_of
from complaints.models.work import LINKED, CaseLink, CasePhoto
from complaints.operations import findings
from complaints.queries import case_parts
from contracts.queries import applications

APPLICATION_MOST = 20
PHOTO_ID = OpenApiParameter("photo_id", int, OpenApiParameter.PATH)


class UnknownPhoto(Refused):
    """The case has no such picture."""

    code = "unknown_case_photo"


@extend_schema_serializer(
    examples=[OpenApiExample("The bill in question", value={"bill": "0000000042"}, request_only=True)]
)
class CaseLinkNew(Strict):
    """One thing that a case is about."""

    bill = serializers.RegexField(DIGITS, required=False, help_text="Number of a bill.")
    application = serializers.CharField(
        max_length=APPLICATION_MOST, required=False, help_text="Number of an application."
    )
    read = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MOST)
    work_order = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MOST)
    fault_report = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MOST)
    meter_alarm = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MOST)


class CaseLinkShown(serializers.Serializer):
    """What a case is about."""

    kind = serializers.ChoiceField(list(LINKED))
    number = serializers.CharField(help_text="Number of the bill or application; of all else its id.")
    since = serializers.DateTimeField()


class CaseLinksShown(serializers.Serializer):
    """All that a case is about beside its account."""

    links = CaseLinkShown(many=True)


class CasePhotoNew(Strict):
    """A picture: JPEG, PNG or WebP."""

    file = serializers.FileField()


class CasePhotoShown(serializers.Serializer):
    """A picture of a case."""

    id = serializers.IntegerField()
    since = serializers.DateTimeField()
    is_customers = serializers.BooleanField(help_text="The caller sent it.")


class CasePhotosShown(serializers.Serializer):
    """The pictures of a case."""

    photos = CasePhotoShown(many=True)


@api.needs(GET=READ, POST=WRITE)
class CaseLinks(APIView):
    """What a case is about."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_case_links", summary="What a case is about", tags=["Cases"], parameters=[NUMBER],
        responses={200: CaseLinksShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Return the bills, reads, work orders, applications and faults that a case is about."""
        rows = case_parts.links(case_id=case_id_of(number, request))
        return Response({"links": [_link(one) for one in rows]})

    @extend_schema(
        operation_id="link_case", summary="Say what a case is about", tags=["Cases"],
        parameters=[NUMBER, key_parameter("link")], request=CaseLinkNew,
        responses={201: CaseLinksShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Link an open case to one thing, and return all that it is about; what was linked before stays so."""
        given = CaseLinkNew(data=request.data)
        given.is_valid(raise_exception=True)
        values, case_id = dict(given.validated_data), case_id_of(number, request)
        bill, application = values.pop("bill", None), values.pop("application", None)
        findings.link(
            case_id=case_id, at=timezone.now(), actor=actor_of(request),
            bill_id=None if bill is None else bills.id_of_number(bill),
            application_id=None if application is None else applications.id_of_number(application),
            **{f"{name}_id": value for name, value in values.items()},
        )  # fmt: skip
        return Response({"links": [_link(one) for one in case_parts.links(case_id=case_id)]}, status=201)


@api.needs(GET=READ, POST=WRITE)
class CasePhotos(APIView):
    """Pictures of a case."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="list_case_photos", summary="Pictures of a case", tags=["Cases"], parameters=[NUMBER],
        responses={200: CasePhotosShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Return which pictures a case has, the first first."""
        return Response({"photos": [_photo(one) for one in case_parts.photos(case_id=case_id_of(number, request))]})

    @extend_schema(
        operation_id="add_case_photo", summary="Add a picture", tags=["Cases"], parameters=[NUMBER],
        request={"multipart/form-data": CasePhotoNew},
        responses={201: CasePhotosShown, **problems(404, 409, 415, 422)},
    )  # fmt: skip
    def post(self, request: Request, number: str) -> Response:
        """Keep a picture with an open case; the same one counts once, so the request may be repeated."""
        given = CasePhotoNew(data=request.data)
        given.is_valid(raise_exception=True)
        case_id = case_id_of(number, request)
        findings.add_photo(
            case_id=case_id, source=given.validated_data["file"], at=timezone.now(), actor=actor_of(request)
        )
        return Response({"photos": [_photo(one) for one in case_parts.photos(case_id=case_id)]}, status=201)


@api.needs(GET=READ)
class CasePhotoOne(APIView):
    """One picture."""

    renderer_classes = (*APIView.renderer_classes, JpegRenderer)

    @extend_schema(
        operation_id="get_case_photo", summary="One picture", tags=["Cases"], parameters=[NUMBER, PHOTO_ID],
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, number: str, photo_id: int) -> FileResponse:
        """Return a picture as JPEG; where it was taken is not kept."""
        rows = case_parts.photos(case_id=case_id_of(number, request))
        found = next((one for one in rows if one.id == photo_id), None)
        if found is None:
            raise UnknownPhoto("There is no such picture.")
        answer = FileResponse(documents.open(found.document_id), content_type="image/jpeg")
        answer["Cache-Control"] = "private, no-store"
        return answer


def _link(row: CaseLink) -> dict[str, object]:
    kind = next(name for name in LINKED if getattr(row, f"{name}_id") is not None)
    named = row.bill or row.application
    return {
        "kind": kind, "number": str(getattr(row, f"{kind}_id") if named is None else named.number), "since": row.at,
    }  # fmt: skip


def _photo(row: CasePhoto) -> dict[str, object]:
    return {"id": row.id, "since": row.at, "is_customers": row.actor_kind == "customer"}
