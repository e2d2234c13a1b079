"""Where personal data of customers stand in this room."""

from collections.abc import Iterable, Sequence

from arrears.domain.plan_workflow import LIVE
from arrears.models.collection import CollectionCase
from arrears.models.plan import InstalmentPlan
from cis.platform.personal import BY_CUSTOMER, ROW, Held, Obstacle, actors, by_account, struck, within

CASE = Held(table="arrears_collectioncase", way=by_account(f"{ROW}.opened_date"), subject="collection_case")
ORDER = Held(
    table="arrears_disconnectionorder", way=by_account(f"{ROW}.proposed_at::date"), subject="disconnection",
    erased=struck("reason", "notice_proof"),
)  # fmt: skip
PLAN = Held(
    table="arrears_instalmentplan", way=BY_CUSTOMER, subject="instalment_plan", erased=struck("end_reason"),
)  # fmt: skip
FEE = Held(table="arrears_latefee", way=by_account(f"{ROW}.created_at::date"), subject="late_fee")

HELD = (
    CASE,
    Held(
        table="arrears_collectionmove", way=within(CASE, "case_id"), erased=struck("proof") | actors("actor_name"),
    ),
    Held(
        table="arrears_hold", way=by_account(f"{ROW}.placed_at::date"), subject="hold",
        erased=struck("evidence", "lift_reason", "lift_asked_reason") | actors("actor_name"),
    ),
    ORDER,
    Held(
        table="arrears_disconnectionmove", way=within(ORDER, "order_id"), erased=struck("note"), exported=False,
    ),
    FEE,
    Held(table="arrears_latefeewaiver", way=within(FEE, "fee_id"), erased=struck("remark")),
    PLAN,
    Held(table="arrears_planmove", way=within(PLAN, "plan_id"), erased=struck("note") | actors("actor_name")),
)  # fmt: skip


def obstacles(customer_id: int, account_ids: Sequence[int]) -> Iterable[Obstacle]:
    """Return what stands against it in this room: a case of arrears, a plan of instalments that runs."""
    if CollectionCase.objects.filter(account_id__in=list(account_ids), closed_date=None).exists():
        yield Obstacle(code="arrears_open")
    if InstalmentPlan.objects.filter(customer_id=customer_id, state__in=[str(one) for one in LIVE]).exists():
        yield Obstacle(code="plan_runs")
