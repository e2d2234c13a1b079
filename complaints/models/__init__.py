"""Tables of the room; import names from their module, so that the import contracts see them."""

from complaints.models import case, evaluation, work

__all__ = ["case", "evaluation", "work"]
