"""Create a login for a customer."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.operations import users
from accounts.queries import accounts
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused


class Command(BaseCommand):
    """``manage.py create_portal_user --account 00000001 --username zhang``; the password is made and printed once."""

    help = "Create a login for the portal, for the customer who holds an account today."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, metavar="NUMBER", help="Number of an account of the customer.")
        parser.add_argument("--username", required=True)
        parser.add_argument("--email", default="")

    def handle(self, *, account: str, username: str, email: str, **_options: object) -> None:
        password = users.new_password()
        try:
            account_id = accounts.id_of_number(account)
            holder = accounts.overview(account_id=account_id, at_date=timezone.localdate()).holder
            users.create_portal_user(
                customer_id=holder.id, username=username, password=password, email=email, actor=SYSTEM
            )
        except Refused as refusal:
            raise CommandError(f"{refusal.message} {refusal.advice}".strip()) from refusal
        self.stdout.write(f"Created {username} for {holder.name}, who holds account {account}.")
        self.stdout.write(f"Password (shown only now): {password}")
