"""How the meters of the sandbox head end behave, as somebody sets it to try the house out."""

from cis.platform.db import opens_transaction
from metering.domain.sandbox_meters import Behaviour
from metering.models.command import SandboxMeter


@opens_transaction
def set_behaviour(*, serial: str, behaviour: Behaviour | str, delay_seconds: int = 0, load_w: int = 0) -> None:
    """
    Say how a meter of the sandbox answers from now on.

    :param delay_seconds: between acknowledgement and result.
    :param load_w: with which its counters go on counting.
    """
    SandboxMeter.objects.update_or_create(
        serial=serial,
        defaults={"behaviour": Behaviour(behaviour).value, "delay_seconds": delay_seconds, "load_w": load_w},
    )
