"""Which head end an installation speaks to: the one that HEAD_END_GATEWAY names, and none that it did not ask for."""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from metering.gateways.head_end import HeadEnd
from metering.gateways.http_head_end import HttpHeadEnd
from metering.gateways.sandbox import Sandbox

LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def named() -> HeadEnd | None:
    """
    Return the head end that the settings name; None: there is none.

    :raises ImproperlyConfigured: there is none of this name, or its address is missing or not safe.
    """
    name: str = settings.HEAD_END_GATEWAY
    if name not in {"", "sandbox", "http"}:
        raise ImproperlyConfigured("HEAD_END_GATEWAY is http, sandbox, or empty.")
    if not name:
        return None
    return Sandbox() if name == "sandbox" else _by_http(settings.HEAD_END_URL, settings.HEAD_END_TOKEN)


def _by_http(url: str, token: str) -> HttpHeadEnd:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise ImproperlyConfigured("HEAD_END_URL begins with https://, or names this machine.")
    if not token:
        raise ImproperlyConfigured("HEAD_END_TOKEN is missing: the head end must know who speaks to it.")
    return HttpHeadEnd(url.rstrip("/"), token)
