"""Encrypt anew by the first of DATA_KEYS what an older key encrypted."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from cis.platform import person_keys, sealed_columns


class Command(BaseCommand):
    help = "Encrypts numbers of bank accounts and the keys of customers anew, by the first of DATA_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        with transaction.atomic():
            keys = person_keys.renew_step()
            rows = sealed_columns.renew(connection)
        self.stdout.write(f"{keys} keys of customers and {rows} columns were encrypted anew.")
