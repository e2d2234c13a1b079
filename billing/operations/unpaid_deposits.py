"""What becomes of supply whose deposit is to be paid first: it waits, or it is refused."""

from datetime import date

from billing.domain.energizing import EnergizingState
from billing.models.energizing import Energizing
from billing.queries import supply_deposits
from cis.kernel.errors import Refused

UNPAID = "The deposit that is to be paid before current flows is not paid."


class DepositMissing(Refused):
    """A temporary supply has no deposit yet, and the place asks for one before current flows."""

    code = "deposit_missing"


class DepositUnpaid(Refused):
    """The deposit that is to be paid before current flows is not paid."""

    code = "deposit_unpaid"


def refuse(*, account_id: int, today: date) -> None:
    """
    Do nothing if no supply of an account waits for a deposit; one statement.

    :raises DepositUnpaid: it does.
    """
    waited = supply_deposits.waited_for(account_ids=[account_id], today=today).get(account_id)
    if waited is not None:
        raise DepositUnpaid(
            UNPAID, advice="Have it paid or waived, or let the supply begin before.", deposit_id=waited.deposit_id,
            account_id=account_id,
        )  # fmt: skip


def refuse_missing(row: Energizing, *, today: date) -> None:
    """
    Do nothing if the supply is no temporary one, or its deposit is demanded or waived.

    :raises DepositMissing: else.
    """
    if supply_deposits.is_missing(
        subject=row.subject, subject_id=row.subject_id, account_id=row.account_id, today=today
    ):
        raise DepositMissing(
            "A temporary supply is switched on once its deposit is paid, and none was demanded.",
            advice="Demand the deposit on the account's page.", account_id=row.account_id,
        )  # fmt: skip


def wait(row: Energizing, *, today: date, is_on: bool) -> int | None:
    """
    Let a new energizing wait for the deposit of its account; return the id of that, None: it waits for none.

    :param is_on: somebody switched on already: then current flows, and it is only noted.
    :raises DepositMissing: the deposit was not demanded yet, and no current flows.
    """
    waited = supply_deposits.waited_for(account_ids=[row.account_id], today=today).get(row.account_id)
    if is_on:
        return waited.deposit_id if waited else None
    refuse_missing(row, today=today)
    if waited is None:
        return None
    row.state, row.code, row.message = EnergizingState.WAITING.value, DepositUnpaid.code, UNPAID
    row.advice = "The meter is told once it is paid."
    return waited.deposit_id
