"""What all gateways say when an address does not work."""


class Undeliverable(Exception):
    """
    The address itself does not work: trying again would not help.

    reason  a short code, as "unknown_number"
    detail  what the other side said
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class GatewayDown(OSError):
    """The other side did not answer, or could not take it now: it is tried again."""
