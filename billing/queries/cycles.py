"""Bill cycles: groups of accounts that are billed together."""

from dataclasses import dataclass

from django.db.models import Count

from billing.models.run import BillCycle


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleCard:
    """A cycle with the number of its accounts."""

    id: int
    code: str
    name_zh: str
    name_en: str
    run_day: int
    is_unattended: bool
    accounts: int


def listed() -> tuple[CycleCard, ...]:
    """Return all cycles by code; one statement."""
    rows = BillCycle.objects.annotate(accounts=Count("members")).order_by("code")
    return tuple(CycleCard(**row) for row in rows.values(*CycleCard.__dataclass_fields__))


def of_account(*, account_id: int) -> CycleCard | None:
    """Return the cycle of an account, None if it is in none; one statement. ``accounts`` is not counted here: 0."""
    row = BillCycle.objects.filter(members__account_id=account_id).values(*_PLAIN).first()
    return CycleCard(accounts=0, **row) if row else None


_PLAIN = tuple(name for name in CycleCard.__dataclass_fields__ if name != "accounts")
