"""
Building blocks of the API's contracts: strict input, money, problems, PDF.

What is not named in a contract is refused: a mistyped field would else be lost in silence.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from cis.kernel import fixed
from cis.platform.api import PROBLEM_TYPE
from cis.platform.idempotency import HEADER

MINOR_PLACES = 2
NUMBER_MOST = 20
URL_FORMAT = "format"
BIGINT_MOST = 2**63 - 1


class Strict(serializers.Serializer):
    """Input of which each field is known."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse fields that the contract does not name."""
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                known = ", ".join(sorted(name for name, field in self.fields.items() if not field.read_only))
                said = ErrorDetail(f"This field is not known here. Known are: {known}.", code="unknown_field")
                raise ValidationError({name: [said] for name in unknown})
        return super().to_internal_value(data)


class _StrictInSchema(OpenApiSerializerExtension):
    """How the API's description speaks of strict input."""

    target_class = "cis.platform.api_fields.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        """Say that further fields are refused."""
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        return {**schema, "additionalProperties": False}


def key_parameter(of: str) -> OpenApiParameter:
    """Return the header that lets a request have its effect once; ``of``: what is new with each key."""
    return OpenApiParameter(
        HEADER,
        {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        OpenApiParameter.HEADER,
        required=True,
        description=f"New for each {of}, the same for its repetition: the same reply comes again.",
    )


def asked(contract: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """
    Return what a list is asked for by its query, without what pages it.

    :raises ValidationError: a parameter is unknown, wrong, or comes twice.
    """
    wanted = asked_with_page(contract, request)
    return {name: value for name, value in wanted.items() if name not in {"cursor", "page_size"}}


def asked_with_page(contract: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """
    Return what a list is asked for by its query, with the place in the list and the size of its pages.

    :raises ValidationError: a parameter is unknown, wrong, or comes twice.
    """
    wanted = contract(data=query_of(request))
    wanted.is_valid(raise_exception=True)
    return dict(wanted.validated_data)


def next_page(request: Request, **changed: object) -> str:
    """Return the address of the next page: the same query from another place on."""
    query = {**request.query_params.dict(), **{name: str(value) for name, value in changed.items()}}
    return str(request.build_absolute_uri(f"{request.path}?{urlencode(query)}"))


def query_of(request: Request) -> dict[str, str]:
    """
    Return the query of a request for a strict contract; an empty value is a value, not a missing one.

    ``format`` was looked at before: it says what the reply is written in.

    :raises ValidationError: a parameter comes twice.
    """
    doubled = {name: values for name, values in request.query_params.lists() if len(values) > 1}
    if doubled:
        raise ValidationError(
            {name: [ErrorDetail("This parameter may come once.", code="repeated")] for name in doubled}
        )
    asked = request.query_params.dict()
    return {name: value for name, value in asked.items() if name != URL_FORMAT}


def first_fault(invalid: serializers.BaseSerializer) -> dict[str, str]:
    """Return field, code and message of the first fault that a serializer found."""
    found: Any = invalid.errors
    details: Any = ValidationError(found).get_full_details()
    field = next(iter(details))
    fault = details[field][0]
    where = "" if field == "non_field_errors" else str(field)
    return {"where": where, "code": str(fault["code"]), "message": str(fault["message"])}


class WholeNumber(serializers.IntegerField):
    """A JSON integer: neither a text, nor 12.0, nor true."""

    def to_internal_value(self, data: Any) -> int:
        """Refuse whatever is not an integer as it came."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(data)


class MoneyField(serializers.Serializer):
    """An amount of money."""

    amount_minor = serializers.IntegerField(
        min_value=-BIGINT_MOST, max_value=BIGINT_MOST, help_text="In minor units: 19250 = ¥192.50."
    )
    currency = serializers.CharField(help_text="ISO 4217 code.")
    text = serializers.CharField(help_text="The same amount in major units, as people read it.")


def money(amount_minor: int, currency: str) -> dict[str, object]:
    """Return an amount as the API gives it."""
    return {
        "amount_minor": amount_minor,
        "currency": currency,
        "text": fixed.to_text(amount_minor, places=MINOR_PLACES),
    }


class BothLanguages(serializers.Serializer):
    """A text in both languages."""

    zh = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class FaultField(serializers.Serializer):
    """One fault of a request."""

    where = serializers.CharField(help_text="Place in the request, as reads[2].read_date.")
    code = serializers.CharField()
    message = serializers.CharField()
    advice = serializers.CharField(required=False)


class Problem(serializers.Serializer):
    """Why a request was not done. [RFC 9457]"""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong.")
    code = serializers.CharField(help_text="Stable name of the reason, for programs.")
    advice = serializers.CharField(required=False, help_text="What to do about it.")
    instance = serializers.CharField()
    request_id = serializers.CharField(help_text="Under which the logs of the server tell more.")
    errors = FaultField(many=True, required=False)  # type: ignore[assignment] # the name is the contract's


WORDS = {
    400: "The request is not well formed.",
    401: "No key, or one that is unknown or revoked.",
    403: "The key lacks the scope.",
    404: "There is no such thing.",
    406: "The answer does not come in the form asked for.",
    409: "It does not allow that in its state (illegal_move), the name is taken (a code that ends in _taken), "
    "or the first request with this Idempotency-Key is still under way (request_in_progress).",
    415: "The body is not JSON.",
    422: "The request is well formed but cannot be done; code and errors say why.",
}
EXAMPLES = {
    401: ("authentication_failed", "The key is unknown or was revoked."),
    403: ("permission_denied", "You do not have permission to perform this action."),
    404: ("unknown_bill", "There is no bill 0000000042."),
    422: ("invalid_request", "The request has faults."),
}


def problems(*statuses: int) -> dict[Any, Any]:
    """Return the problem replies of an endpoint for its description; 400, 401, 403 and 406 are those of all."""
    return {(status, PROBLEM_TYPE): _problem(status) for status in sorted({400, 401, 403, 406, *statuses})}


def _problem(status: int) -> OpenApiResponse:
    examples = []
    if status in EXAMPLES:
        code, detail = EXAMPLES[status]
        value = {
            "type": "about:blank", "title": "Problem", "status": status, "detail": detail, "code": code,
            "instance": "/api/v1/", "request_id": "0a61b6b9-5c8e-4b53-8b6d-7f8f9f4a2f55",
        }  # fmt: skip
        examples.append(OpenApiExample(code, value=value, response_only=True, status_codes=[str(status)]))
    return OpenApiResponse(response=Problem, description=WORDS[status], examples=examples)


class JsonParser(JSONParser):
    """Reads JSON; a body that is nested beyond all measure is the caller's fault, not the server's."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """
        Return the body.

        :raises ParseError: it is not JSON.
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error


class _FileRenderer(BaseRenderer):
    """Lets a caller ask for a file by its media type; a problem is still told in JSON."""

    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:  # noqa: ARG002
        """Return bytes as they are, anything else as JSON."""
        written: bytes = data if isinstance(data, bytes) else JSONRenderer().render(data)
        return written


class PdfRenderer(_FileRenderer):
    """Lets a caller ask for ``application/pdf``."""

    media_type = "application/pdf"
    format = "pdf"


class JpegRenderer(_FileRenderer):
    """Lets a caller ask for ``image/jpeg``."""

    media_type = "image/jpeg"
    format = "jpg"


class XmlRenderer(_FileRenderer):
    """Lets a caller ask for ``application/xml``."""

    media_type = "application/xml"
    format = "xml"


class ZipRenderer(_FileRenderer):
    """Lets a caller ask for ``application/zip``."""

    media_type = "application/zip"
    format = "zip"


class CsvRenderer(_FileRenderer):
    """Lets a caller ask for ``text/csv``."""

    media_type = "text/csv"
    format = "csv"


class AtomRenderer(_FileRenderer):
    """Lets a caller ask for ``application/atom+xml``."""

    media_type = "application/atom+xml"
    format = "atom"


class WorkbookRenderer(_FileRenderer):
    """Lets a caller ask for a workbook (XLSX)."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    format = "xlsx"
