"""The API's description, its reference page, and the answer to addresses that it does not have."""

from typing import Any

from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from cis.platform.access import allow_api, allow_public


@allow_public
class Schema(SpectacularAPIView):
    """OpenAPI, as YAML or JSON."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


@allow_public
@method_decorator(
    csp_replace({"style-src": ["'self'", "'unsafe-inline'"], "worker-src": ["'self'", "blob:"]}), "dispatch"
)
class Reference(SpectacularRedocView):
    """
    The reference page.

    Its renderer writes style elements and runs a search worker: the named exceptions of the content security policy.
    """

    template_name = "api/reference.html"
    authentication_classes = ()
    permission_classes = (AllowAny,)


@allow_api
class NotThere(APIView):
    """An address that the API does not have: a problem, not a page."""

    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer each method alike."""
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """
        Refuse.

        :raises NotFound: always.
        """
        raise NotFound
