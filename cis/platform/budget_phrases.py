"""Sentences on budget plans, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "budget_unknown": _("Too few whole months are billed to work a level amount out: wait for more bills."),
    "budget_nothing_to_level": _("The bills of a year come to nothing, so there is nothing to level."),
    "budget_not_offered": _("A budget plan runs already, something is overdue, or the supply ends."),
    "budget_level_moved": _("Another amount is worked out by now: look at it again, then accept it."),
    "unknown_budget_plan": _("There is no such budget plan, or it has ended."),
    "budget_settlement_not_reversible": _("Only the last settlement is taken back, once, and for a reason."),
}
