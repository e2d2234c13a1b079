"""Deposits that supply waits for: where the place says so, no current flows before they are paid (decision 0070)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from billing.domain.deposits import DepositState
from billing.models.deposit import Deposit
from billing.queries import deposit_rules
from billing.queries.deposit_facts import FACTS
from cis.platform.db import fetch
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.queries import application_supplies

TEMPORARY, AFTER_DISCONNECTION = "temporary_supply", "after_disconnection"

# What was let off is let off up to the amount that somebody looked at: more that is demanded later is waited for again.
_WAITED_FOR = f"""
    SELECT d.account_id, d.id, d.cause, f.open::bigint
    FROM ({FACTS} WHERE d.account_id = ANY(%(accounts)s) AND d.state = 'open' AND d.cause = ANY(%(causes)s)) f
    JOIN billing_deposit d ON d.id = f.deposit_id
    WHERE f.open > coalesce((SELECT max(r.amount_minor) FROM billing_depositrequest r
                             WHERE r.deposit_id = d.id AND r.kind = 'supply' AND r.state = 'made'), 0)
    ORDER BY d.id
"""  # noqa: S608 (no value of anybody's is in it)


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """A deposit that supply of its account waits for. [minor unit]"""

    account_id: int
    deposit_id: int
    cause: str
    open_minor: int


def causes(*, today: date) -> frozenset[str]:
    """Return the causes for which a deposit is paid before current flows; none where no deposits are demanded."""
    return deposit_rules.rule(at=today).before_supply if deposit_rules.is_offered(at=today) else frozenset()


def waited_for(*, account_ids: Collection[int], today: date) -> dict[int, WaitedFor]:
    """Return the deposits that supply waits for, by account: demanded, not paid and not let off; one statement."""
    wanted = causes(today=today)
    if not wanted or not account_ids:
        return {}
    found = fetch(_WAITED_FOR, {"accounts": list(account_ids), "causes": sorted(wanted)})
    return {row[0]: WaitedFor(*row) for row in found}


def is_missing(*, subject: str, subject_id: int, account_id: int, today: date) -> bool:
    """
    Return whether a temporary supply that was applied for has no deposit yet, where the place asks for one before it.

    One that is open will do, and one that was waived since the application.
    """
    if subject != APPLICATION or TEMPORARY not in causes(today=today):
        return False
    since = application_supplies.temporary_since(application_id=subject_id)
    if since is None:
        return False
    of_account = Deposit.objects.filter(account_id=account_id)
    is_open = of_account.filter(state=DepositState.OPEN.value).exists()
    waived = of_account.filter(state=DepositState.WAIVED.value, cause=TEMPORARY, created_at__gte=since)
    return not is_open and not waived.exists()
