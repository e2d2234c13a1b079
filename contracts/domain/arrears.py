"""A question that this room asks of whoever keeps the books; who answers stands in cis/wiring.py."""

from collections.abc import Collection
from datetime import date
from typing import Protocol


class Arrears(Protocol):
    """Whoever knows what accounts owe."""

    def __call__(self, *, account_ids: Collection[int], today: date) -> int:
        """Return what some accounts owe for bills that were issued; credit of one pays no other. [minor unit]"""
