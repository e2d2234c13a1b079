"""
The platform that issues e-invoices: it gives their numbers, takes them back by red ones, and keeps their files.

Each request has an id of ours; the same id is the same invoice, however often it is asked for. Which platform is used
is named by E_INVOICE_PLATFORM and bound in ``cis.wiring``; where none is, invoices stay due. Addresses and keys of a
real one belong into settings of its adapter, as those of providers of online payment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from billing.domain.e_invoices import Line


class PlatformUnreachable(Exception):
    """The platform did not answer; whether it has done what was asked is not known until it is looked up."""


class Said(StrEnum):
    """
    What a platform says of a request.

    WORKING  it has it and is at it: a red one may wait for the buyer's word
    ISSUED   it has its number
    REFUSED  it will not be issued under this id; ``code`` says why
    UNKNOWN  it never heard of it
    """

    WORKING = "working"
    ISSUED = "issued"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Seller or buyer, as the invoice names them; "" = left out."""

    name: str
    tax_number: str
    address: str
    phone: str
    bank_name: str
    bank_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    An invoice to be issued. [minor unit]

    kind         "ordinary", "special"
    is_person    the buyer is a person, who needs no taxpayer number
    blue_number  of a red one: the number of the invoice that it takes back; else ""
    red_reason   of a red one: ``RedReason``; else ""
    """

    request_id: str
    kind: str
    seller: Party
    buyer: Party
    is_person: bool
    lines: Sequence[Line]
    net_minor: int
    tax_minor: int
    remark: str
    issuer: str
    blue_number: str = ""
    red_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What a platform says of one request.

    number        20 digits, where it is issued
    confirmation  of a red one: the number of its form (红字信息确认单)
    code          why it is refused: ``bad_buyer``, ``quota``, ``buyer_refused``, ``bad_lines``, ``blue_unknown``, ...
    """

    request_id: str
    said: Said
    number: str = ""
    confirmation: str = ""
    issued_at: datetime | None = None
    code: str = ""
    text: str = ""


class Platform(Protocol):
    """Somebody who issues e-invoices for us."""

    name: str
    is_sandbox: bool
    """What it issues is a specimen, and says so."""

    def issue(self, order: Order) -> Answer:
        """
        Ask for a blue invoice; an id that is known is the same one.

        :raises PlatformUnreachable: it did not answer.
        """

    def red(self, order: Order) -> Answer:
        """
        Ask that a blue invoice is taken back, whole or in part: the form, and the red invoice once the form holds.

        :raises PlatformUnreachable: it did not answer.
        """

    def look(self, request_id: str) -> Answer:
        """
        Say what became of a request.

        :raises PlatformUnreachable: it did not answer.
        """

    def file(self, number: str) -> tuple[str, bytes] | None:
        """
        Return media type and bytes of the platform's own file of an invoice; None: it gives none.

        :raises PlatformUnreachable: it did not answer.
        """


_bound: list[Platform] = []


def use(platform: Platform | None) -> None:
    """Bind the platform, None: there is none; for ``cis.wiring`` only, and tests."""
    _bound[:] = [] if platform is None else [platform]


def current() -> Platform | None:
    """Return the platform in use; None: invoices wait until there is one."""
    return _bound[0] if _bound else None
