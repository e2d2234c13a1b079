"""Addresses of OpenADR 3.1. [source: openadr3.yaml 3.1.0]"""

from django.urls import path, re_path

from contracts.api import openadr_auth, openadr_endpoints
from contracts.domain.openadr import ObjectKind

urlpatterns = [
    path("auth/server", openadr_auth.server, name="openadr_server"),
    path("auth/token", openadr_auth.token, name="openadr_token"),
    path("notifiers", openadr_endpoints.Notifiers.as_view(), name="openadr_notifiers"),
    path("notifiers/mqtt/topics/<path:rest>", openadr_endpoints.Topics.as_view(), name="openadr_topics"),
]
for _kind in ObjectKind:
    _list, _one = openadr_endpoints.views_of(_kind)
    urlpatterns += [
        path(f"{_kind.value}s", _list, name=f"openadr_{_kind.value}s"),
        path(f"{_kind.value}s/<str:object_id>", _one, name=f"openadr_{_kind.value}"),
    ]
urlpatterns.append(
    # Not the converter of paths: it does not take an address with a line break in it.
    re_path(r"^(?P<rest>(?s:.*))\Z", openadr_endpoints.NotThere.as_view(), name="openadr_not_there")
)  # fmt: skip
