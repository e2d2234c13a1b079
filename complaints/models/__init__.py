"""Tables of the room; import names from their module, so that the import contracts see them."""

from complaints.models import call, case, evaluation, mail, suggestion, work

__all__ = ["call", "case", "evaluation", "mail", "suggestion", "work"]
