"""`manage.py create_api_key NAME --scopes bills:read,payments:write`: let a program use the API."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.platform import api, keys


class Command(BaseCommand):
    help = "Make a key for a program that uses the API, and print it once. Only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="Name of the program; it stands in histories.")
        parser.add_argument("--scopes", default="", help="Parted by commas; without it the scopes are listed.")
        parser.add_argument("--revoke", action="store_true", help="Refuse the program's key from now on instead.")

    def handle(self, *, name: str, scopes: str, revoke: bool, **_options: object) -> None:
        known_scopes = api.known_scopes()
        try:
            if revoke:
                keys.revoke(name=name, actor=SYSTEM)
                self.stdout.write(f"Revoked the key of {name}.")
                return
            wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
            key = keys.create(name=name, scopes=wanted, known_scopes=known_scopes, actor=SYSTEM)
        except Refused as refusal:
            known = "\n".join(f"  {scope.name:26} {scope.meaning}" for scope in known_scopes.values())
            raise CommandError(f"{refusal.message} {refusal.advice}".strip() + f"\nScopes:\n{known}") from refusal
        self.stdout.write(f"Key of {name} (shown only now): {key}")
