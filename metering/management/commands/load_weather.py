"""Take in a file of temperatures, measured or forecast."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from metering.domain.weather import WeatherKind
from metering.models.network import Feeder
from metering.operations import weather


class Command(BaseCommand):
    """``manage.py load_weather FILE --series CODE --kind observed|forecast --source WHO``."""

    help = "Take in a CSV file of temperatures: start_at,temperature (hours with their offset, degrees Celsius)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and what it is."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--series", required=True, help="Code of the series; a new one is made by its first file.")
        parser.add_argument("--kind", required=True, choices=[one.value for one in WeatherKind])
        parser.add_argument("--source", required=True, help="Who measures or forecasts it.")
        parser.add_argument("--feeder", help="External id of the feeder that it is of; without: of all others.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Take it in, or say what is wrong with it, line by line."""
        feeder_id = None
        if options["feeder"] is not None:
            feeder_id = Feeder.objects.filter(external_id=options["feeder"]).values_list("id", flat=True).first()
            if feeder_id is None:
                raise CommandError(f"There is no feeder {options['feeder']}.")
        try:
            loaded = weather.load(
                series=options["series"], kind=WeatherKind(options["kind"]),
                text=options["file"].read_text("utf-8-sig"), source=options["source"], feeder_id=feeder_id,
                actor=SYSTEM,
            )  # fmt: skip
        except Refused as refusal:
            lines = [f"{refusal.message} {refusal.advice}".strip(), *map(str, refusal.detail.get("findings", ()))]
            raise CommandError("\n".join(lines)) from refusal
        except (OSError, UnicodeDecodeError) as fault:
            raise CommandError(f"{options['file']}: {fault}") from fault
        self.stdout.write(f"{loaded.changed} hours are new or changed, {loaded.unchanged} as before.")
