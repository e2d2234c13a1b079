"""By which way money comes in."""

from enum import StrEnum


class PaymentChannel(StrEnum):
    """A way of paying; each has its own references."""

    CASH = "cash"
    BANK = "bank"
    ONLINE = "online"
    API = "api"
