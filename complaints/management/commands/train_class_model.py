"""Learn anew how classes of cases are suggested: from the patterns of the pack and from closed cases."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cis.kernel.errors import Refused
from complaints.operations import class_models


class Command(BaseCommand):
    """``manage.py train_class_model``; the same texts make the same model."""

    help = "Learn a model that suggests classes of cases; it is used if it is not worse than the one before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--classes", action="store_true", help="Show how good it is class by class.")

    def handle(self, *, classes: bool, **_options: object) -> None:
        try:
            made = class_models.train(at=timezone.now())
        except Refused as refusal:
            raise CommandError(f"{refusal.message} {refusal.advice}".strip()) from refusal
        self.stdout.write(
            f"model {made.model_id}: {made.classes} classes from {made.texts:,} texts, {made.cases:,} of them cases"
        )
        self.stdout.write(f"  kept out in turn: macro-F1 {made.crossed / 1000:.3f}")
        before = "none before" if made.held_before is None else f"before {made.held_before / 1000:.3f}"
        self.stdout.write(f"  on {made.kept_out:,} texts never learned from: {made.held_out / 1000:.3f}, {before}")
        for code, score in sorted(made.by_class.items(), key=lambda one: one[1]) if classes else ():
            self.stdout.write(f"    {score / 1000:.3f}  {code}")
        if made.is_used:
            self.stdout.write("  in use now; web processes take it with their next suggestion")
        else:
            self.stdout.write(self.style.WARNING("  NOT used: it is worse than the model in use, which stays"))
