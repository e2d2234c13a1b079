"""
Calls to addresses that somebody else named, as callbacks: never to what only this machine reaches.

Only https, only public addresses, no redirects, and a few seconds for all, however slowly it is answered. The name is
resolved here, and the connection goes to the very address that was looked at, so that a name that answers differently
the second time opens nothing. Hosts of the setting ``CALLBACK_HOSTS`` (``host:port``) may be private and without TLS:
tests, a sandbox, a closed network.
[source: OWASP, Server-Side Request Forgery Prevention]
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from cis.kernel.errors import Refused

TIMEOUT_SECONDS: Final = 10
"""For connecting, and for all that comes after it."""
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""Addresses of IPv4 in IPv6, for networks that translate. [source: RFC 6052, 2.1]"""
HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
VISIBLE: Final = range(0x21, 0x7F)
"""Characters of an address and of a header's value."""


class BadAddress(Refused):
    """Nobody is called at this address."""

    code = "bad_address"


class NotTaken(RuntimeError):
    """Who was called did not take it, or was not there."""


def checked(url: str) -> SplitResult:
    """
    Return the parts of an address that may be called; its name is not resolved yet.

    :raises BadAddress: it is not https, has no host or a private one, or names a user.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress("This is no address.") from error
    if not all(ord(one) in VISIBLE for one in url) or not parts.hostname or parts.username is not None or port == 0:
        raise BadAddress("This is no address that can be called.")
    if _is_excepted(parts):
        return parts
    if parts.scheme != "https":
        raise BadAddress("Only addresses with https are called.")
    literal = _literal(parts.hostname)
    if literal is not None and not _is_public(literal):
        raise BadAddress("Only public addresses are called.")
    return parts


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> None:
    """
    Send a body to an address.

    :raises BadAddress: see ``checked``. :raises NotTaken: it is not public, not there, or did not answer with 2xx.
    """
    parts = checked(url)
    connection = _connection(parts)
    clock = threading.Timer(TIMEOUT_SECONDS, connection.hang_up)
    clock.daemon = True
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        clock.start()
        connection.shake_hands()
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotTaken(f"it was not reached: {type(error).__name__}") from error
    finally:
        clock.cancel()
        connection.close()
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise NotTaken(f"it answered {status}")


def _connection(parts: SplitResult) -> "_Plain":
    """
    Return a connection to the first public address of a name.

    :raises NotTaken: the name has none, or one that is not public.
    """
    host, is_plain = parts.hostname or "", parts.scheme != "https"
    port = parts.port or (HTTP_PORT if is_plain else HTTPS_PORT)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotTaken("its name is not known") from error
    places = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if not places or not (_is_excepted(parts) or all(_is_public(one) for one in places)):
        raise NotTaken("its name leads to no public address")
    if is_plain:
        return _Plain(host, port, str(places[0]))
    return _Secure(host, port, str(places[0]))


class _Plain(http.client.HTTPConnection):
    """A connection that goes to the address that was looked at."""

    def __init__(self, host: str, port: int, place: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self._place = place

    def connect(self) -> None:
        """Connect to the address, whatever the name says by now."""
        self.sock = socket.create_connection((self._place, self.port), TIMEOUT_SECONDS)

    def shake_hands(self) -> None:
        """Do nothing: there is no TLS."""

    def hang_up(self) -> None:
        """End it from another thread; who waits for an answer gets none."""
        with suppress(OSError, TypeError):  # TypeError: it is over already
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _Secure(_Plain):
    """The same with TLS, whose certificate is that of the name."""

    default_port = HTTPS_PORT

    def connect(self) -> None:
        """Connect; the hands are shaken later, where somebody looks at the clock."""
        super().connect()
        context = ssl.create_default_context()
        self._secure = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = self._secure

    def shake_hands(self) -> None:
        """Look at the certificate."""
        self._secure.do_handshake()


Place = ipaddress.IPv4Address | ipaddress.IPv6Address


def _literal(host: str) -> Place | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(place: Place) -> bool:
    """Return whether an address is one of the open network; one of IPv4 in IPv6 is looked at as what it is."""
    if isinstance(place, ipaddress.IPv4Address):
        return place.is_global and not place.is_multicast
    if place in NAT64:
        return _is_public(ipaddress.IPv4Address(int(place) % 2**32))
    inner = place.ipv4_mapped or place.sixtofour
    is_odd = place.is_multicast or place.is_reserved or place.is_site_local
    return place.is_global and not is_odd and (inner is None or _is_public(inner))


def _is_excepted(parts: SplitResult) -> bool:
    port = parts.port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)
    return parts.scheme in {"http", "https"} and f"{parts.hostname}:{port}" in settings.CALLBACK_HOSTS
