"""Each day: who is told that a contract ends, which go on, which end. Run twice, it does nothing twice."""

from datetime import date, datetime, timedelta

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.domain.notice_events import Fact
from accounts.operations import notices
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import add_months
from cis.platform import audit, packs
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.contract_workflow import WORKFLOW, ContractAction, ContractState
from contracts.models.supply_contract import SupplyContract
from contracts.operations import offer_ends
from contracts.operations.supply_contracts import SUBJECT, end_row

WORK = "contract_ends"
AT_ONCE = 500
END_REASON = "Its time is over."


def night(due_at: datetime) -> None:
    """Do what is due on the local day of a schedule; the daily job."""
    run(today=timezone.localdate(due_at))


def run(*, today: date) -> int:
    """
    Tell of ends that come, renew what goes on by itself, end what does not; return how many were touched.

    Offers whose last day has passed end too.

    Each piece of ``AT_ONCE`` contracts is a transaction of its own.
    """
    touched = 0
    while True:
        found = _due(today)
        if not found:
            break
        touched += _end(today, found)
    return touched + _tell(today) + offer_ends.expire(today=today)


def _due(today: date) -> list[int]:
    rows = SupplyContract.objects.filter(state=ContractState.SIGNED.value)
    rows = rows.annotate(last=Coalesce(F("extended_to_date"), F("end_date"))).filter(last__lte=today)
    return list(rows.order_by("id").values_list("id", flat=True)[:AT_ONCE])


@opens_transaction
def _end(today: date, ids: list[int]) -> int:
    rows = SupplyContract.objects.select_for_update(of=("self",)).filter(id__in=ids, state=ContractState.SIGNED.value)
    touched = 0
    for row in rows.order_by("id"):
        last = row.extended_to_date or row.end_date
        if last is None or last > today:
            continue
        touched += 1
        if row.renew_months and row.end_date is not None:
            last = _renewed(row.end_date, row.renew_months, today)
            row.extended_to_date = last
            row.save(update_fields=["extended_to_date"])
            audit.record(SYSTEM, "renew", SUBJECT, row.id, until=last)
            _queue(row, "contract_renewed", last)
        else:
            move = WORKFLOW.step(ContractState.SIGNED, ContractAction.EXPIRE, SYSTEM)
            end_row(row, state=move.to, ended_date=last, reason=END_REASON)
            audit.record(SYSTEM, "expire", SUBJECT, row.id, ended_date=last)
    return touched


def _renewed(end_date: date, months: int, today: date) -> date:
    """Return the first end after today, counted from the end that was agreed: 31 January stays the last of a month."""
    times = 1
    while add_months(end_date, times * months) <= today:
        times += 1
    return add_months(end_date, times * months)


@opens_transaction
def _tell(today: date) -> int:
    days: int = packs.rule("contract_terms", at=today)["expiry_notice_days"]
    rows = SupplyContract.objects.filter(state=ContractState.SIGNED.value)
    rows = rows.annotate(last=Coalesce(F("extended_to_date"), F("end_date")))
    told = 0
    for row in rows.filter(last__gt=today, last__lte=today + timedelta(days=days)).order_by("id").iterator():
        told += _queue(row, "contract_expiring", row.extended_to_date or row.end_date)
    return told


@joins_transaction
def _queue(row: SupplyContract, event: str, end_date: date | None) -> int:
    """Tell the customer once of one end."""
    if end_date is None:
        return 0
    facts: dict[str, Fact] = {
        "contract": str(row.number),
        "end": end_date,
        "link": f"/portal/contracts/{row.id}",
    }
    if event == "contract_expiring":
        facts["renewal"] = row.renew_months
    written = notices.queue_step(
        event=event,
        customer_id=row.customer_id,
        account_id=row.account_id,
        facts=facts,
        key=f"{event}:{row.id}:{end_date.isoformat()}",
        actor=SYSTEM,
    )
    return 1 if written else 0
