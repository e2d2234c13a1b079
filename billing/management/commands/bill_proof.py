"""The proof of a bill: every input and every step, as JSON."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.operations import proofs
from billing.queries import bills
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused


class Command(BaseCommand):
    help = "Write the proof of a bill as JSON; tools/recompute_proof.py recomputes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bill", metavar="BILL_NO", help="number as printed")
        parser.add_argument("--out", type=Path, help="file to write to; default: standard output")

    def handle(self, *, bill: str, out: Path | None, **_: Any) -> None:
        try:
            told = proofs.show(bill_id=bills.id_of_number(bill), actor=SYSTEM, with_staff=True)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        text = json.dumps(told, ensure_ascii=False, indent=1)
        if out is None:
            sys.stdout.write(text + "\n")
        else:
            out.write_text(text + "\n", encoding="utf-8")
            self.stdout.write(f"{out}: {len(told['segments'])} segments")
