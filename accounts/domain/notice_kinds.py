"""What an event that customers are told of is made of: its class, its ways, and kinds of facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cis.kernel.errors import Refused
from cis.kernel.periods import Period


class UnknownEvent(Refused):
    """The catalogue has no such event."""

    code = "unknown_notice_event"


class NoticeClass(StrEnum):
    """What a notice is for: it decides which consent it needs."""

    SERVICE = "service"
    MONEY = "money"
    MARKETING = "marketing"


class Channel(StrEnum):
    """By which way a notice goes."""

    SMS = "sms"
    EMAIL = "email"
    POST = "post"
    INBOX = "inbox"


class FactKind(StrEnum):
    """What a fact is: it decides how a language writes it."""

    TEXT = "text"
    DATE = "date"
    MONEY = "money"
    NUMBER = "number"
    LINK = "link"
    PERIOD = "period"
    SECRET = "secret"  # noqa: S105 (the kind, not a secret)
    SECRET_LINK = "secret_link"  # noqa: S105 (the same)


LINKS: Final = frozenset({FactKind.LINK, FactKind.SECRET_LINK})
SECRETS: Final = frozenset({FactKind.SECRET, FactKind.SECRET_LINK})


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as a fact of a notice. [minor unit]"""

    amount_minor: int
    currency: str = "CNY"
    decimals: int = 2


Fact = str | int | date | Money | Period
"""
TEXT    str of one line, at most 500 characters
DATE    date
MONEY   Money
NUMBER  int, or a decimal text as "12.5"
PERIOD  Period
LINK    str, a path of this site: "/portal/bills/2026000001"
SECRET  str; once it is sent, what is kept of the notice no longer shows it
SECRET_LINK  str, a path of this site that opens something to whoever has it; treated as a SECRET
"""


def secret_of(fact: Fact) -> str:
    """Return the part of a secret fact that is hidden once it is sent: of a link its last word."""
    return str(fact).rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One thing of which customers are told.

    facts        its facts by name, with their kinds; a text may also use those of ``COMMON``
    ladder       ways outside the portal, the first that reaches the customer is taken
    in_inbox     it also lies in the customer's inbox in the portal
    everywhere   it goes by all ways of the ladder at once, not by the first alone
    is_urgent    quiet hours do not hold it up
    is_required  law or contract wants it to arrive: a refused channel does not stop it
    """

    code: str
    notice_class: NoticeClass
    facts: Mapping[str, FactKind]
    ladder: tuple[Channel, ...] = (Channel.EMAIL, Channel.SMS)
    in_inbox: bool = True
    everywhere: bool = False
    is_urgent: bool = False
    is_required: bool = False

    @property
    def is_secret(self) -> bool:
        """Return whether its text has something that nobody else may read, as a code."""
        return not SECRETS.isdisjoint(self.facts.values())


COMMON: Final[Mapping[str, FactKind]] = MappingProxyType(
    {
        "name": FactKind.TEXT,
        "account": FactKind.TEXT,
        "supplier": FactKind.TEXT,
        "supplier_phone": FactKind.TEXT,
        "today": FactKind.DATE,
        "portal": FactKind.LINK,
    }
)
"""Facts that every text may use; ``account`` is "–" where the notice is about none."""
