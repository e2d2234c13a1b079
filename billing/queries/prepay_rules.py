"""The rule of the pack on prepayment, as the domain wants it."""

from datetime import date

from billing.domain.prepay import PrepayRule
from cis.kernel.fixed import parse
from cis.platform import packs

KEY = "prepay"


def is_offered(*, at: date) -> bool:
    """Return whether accounts may pay before they use at all, by the pack of the place."""
    return KEY in packs.rules_in_force(at=at)


def rule(*, at: date) -> PrepayRule:
    """
    Return the lines and bounds of the balance. [minor unit]

    :raises MissingRule: the pack knows no prepayment.
    """
    value = packs.rule(KEY, at=at)
    decimals = int(packs.rule("decimals", at=at))
    warn, cut, restore, jump = (
        parse(value[name], places=decimals) for name in ("warn_below", "cut_below", "restore_above", "jump_least")
    )
    return PrepayRule(
        warn_below_minor=warn,
        cut_below_minor=cut,
        restore_above_minor=restore,
        grace_days=value["grace_days"],
        stale_days=value["stale_days"],
        jump_percent=value["jump_percent"],
        jump_days=value["jump_days"],
        jump_least_minor=jump,
    )


def spares_late_fees(*, at: date) -> bool:
    """Return whether debts that fall due on a day bear no late fee where the account is prepaid on it."""
    return is_offered(at=at) and bool(packs.rule(KEY, at=at)["spares_late_fees"])


def spares_dunning(*, at: date) -> bool:
    """Return whether accounts that are prepaid on a day are not pursued by the ladder."""
    return is_offered(at=at) and bool(packs.rule(KEY, at=at)["spares_dunning"])
