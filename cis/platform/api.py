"""
What all endpoints share: who calls, what that one may do, how errors look, how lists are paged.

    BILLS_READ = api.scope("bills:read", "Read bills and their lines.", roles={Role.CLERK, Role.BILLING})

    @api.needs(GET=BILLS_READ)
    class BillList(generics.ListAPIView): ...

Denied unless declared: a method without a scope answers 403, one that the endpoint does not have 405. Errors are
problem+json [source: RFC 9457] with a stable ``code``, and the ``request_id`` under which the logs tell more.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import get_resolver
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import access, audit, keys
from cis.platform.documents import DocumentErased

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row", bound=Model)
log = structlog.get_logger(__name__)
PROBLEM_TYPE = "application/problem+json"
PAGE_SIZE_MOST = 1_000


# ---- scopes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """A right of the API; ``roles`` have it when staff call from a page."""

    name: str
    meaning: str
    roles: frozenset[Role]


SCOPES: dict[str, Scope] = {}


def scope(name: str, meaning: str, *, roles: Collection[Role] = ()) -> Scope:
    """Name a right, as ``"bills:read"``, for ``needs``; the same name may be named again with the same words only."""
    made = Scope(name, meaning, frozenset(roles))
    if SCOPES.setdefault(name, made) != made:
        raise ValueError(f"two scopes are named {name}")
    return made


def known_scopes() -> Mapping[str, Scope]:
    """Return all rights by name; the addresses are read first, since rights are named where the views are written."""
    _ = get_resolver().url_patterns
    return SCOPES


def needs(**scopes: Scope) -> Callable[[View], View]:
    """Declare the right that each method of a view asks for, as ``@needs(GET=..., POST=...)``."""

    def declared(view: View) -> View:
        view_class: Any = getattr(view, "cls", view)
        view_class.scopes = scopes
        return access.allow_api(view)

    return declared


class DeclaredScope(BasePermission):
    """Lets a caller through who has the right that the view declares for the method; nobody where none is declared."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """
        Return whether the caller has the right.

        :raises MethodNotAllowed: the endpoint has no such method; only who is known is told.
        :raises NotFound: the address names an id that no row can have.
        """
        declared: Mapping[str, Scope] = getattr(view, "scopes", {})
        method = str("GET" if request.method == "HEAD" else request.method)
        if method == "OPTIONS":
            return any(_has(request.user, one) for one in declared.values())
        wanted = declared.get(method)
        if wanted is None and method not in view.allowed_methods and getattr(request.user, "is_authenticated", False):
            raise exceptions.MethodNotAllowed(method)
        is_let_in = wanted is not None and _has(request.user, wanted)
        if is_let_in and access.is_beyond(view.kwargs):
            raise exceptions.NotFound
        return is_let_in


def _has(user: Any, wanted: Scope) -> bool:
    if isinstance(user, keys.Client):
        return wanted.name in user.scopes
    return user is not None and bool(wanted.roles & access.roles_of(user))


def may(request: Request, wanted: Scope) -> bool:
    """Return whether the caller has a right beside the one that the method asks for."""
    return _has(request.user, wanted)


# ---- callers ---------------------------------------------------------------------------------------------------------


class ApiKeyAuthentication(BaseAuthentication):
    """A program with a key: ``Authorization: Bearer wl_<prefix>_<secret>``."""

    def authenticate(self, request: Request) -> tuple[keys.Client, None] | None:
        """Return the client; None where no bearer key is given."""
        kind, _, key = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            return None
        client = keys.client_of(key.strip())
        if client is None:
            raise exceptions.AuthenticationFailed("The key is unknown or was revoked.")
        structlog.contextvars.bind_contextvars(client=client.name)
        return client, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return what a 401 asks for."""
        return 'Bearer realm="api"'


class PageSessionAuthentication(SessionAuthentication):
    """A member of staff who is signed in on the pages; writing needs the CSRF token. Customers use the portal."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the user; None where nobody of the staff is signed in."""
        found = super().authenticate(request)
        return found if found and access.roles_of(found[0]) & access.STAFF else None


class _ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the API's description speaks of keys."""

    target_class = "cis.platform.api.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "wl_<prefix>_<secret>"}


class _PageSessionScheme(OpenApiAuthenticationExtension):
    """How the API's description speaks of staff on the pages."""

    target_class = "cis.platform.api.PageSessionAuthentication"
    name = "PageSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """Return the security scheme."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


# ---- formats ---------------------------------------------------------------------------------------------------------


class UnknownFormat(exceptions.APIException):
    """The address does not answer in the format that ``?format=`` asks for."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "unknown_format"


class FormatNegotiation(DefaultContentNegotiation):
    """Chooses what a reply is written in: by ``Accept``, or by ``?format=`` where an address has several."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:  # noqa: A002 (the name that DRF gives it)
        """
        Return what writes a format.

        :raises UnknownFormat: none of them does; DRF would say that the address is not there.
        """
        found = [one for one in renderers if one.format == format]
        if not found:
            known = ", ".join(dict.fromkeys(str(one.format) for one in renderers))
            raise UnknownFormat(f"This address answers in {known}; leave out ?format=, or name one of them.")
        return found


# ---- lists -----------------------------------------------------------------------------------------------------------


class IdCursorPagination(CursorPagination):
    """Pages by id, newest first: as quick at the end as at the start, and rows that come meanwhile shift nothing."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = PAGE_SIZE_MOST


def page_of(view: Any, request: Request, rows: QuerySet[Row]) -> tuple[list[Row], Callable[[Any], Response]]:
    """
    Return the asked page of rows, newest first, and what makes the reply of the things that are shown for them.

    One statement; the view names its ``pagination_class``, which describes the list too.
    """
    paginator: CursorPagination = view.pagination_class()
    return paginator.paginate_queryset(rows, request, view=view) or [], paginator.get_paginated_response


def english_by_default(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """
    Let the API speak English with whoever asks for no language: programs name none, and problems are else half Chinese.

    A middleware, before the one that chooses the language.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/api/", "/openadr3/")):
            request.META.setdefault("HTTP_ACCEPT_LANGUAGE", "en")
        return get_response(request)

    return answer


# ---- errors ----------------------------------------------------------------------------------------------------------


def problem(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return an error as problem+json; what nobody foresaw is logged and answered without its details."""
    if isinstance(error, Refused):
        return _reply(_status_of(error), error.code, error.message, context, **_facts(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.ValidationError):
        faults = list(_faults(error.get_full_details()))
        return _reply(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "The request has faults.", context, errors=faults
        )
    if isinstance(error, exceptions.APIException):
        return _reply(error.status_code, _code_of(error), str(error.detail), context, _headers_of(error))
    if isinstance(error, SuspiciousOperation):
        is_large = isinstance(error, RequestDataTooBig)
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_large else HTTPStatus.BAD_REQUEST
        return _reply(status, "too_large" if is_large else "bad_request", "The request cannot be taken.", context)
    log.error("request_failed", exc_info=error)
    message = "Something went wrong here; the log tells more under the request_id."
    return _reply(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", message, context)


def _reply(
    status: int,
    code: str,
    detail: str,
    context: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    request = context.get("request")
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "instance": request.path if request is not None else "",
        "request_id": audit.request_id(),
        **more,
    }
    return Response(body, status=int(status), headers=dict(headers or {}), content_type=PROBLEM_TYPE)


def _status_of(refusal: Refused) -> HTTPStatus:
    """Return 403, 404, 409, 410 where the case is plain: not allowed, not there, not in this state, gone; else 422."""
    if isinstance(refusal, DocumentErased):
        return HTTPStatus.GONE
    if isinstance(refusal, NotAllowed):
        return HTTPStatus.FORBIDDEN
    if refusal.code.startswith("unknown_"):
        return HTTPStatus.NOT_FOUND
    if isinstance(refusal, IllegalMove) or refusal.code.endswith(("_taken", "_in_progress")):
        return HTTPStatus.CONFLICT
    return HTTPStatus.UNPROCESSABLE_ENTITY


def _facts(refusal: Refused) -> dict[str, Any]:
    facts: dict[str, Any] = {"advice": refusal.advice} if refusal.advice else {}
    findings = refusal.detail.get("findings", ())
    if findings:
        facts["errors"] = [
            {"where": one.where, "code": one.code, "message": one.message, "advice": one.advice} for one in findings
        ]
    return facts


def _faults(details: Any, where: str = "") -> Iterator[dict[str, str]]:
    """Yield each field's error of DRF's nested details, with its place as ``lines[2].amount``."""
    if isinstance(details, list):
        for place, item in enumerate(details):
            is_leaf = isinstance(item, dict) and set(item) == {"message", "code"} and isinstance(item["message"], str)
            yield from _faults(item, where if is_leaf else f"{where}[{place}]")
    elif set(details) == {"message", "code"} and isinstance(details["message"], str):
        yield {"where": where, "code": str(details["code"]), "message": str(details["message"])}
    else:
        for key, item in details.items():
            inner = f"{where}[{key}]" if isinstance(key, int) else f"{where}.{key}".lstrip(".")
            yield from _faults(item, where if key == "non_field_errors" else inner)


def _code_of(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _headers_of(error: exceptions.APIException) -> dict[str, str]:
    headers = {
        "WWW-Authenticate": getattr(error, "auth_header", ""),
        "Retry-After": str(getattr(error, "wait", "") or ""),
    }
    return {name: value for name, value in headers.items() if value}
