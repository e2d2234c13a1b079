"""`manage.py verify_ledger`: prove the books; exit 1 if a law does not hold."""

from django.core.management.base import BaseCommand, CommandError

from billing.operations import proof


class Command(BaseCommand):
    help = "Prove that bills, lines, ledger and payments agree."

    def handle(self, *_args: object, **_options: object) -> None:
        breaches = proof.verify()
        for breach in breaches:
            self.stderr.write(f"BROKEN {breach.law.name}: {breach.count} rows, e.g. {breach.examples}")
            self.stderr.write(f"       must hold: {breach.law.sentence}")
        if breaches:
            raise CommandError(f"{len(breaches)} of {len(proof.LAWS)} laws do not hold")
        self.stdout.write(f"ledger proved: {len(proof.LAWS)} laws hold")
