"""By which way money comes in, and why it goes back."""

from enum import StrEnum


class PaymentChannel(StrEnum):
    """
    A way of paying; each has its own references.

    CASH, CARD, CHEQUE, WALLET  at a till; WALLET: the customer shows the code of his purse
    AGENT                       to a shop or a kiosk that collects for us
    """

    CASH = "cash"
    BANK = "bank"
    ONLINE = "online"
    API = "api"
    CARD = "card"
    CHEQUE = "cheque"
    WALLET = "wallet"
    AGENT = "agent"

    @property
    def ledger_code(self) -> str:
        """Return the ledger account of money that came by this way."""
        return f"cash.{self.value}"


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
