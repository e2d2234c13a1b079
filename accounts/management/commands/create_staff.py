"""Create a login for a member of staff."""

import getpass
import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from accounts.operations import users
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused


class Command(BaseCommand):
    """``manage.py create_staff --username wang --roles clerk,cashier``; the password is asked for, or made."""

    help = "Create a login for a member of staff. Without a terminal, or with --generate, a password is made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--roles", required=True, help=f"Parted by commas: {', '.join(sorted(users.STAFF_ROLES))}.")
        parser.add_argument("--name", default="")
        parser.add_argument("--email", default="")
        parser.add_argument("--generate", action="store_true", help="Make a password and print it once.")

    def handle(self, *, username: str, roles: str, name: str, email: str, generate: bool, **_options: object) -> None:
        makes = generate or not sys.stdin.isatty()
        password = users.new_password() if makes else self._ask()
        try:
            users.create_staff(
                username=username,
                roles=[role.strip() for role in roles.split(",") if role.strip()],
                password=password,
                name=name,
                email=email,
                actor=SYSTEM,
            )
        except Refused as refusal:
            raise CommandError(f"{refusal.message} {refusal.advice}".strip()) from refusal
        self.stdout.write(f"Created {username}.")
        if makes:
            self.stdout.write(f"Password (shown only now): {password}")

    def _ask(self) -> str:
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Once more: "):
            raise CommandError("The two passwords differ.")
        return password
