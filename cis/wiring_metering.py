"""What is bound for metering: who is asked of the class of a place."""

from contracts.queries import use_classes
from metering.queries import vee_facts


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    vee_facts.ask(classes=use_classes.of_places)
