"""`manage.py simulate_head_end`: a head end with made-up meters, as a process of its own."""

from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cis.demo.head_end import process


class Command(BaseCommand):
    help = "Runs a head end with made-up meters: it obeys commands, and says values and alarms, pulled or pushed."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        process.add_arguments(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        try:
            process.run(Namespace(**options))
        except process.WrongArgument as error:
            raise CommandError(str(error)) from error
