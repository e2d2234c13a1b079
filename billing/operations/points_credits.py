"""Loyalty points on the bill: a note that credits what they are worth, at the cost of the supplier."""

from datetime import date

from billing.operations import adjustments, ledger
from billing.queries import balances
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.db import joins_transaction
from contracts.domain.charge_kinds import ChargeKind

LEDGER_CODE, SUBJECT = "expense.loyalty", "points_redemption"


class PointsExceedDebt(Refused):
    """Points pay what is owed; less is owed than they are worth."""

    code = "points_exceed_debt"


class PointsCredits:
    """Credits points; see ``accounts.domain.loyalty.Crediting``."""

    @joins_transaction
    def lock(self, *, account_id: int) -> None:
        """Lock the ledger of the account, before its customer's points."""
        ledger.lock_customers(account_ids=[account_id])

    @joins_transaction
    def credit(
        self, *, account_id: int, amount_minor: int, redemption_id: int, text: str, today: date, actor: Actor
    ) -> int:
        """
        Write the note and let it pay what is owed; return its id. [minor unit]

        :raises PointsExceedDebt: less is owed.
        """
        owed = balances.of_account(account_id=account_id, today=today).balance_minor
        if amount_minor > owed:
            raise PointsExceedDebt("Less is owed than the points are worth.", advice="Redeem fewer.", field="points")
        return adjustments.note_step(
            account_id=account_id, kind=ChargeKind.ADJUSTMENT, amount_minor=-amount_minor, tax_minor=0,
            ledger_class=LEDGER_CODE, text=text, source=packs.text_of("loyalty", at=today).source, subject=SUBJECT,
            subject_id=redemption_id, part="note", due_date=None, today=today, actor=actor,
        )  # fmt: skip
