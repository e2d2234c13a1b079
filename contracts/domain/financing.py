"""How the financing of a sale by a partner bank moves; the bank's answers may come late, twice, or out of order."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class FinancingState(StrEnum):
    """
    States of a financing.

    ASKED      the bank has not answered
    ACCEPTED   the bank takes the sale: the customer's instalments go to it
    PAID       its money is here
    REFUSED    the bank does not take it
    WITHDRAWN  the customer cancelled: the bank is told
    """

    ASKED = "asked"
    ACCEPTED = "accepted"
    PAID = "paid"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class FinancingAction(StrEnum):
    """What moves a financing: the bank's answers, and the customer who cancels."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    PAY = "pay"
    WITHDRAW = "withdraw"


BANK: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM, ActorKind.CLIENT, Role.BILLING, Role.SUPERVISOR))
WITHDRAWERS: frozenset[Role | ActorKind] = frozenset(
    (ActorKind.SYSTEM, ActorKind.CLIENT, ActorKind.CUSTOMER, Role.CLERK, Role.SUPERVISOR)
)

_S, _A = FinancingState, FinancingAction
WORKFLOW = Workflow(
    "financing",
    {
        (_S.ASKED, _A.ACCEPT): Move(_S.ACCEPTED, BANK),
        (_S.ASKED, _A.REFUSE): Move(_S.REFUSED, BANK),
        (_S.ASKED, _A.WITHDRAW): Move(_S.WITHDRAWN, WITHDRAWERS),
        (_S.ACCEPTED, _A.PAY): Move(_S.PAID, BANK),
        (_S.ACCEPTED, _A.WITHDRAW): Move(_S.WITHDRAWN, WITHDRAWERS),
        (_S.PAID, _A.WITHDRAW): Move(_S.WITHDRAWN, WITHDRAWERS),
    },
)
REACHED = {
    FinancingAction.ACCEPT: (FinancingState.ACCEPTED, FinancingState.PAID),
    FinancingAction.REFUSE: (FinancingState.REFUSED,),
    FinancingAction.PAY: (FinancingState.PAID,),
    FinancingAction.WITHDRAW: (FinancingState.WITHDRAWN,),
}
"""States in which an action has had its effect: the same answer again changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What a bank is asked to pay for.

    reference       our name for it, the same each time it is asked
    amount_minor    price less down payment: what the bank pays us [minor unit]
    rate_e6         interest a year that the customer pays it [10^-6]
    first_due_date  of the instalments
    """

    reference: str
    amount_minor: int
    currency: str
    instalments: int
    rate_e6: int
    first_due_date: date
    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswer:
    """
    What a bank says to a request.

    answer_id       the bank's name for the answer, by which it is confirmed
    reference       our name for the request
    action          ACCEPT, REFUSE or PAY
    on              local date of it
    bank_reference  the bank's name for the request; "" = none yet
    """

    answer_id: str
    reference: str
    action: FinancingAction
    on: date
    bank_reference: str = ""
    reason: str = ""
