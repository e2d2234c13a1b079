"""
Providers of online payment: a hosted page or a code for wallets, messages about what became of it, money back.

Which are used is named by PAYMENT_PROVIDERS and bound in ``cis.wiring``; where none is, nothing can be paid online. A
payer is sent to nobody but the hosts of PAYMENT_HOSTS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings

from accounts.domain.receipts import Signed
from cashiering.domain.checkouts import Said
from cis.kernel.errors import Refused


class ProviderUnreachable(Exception):
    """The provider did not answer; it may be asked again, under the same reference."""


class BadMessage(Refused):
    """A message is signed, but cannot be read."""

    code = "bad_provider_message"


class NoProvider(Refused):
    """This installation has no such provider, or none at all."""

    code = "no_payment_provider"


class WrongHost(Refused):
    """A provider sends payers to a host that the settings do not name."""

    code = "wrong_provider_host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What a provider is asked to let somebody pay; a reference that is known is the same order.

    subject     what the payer reads there
    return_url  where the payer comes back to
    """

    reference: str
    amount_minor: int
    currency: str
    subject: str
    return_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Offered:
    """
    What a provider gives for an order.

    page_url  its page; "" if it has none
    qr        what a wallet scans; "" if there is nothing to scan
    """

    reference: str
    page_url: str
    qr: str


@dataclass(frozen=True, slots=True)
class Thanks:
    """What a provider wants to hear when its message is kept."""

    status: int
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """A file by which a provider says what it brings, as ``domain.formats.settlement_files`` reads it."""

    name: str
    content: bytes


class Provider(Protocol):
    """Somebody who takes money for us."""

    name: str
    """As PAYMENT_PROVIDERS names it; part of a ledger account."""

    def create(self, order: Order) -> Offered:
        """
        Open an order.

        :raises ProviderUnreachable: it did not answer.
        """

    def fetch(self, reference: str) -> Sequence[Said]:
        """
        Return all that there is to say of an order, in its order.

        :raises ProviderUnreachable: it did not answer.
        """

    def refund(self, *, reference: str, amount_minor: int, key: str) -> None:
        """
        Give money back to the payer; the same key is the same refund. That it went is said by a message.

        :raises ProviderUnreachable: it did not answer.
        """

    def verify(self, message: Signed, *, now: datetime) -> Said:
        """
        Return what a message says.

        :raises BadSignature: it is not signed by the provider, or is not of this time.
        :raises BadMessage: it cannot be read.
        """

    def settlement_files(self, on: date) -> Sequence[SettlementFile]:
        """
        Return the files of the money that it brings for a day; none if there is nothing, or they are uploaded.

        :raises ProviderUnreachable: it did not answer.
        """

    def thanks(self) -> Thanks:
        """Return what it wants to hear when a message is kept."""


_bound: dict[str, Provider] = {}


def use(providers: Sequence[Provider]) -> None:
    """Bind the providers, in the order in which payers see them; for ``cis.wiring`` only, and tests."""
    _bound.clear()
    _bound.update({provider.name: provider for provider in providers})


def names() -> tuple[str, ...]:
    """Return the names of the providers that payers may choose."""
    return tuple(_bound)


def of(name: str) -> Provider:
    """
    Return a provider by its name.

    :raises NoProvider: it is not bound.
    """
    if name not in _bound:
        raise NoProvider(
            "This way of paying online is not offered.",
            advice="Choose another, or pay by bank; providers are named by the setting PAYMENT_PROVIDERS.",
        )
    return _bound[name]


def check_host(url: str) -> None:
    """
    Do nothing if a payer may be sent to an address: one of PAYMENT_HOSTS by TLS, or our own site.

    :raises WrongHost: it is another.
    """
    parts, own = urlsplit(url), urlsplit(settings.SITE_URL)
    if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
        return
    hosts: list[str] = settings.PAYMENT_HOSTS
    if parts.scheme != "https" or parts.netloc not in hosts:
        raise WrongHost(
            f"The provider leads to {parts.netloc or 'nowhere'}.",
            advice="Name its host in PAYMENT_HOSTS, if it is right.",
        )
