"""
Supplies of prepaid accounts whose balance is used up: cut off by their meters, once the days of the notice are over.

Each goes the way of every disconnection: an order, which is dispatched only where `may_cut` names no reason against it,
and which a payment undoes. Nobody has to agree to each where the pack says that the agreement on prepayment does.
"""

from datetime import datetime

import structlog

from arrears.domain import cut
from arrears.domain.disconnection import OrderState
from arrears.models.collection import DisconnectionOrder
from arrears.operations import disconnections
from arrears.operations.disconnections import NotToBeCut, OrderStands, SupplyUnclear
from arrears.queries import cuts, prepaid_cuts, rules
from billing.queries import prepay_rules
from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import IllegalMove
from metering.operations.device_commands import CommandUnderWay

WORK = "prepaid_cuts"
REASON = "prepaid balance used up"
_BEFORE = (OrderState.PROPOSED.value, OrderState.APPROVED.value)
log = structlog.get_logger(__name__)


def work(at: datetime) -> None:
    """
    Order and dispatch what may be cut off at an instant; in hours in which nobody is, nothing happens.

    May be called at any time and by several workers: a place has one order.
    """
    now = cuts.moment_of(at)
    if not prepay_rules.is_offered(at=now.day):
        return
    if not cut.is_open(rule=rules.prepaid_cut_rule(at=now.day), moment=now):
        return
    for one in prepaid_cuts.ripe(today=now.day):
        try:
            disconnections.propose(
                account_id=one.account_id, service_point_id=one.service_point_id, reason=REASON, at=at, actor=SYSTEM,
                prepayment_id=one.prepayment_id,
            )  # fmt: skip
        except (NotToBeCut, OrderStands, SupplyUnclear) as refusal:
            log.info("prepaid_not_cut", account=one.account_id, code=refusal.code, reason=refusal.message)
    orders = DisconnectionOrder.objects.filter(prepayment_id__isnull=False, state__in=_BEFORE).order_by("id")
    for order_id in list(orders.values_list("id", flat=True)):
        try:
            disconnections.dispatch(order_id=order_id, at=at, actor=SYSTEM)
        except (NotToBeCut, IllegalMove, CommandUnderWay) as refusal:
            log.info("prepaid_not_dispatched", order=order_id, code=refusal.code, reason=refusal.message)
