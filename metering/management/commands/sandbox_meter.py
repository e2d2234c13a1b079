"""Say how a meter of the sandbox head end behaves: manage.py sandbox_meter 33000001 --behaviour refuses."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from metering.domain.sandbox_meters import Behaviour
from metering.operations import sandbox_meters


class Command(BaseCommand):
    """Set the behaviour of one meter."""

    help = "Say how a meter of the sandbox head end behaves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the meter, its behaviour, delay and load."""
        parser.add_argument("serial")
        parser.add_argument("--behaviour", choices=[one.value for one in Behaviour], default=Behaviour.OBEYS.value)
        parser.add_argument("--delay", type=int, default=0, metavar="SECONDS")
        parser.add_argument("--load", type=int, default=0, metavar="W")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Set it."""
        sandbox_meters.set_behaviour(
            serial=options["serial"], behaviour=options["behaviour"], delay_seconds=options["delay"],
            load_w=options["load"],
        )  # fmt: skip
        self.stdout.write(f"{options['serial']}: {options['behaviour']}")
