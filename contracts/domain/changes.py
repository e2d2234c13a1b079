"""
Changes of use (变更用电): kinds, states, and what each does, as one set of effects at one effective date.

A change is a set of effects that take hold together at 00:00 of its effective date. What becomes of a kind, and whether
it may be, is said in ``change_checks`` and ``change_effects``; here are the words that all of them share.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow
from contracts.domain.agreements import Agreed


class ChangeKind(StrEnum):
    """
    Kinds of changes.

    TRANSFER            another customer takes over the supply (过户): a new account and contract at the same point
    RENAME              the customer stays and is called otherwise (更名)
    MOVE_OUT            the customer leaves a place: the supply ends, a final bill follows
    MOVE_IN             a customer begins supply at a place that nobody is supplied at
    CAPACITY_INCREASE   more agreed capacity (增容)
    CAPACITY_REDUCTION  less of it, for a time or for good (减容)
    SUSPENSION          capacity out of use for a time (暂停)
    RESUMPTION          capacity back in use (暂停恢复)
    CLASS_CHANGE        another use, so another class of tariff (改类)
    TOU_OPT_IN          a tariff by periods of use (分时开通), or another one that is open to the customer
    DEMAND_MODE         capacity, contracted demand or actual demand (基本电费计费方式变更)
    CONTRACT_DEMAND     another contracted demand (调整合同最大需量)
    HOUSEHOLD           an allowance for many persons (一户多人口)
    TEMPORARY           supply for a time that is known (临时用电)
    RELOCATION          the meter hangs at another place of the premises (移表)
    SPLIT               one supply becomes two (分户)
    MERGE               two supplies become one (并户)
    REMOVAL             the supply ends and the meter is taken down (销户)
    """

    TRANSFER = "transfer"
    RENAME = "rename"
    MOVE_OUT = "move_out"
    MOVE_IN = "move_in"
    CAPACITY_INCREASE = "capacity_increase"
    CAPACITY_REDUCTION = "capacity_reduction"
    SUSPENSION = "suspension"
    RESUMPTION = "resumption"
    CLASS_CHANGE = "class_change"
    TOU_OPT_IN = "tou_opt_in"
    DEMAND_MODE = "demand_mode"
    CONTRACT_DEMAND = "contract_demand"
    HOUSEHOLD = "household"
    TEMPORARY = "temporary"
    RELOCATION = "relocation"
    SPLIT = "split"
    MERGE = "merge"
    REMOVAL = "removal"


class ChangeState(StrEnum):
    """
    States of a change.

    DRAFTED    written down; nothing holds
    WAITING    asked for: papers are missing, or somebody has to look at it
    CONFIRMED  agreed: its effects take hold on the effective date
    EFFECTIVE  its effects hold; something follows yet, as a final bill or an end
    DONE       nothing follows any more
    WITHDRAWN  by who asked for it
    REJECTED   by the supplier, with a reason
    REVERSED   taken back after it held
    """

    DRAFTED = "drafted"
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    EFFECTIVE = "effective"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    REVERSED = "reversed"


class ChangeAction(StrEnum):
    """What moves a change."""

    SUBMIT = "submit"
    CONFIRM = "confirm"
    CARRY_OUT = "carry_out"
    FINISH = "finish"
    WITHDRAW = "withdraw"
    REJECT = "reject"
    REVERSE = "reverse"


class PaperKind(StrEnum):
    """What a paper proves."""

    IDENTITY = "identity"
    RIGHT_TO_PREMISES = "right_to_premises"
    HOUSEHOLD_REGISTER = "household_register"
    AGREEMENT_OF_BOTH = "agreement_of_both"
    BUSINESS_LICENCE = "business_licence"
    REQUEST = "request"


ASKERS: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.CUSTOMER, ActorKind.CLIENT)
)
DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.BILLING, Role.SUPERVISOR))
REVERSERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))
MACHINE: frozenset[Role | ActorKind] = frozenset((*DECIDERS, ActorKind.SYSTEM))
SELF: frozenset[Role | ActorKind] = frozenset((*DECIDERS, ActorKind.CUSTOMER, ActorKind.CLIENT))

_S, _A = ChangeState, ChangeAction
WORKFLOW = Workflow(
    "change of use",
    {
        (_S.DRAFTED, _A.SUBMIT): Move(_S.WAITING, ASKERS),
        (_S.DRAFTED, _A.CONFIRM): Move(_S.CONFIRMED, SELF),
        (_S.DRAFTED, _A.WITHDRAW): Move(_S.WITHDRAWN, ASKERS),
        (_S.WAITING, _A.CONFIRM): Move(_S.CONFIRMED, DECIDERS),
        (_S.WAITING, _A.WITHDRAW): Move(_S.WITHDRAWN, ASKERS),
        (_S.WAITING, _A.REJECT): Move(_S.REJECTED, DECIDERS),
        (_S.CONFIRMED, _A.CARRY_OUT): Move(_S.EFFECTIVE, frozenset((*MACHINE, ActorKind.CUSTOMER, ActorKind.CLIENT))),
        (_S.CONFIRMED, _A.WITHDRAW): Move(_S.WITHDRAWN, ASKERS),
        (_S.CONFIRMED, _A.REJECT): Move(_S.REJECTED, MACHINE),
        (_S.EFFECTIVE, _A.FINISH): Move(_S.DONE, frozenset((*MACHINE, ActorKind.CUSTOMER, ActorKind.CLIENT))),
        (_S.EFFECTIVE, _A.REVERSE): Move(_S.REVERSED, REVERSERS | {ActorKind.SYSTEM}),
        (_S.DONE, _A.REVERSE): Move(_S.REVERSED, REVERSERS),
    },
)

OPEN_STATES = (ChangeState.DRAFTED, ChangeState.WAITING, ChangeState.CONFIRMED, ChangeState.EFFECTIVE)
"""States in which something is still to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One part of a split or merge.

    agreement_id      of a merge: the supply that is given up
    service_point_id  of a split: where the new supply is; with the customer who gets it, and its own facts
    capacity_va       None: none agreed [VA]
    """

    agreement_id: int | None = None
    service_point_id: int | None = None
    customer_id: int | None = None
    tariff_id: int | None = None
    household: int = 1
    capacity_va: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalRead:
    """What a counter shows at 00:00 of the effective date. [Wh, before the multiplier]"""

    serial: str
    register: str
    reading_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    A change as it is asked for; which fields a kind has is said in ``change_facts.FIELDS``.

    account_id        None: of a move-in, a new account
    agreement_id      the supply that is changed; None: of a rename, or a supply to begin
    effective_date    local date from whose 00:00 on it holds
    until_date        first local date on which it holds no more; None: until further notice
    customer_id       who takes over, or moves in
    name              new name
    service_point_id  where somebody moves in, or is supplied for a time
    capacity_va       all of the agreed capacity after the change [VA]
    suspended_va      how much of it is out of use [VA]
    contract_w        contracted demand after the change [W]
    position          where the meter is to hang, in words
    """

    kind: ChangeKind
    effective_date: date
    account_id: int | None = None
    agreement_id: int | None = None
    until_date: date | None = None
    customer_id: int | None = None
    name: str = ""
    service_point_id: int | None = None
    tariff_id: int | None = None
    household: int | None = None
    capacity_va: int | None = None
    suspended_va: int | None = None
    contract_w: int | None = None
    position: str = ""
    parts: tuple[Part, ...] = ()
    reads: tuple[FinalRead, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAgreement:
    """``on`` is the first date without supply."""

    agreement_id: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginAgreement:
    """
    A supply begins.

    account_id   None: on a new account of the customer, opened on that date
    carries_on   the agreement whose count of steps goes on in this one; None: steps begin anew
    """

    customer_id: int
    account_id: int | None
    service_point_id: int
    tariff_id: int
    household: int
    agreed: Agreed
    on: date
    until: date | None = None
    carries_on: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTerm:
    """
    Other terms hold over [on, until); until None: until further notice.

    What is None stays. Of ``agreed`` only the fields that are named are changed.
    """

    agreement_id: int
    on: date
    until: date | None = None
    tariff_id: int | None = None
    household: int | None = None
    capacity_va: int | None = None
    contract_w: int | None = None
    suspended_va: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRead:
    """A counter value of the effective date is kept, and usage up to it approved."""

    read: FinalRead
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveMeters:
    """All meters that hang at a point are taken down; their final reads are those of that date."""

    service_point_id: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """A customer is called otherwise."""

    customer_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleAccount:
    """Nothing more is supplied on an account: a final bill follows, then what is over is paid back."""

    account_id: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveMeter:
    """A crew moves the meter to another place of the premises, given in words."""

    service_point_id: int
    position: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFee:
    """The next bill of an account carries a fee. [minor unit]"""

    account_id: int
    agreement_id: int | None
    kind: ChangeKind
    amount_minor: int
    on: date


Effect = (
    EndAgreement
    | BeginAgreement
    | ChangeTerm
    | KeepRead
    | RemoveMeters
    | Rename
    | SettleAccount
    | MoveMeter
    | ChargeFee
)
