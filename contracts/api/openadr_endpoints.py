"""
The doors of OpenADR 3.1 (VTN): programs, events, reports, subscriptions, VENs and resources, and how clients are told.

One view for lists and one for single objects serves all six kinds; a document goes in and out as text, so that it comes
back as it was written. Faults are problem+json. [source: openadr3.yaml 3.1.0]
"""

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView

from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import api, audit
from cis.platform.access import actor_of, allow_public
from contracts.api.openadr_auth import RIGHTS, TokenAuthentication
from contracts.domain.openadr import PAGE_MOST, READ_ALL, READ_OWN, READ_TARGETS, SHARED, ObjectKind, Reader, shown
from contracts.domain.openadr_shapes import INT32_MOST
from contracts.domain.openadr_text import BYTES_MOST, is_kept, parsed, written
from contracts.models.openadr import OpenAdrObject
from contracts.operations import openadr as operations
from contracts.queries import openadr as queries
from contracts.queries.openadr import Wanted

STATUS: Mapping[str, HTTPStatus] = {
    "unknown_object": HTTPStatus.NOT_FOUND,
    "ven_blocked": HTTPStatus.FORBIDDEN,
    "kept_by_the_house": HTTPStatus.FORBIDDEN,
    "no_such_parent": HTTPStatus.CONFLICT,
    "name_taken": HTTPStatus.CONFLICT,
    "ambiguous_resource": HTTPStatus.CONFLICT,
    "too_many_subscriptions": HTTPStatus.CONFLICT,
    "too_late_to_opt_out": HTTPStatus.CONFLICT,
}
"""By the code of a refusal; else 400."""
WRITE = {
    ObjectKind.PROGRAM: "write_programs", ObjectKind.EVENT: "write_events", ObjectKind.REPORT: "write_reports",
    ObjectKind.SUBSCRIPTION: "write_subscriptions", ObjectKind.VEN: "write_vens", ObjectKind.RESOURCE: "write_vens",
}  # fmt: skip
NAMED = {
    ObjectKind.REPORT: "clientName", ObjectKind.SUBSCRIPTION: "clientName", ObjectKind.VEN: "venName",
    ObjectKind.RESOURCE: "resourceName",
}  # fmt: skip
BEARING = SHARED | {ObjectKind.VEN, ObjectKind.RESOURCE}
"""Lists that are asked by targets."""
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
log = structlog.get_logger(__name__)


class BadQuery(Refused):
    """A parameter of a list is wrong."""

    code = "bad_query"


class WrittenJson(BaseParser):
    """A body as the bytes that it is; it is read where numbers keep their digits."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Return the object of a body."""
        return parsed(stream.read(BYTES_MOST + 1))


class DeclaredRight(api.DeclaredScope):
    """As elsewhere in the API; business logic, which reads all, reads what VENs read."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the client has the right that the method asks for."""
        if super().has_permission(request, view):
            return True
        return request.method in {"GET", "HEAD"} and api.may(request, RIGHTS[READ_ALL])


class Door(APIView):
    """What all doors of OpenADR share."""

    authentication_classes: tuple[type[TokenAuthentication], ...] = (TokenAuthentication,)
    permission_classes: tuple[type[DeclaredRight], ...] = (DeclaredRight,)
    parser_classes = (WrittenJson,)
    schema = None

    def get_exception_handler(self) -> Callable[..., HttpResponse]:
        """Return what makes a problem of an error."""
        return _problem

    def reader(self, request: Request) -> Reader:
        """
        Return who asks; one statement.

        :raises Blocked: its VEN is blocked.
        """
        client: Any = request.user
        return queries.reader(client_id=client.name, reads_all=api.may(request, RIGHTS[READ_ALL]))


class ObjectList(Door):
    """All objects of a kind that the client sees; a new one."""

    kind: ObjectKind

    def get(self, request: Request) -> HttpResponse:
        """List objects, the oldest first."""
        wanted, reader = _wanted(self.kind, request), self.reader(request)
        skip, most = _whole(request, "skip", 0, INT32_MOST), _whole(request, "limit", PAGE_MOST, PAGE_MOST)
        rows = queries.listed(kind=self.kind, reader=reader, wanted=wanted, skip=skip, most=most)
        return _answer([_shown(row, reader, wanted) for row in rows])

    def post(self, request: Request) -> HttpResponse:
        """Make an object."""
        document: Any = request.data
        reader = self.reader(request)
        row = operations.create(
            kind=self.kind, document=document, reader=reader, at=timezone.now(), actor=actor_of(request)
        )
        return _answer(_shown(row, reader), HTTPStatus.CREATED)


class ObjectOne(Door):
    """One object."""

    kind: ObjectKind

    def get(self, request: Request, object_id: str) -> HttpResponse:
        """Return an object."""
        reader = self.reader(request)
        return _answer(_shown(queries.one(kind=self.kind, object_id=object_id, reader=reader), reader))

    def put(self, request: Request, object_id: str) -> HttpResponse:
        """Put another document in its place."""
        document: Any = request.data
        reader = self.reader(request)
        row = operations.replace(
            kind=self.kind, object_id=object_id, document=document, reader=reader, at=timezone.now(),
            actor=actor_of(request),
        )  # fmt: skip
        return _answer(_shown(row, reader))

    def delete(self, request: Request, object_id: str) -> HttpResponse:
        """Delete it, and return it as it was."""
        reader = self.reader(request)
        row = operations.delete(
            kind=self.kind, object_id=object_id, reader=reader, at=timezone.now(), actor=actor_of(request)
        )
        return _answer(_shown(row, reader))


@api.needs(GET=RIGHTS[READ_TARGETS])
class Notifiers(Door):
    """By which ways clients are told."""

    def get(self, request: Request) -> HttpResponse:
        """Say that it is webhooks alone."""
        self.reader(request)
        return _answer({"WEBHOOK": True})


@api.needs(GET=RIGHTS[READ_TARGETS])
class Topics(Door):
    """Topics of MQTT: there are none, since there is no broker."""

    def get(self, request: Request, rest: str) -> HttpResponse:  # noqa: ARG002 (the view's form)
        """
        Refuse.

        :raises NotFound: always.
        """
        self.reader(request)
        raise exceptions.NotFound("This VTN calls back by webhooks; it has no MQTT broker.")


@allow_public
class NotThere(Door):
    """An address that is none of OpenADR's."""

    permission_classes = ()
    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """
        Refuse.

        :raises NotFound: always.
        """
        raise exceptions.NotFound


def views_of(kind: ObjectKind) -> tuple[Any, Any]:
    """Return the views of a kind: of its list, and of one."""
    read, write = RIGHTS[READ_TARGETS if kind in SHARED else READ_OWN], RIGHTS[WRITE[kind]]
    of_list: Any = type(f"{kind.value}_list", (ObjectList,), {"kind": kind, "__doc__": ObjectList.__doc__})
    of_one: Any = type(f"{kind.value}_one", (ObjectOne,), {"kind": kind, "__doc__": ObjectOne.__doc__})
    return (
        api.needs(GET=read, POST=write)(of_list).as_view(),
        api.needs(GET=read, PUT=write, DELETE=write)(of_one).as_view(),
    )


def _shown(row: OpenAdrObject, reader: Reader, wanted: Wanted | None = None) -> dict[str, Any]:
    return shown(queries.as_shown(row), reader=reader, asked=wanted.targets if wanted else ())


def _answer(told: Any, status: int = HTTPStatus.OK) -> HttpResponse:
    return HttpResponse(written(told), status=status, content_type="application/json")


def _wanted(kind: ObjectKind, request: Request) -> Wanted:
    """
    Return what is asked for by the parameters of a kind; others are not looked at.

    :raises BadQuery: one is wrong.
    """
    given = request.query_params
    if not all(is_kept(value) for name in given for value in (name, *given.getlist(name))):
        raise BadQuery("A parameter has characters that are none.")
    objects = tuple(given.getlist("objects")) if kind is ObjectKind.SUBSCRIPTION else ()
    known = {one.type_name for one in ObjectKind}
    if not known.issuperset(objects):
        raise BadQuery(f"objects are {', '.join(sorted(known))}.")
    is_active = kind is ObjectKind.EVENT and _flag(given.get("active", "false"))
    has_program = kind in {ObjectKind.EVENT, ObjectKind.REPORT, ObjectKind.SUBSCRIPTION}
    return Wanted(
        name=given.get(NAMED[kind], "") if kind in NAMED else "",
        program_id=given.get("programID", "") if has_program else "",
        event_id=given.get("eventID", "") if kind is ObjectKind.REPORT else "",
        ven_id=given.get("venID", "") if kind is ObjectKind.RESOURCE else "",
        targets=tuple(given.getlist("targets")) if kind in BEARING else (), objects=objects,
        active_at=timezone.now() if is_active else None,
    )  # fmt: skip


def _whole(request: Request, name: str, usual: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return usual
    if _DIGITS.fullmatch(text) is None or int(text) > most:
        raise BadQuery(f"{name} is a whole number from 0 to {most}.")
    return int(text)


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise BadQuery("active is true or false.")
    return text == "true"


def _problem(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Return an error as problem+json; what nobody foresaw is logged and answered without its details."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    headers: dict[str, str] = {}
    if isinstance(error, Refused):
        status, code, detail = _status_of(error), error.code, error.message
    elif isinstance(error, exceptions.APIException):
        status, code, detail = HTTPStatus(error.status_code), error.default_code, str(error.detail)
        headers = {"WWW-Authenticate": getattr(error, "auth_header", "")}
    else:
        log.error("request_failed", exc_info=error)
        status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error"
        detail = "Something went wrong here; the log tells more under the request_id."
    request: HttpRequest | None = context.get("request")
    body = {
        "type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail, "code": code,
        "instance": request.build_absolute_uri(request.path) if request is not None else "about:blank",
        "request_id": audit.request_id(),
    }  # fmt: skip
    return HttpResponse(
        json.dumps(body), status=int(status), content_type=api.PROBLEM_TYPE,
        headers={name: value for name, value in headers.items() if value},
    )  # fmt: skip


def _status_of(refusal: Refused) -> HTTPStatus:
    if isinstance(refusal, IllegalMove):
        return HTTPStatus.CONFLICT
    if isinstance(refusal, NotAllowed):
        return HTTPStatus.FORBIDDEN
    return STATUS.get(refusal.code, HTTPStatus.BAD_REQUEST)
