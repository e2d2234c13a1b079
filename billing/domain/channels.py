"""By which way money comes in, and why it goes back."""

from enum import StrEnum


class PaymentChannel(StrEnum):
    """A way of paying; each has its own references."""

    CASH = "cash"
    BANK = "bank"
    ONLINE = "online"
    API = "api"


class ReturnKind(StrEnum):
    """
    Why a payment counts no more.

    BOUNCED    the bank could not collect it, or the payer had it taken back
    MOVED      it belongs to another account, where it was booked anew
    CORRECTED  it was booked wrongly: no such money came in
    """

    BOUNCED = "bounced"
    MOVED = "moved"
    CORRECTED = "corrected"
