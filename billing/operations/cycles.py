"""Cycles: which accounts are billed together."""

from collections.abc import Mapping

from billing.models.energizing import CycleRule
from billing.models.run import BillCycle, CycleMember
from billing.queries import cycles as queries
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from metering.queries import places

RUN_DAY_MOST = 28


class UnknownCycle(Refused):
    """There is no such bill cycle."""

    code = "unknown_cycle"


class NoCycle(Refused):
    """The account is in no cycle, and no rule says which one bills it."""

    code = "no_cycle"


class BadRunDay(Refused):
    """Not every month has this day."""

    code = "bad_run_day"


@joins_transaction
def ensure(*, codes: set[str], actor: Actor) -> dict[str, int]:
    """Return the ids of cycles by code; a code that is new makes a cycle named after it."""
    for code in sorted(codes):
        _, is_new = BillCycle.objects.get_or_create(
            code=code, defaults={"name_zh": f"抄表段 {code}", "name_en": f"Cycle {code}"}
        )
        if is_new:
            audit.record(actor, "create", "bill_cycle", None, code=code)
    return dict(BillCycle.objects.filter(code__in=codes).values_list("code", "id"))


@joins_transaction
def load_members(*, cycle_of_account: Mapping[int, int]) -> None:
    """Put new accounts into their cycles: account id -> cycle id; one statement for each 5,000."""
    CycleMember.objects.bulk_create(
        (CycleMember(account_id=account, cycle_id=cycle) for account, cycle in cycle_of_account.items()),
        batch_size=5_000,
    )


@opens_transaction
def change(*, cycle_id: int, run_day: int, is_unattended: bool, actor: Actor) -> None:
    """
    Say on which day of the month a cycle is billed, and whether the night does it without a person.

    :param run_day: 1 to 28.
    :raises UnknownCycle: there is none.
    :raises BadRunDay: not every month has the day.
    """
    if run_day not in range(1, RUN_DAY_MOST + 1):
        raise BadRunDay(f"Not every month has a day {run_day}.", advice=f"Choose 1 to {RUN_DAY_MOST}.", field="run_day")
    cycle = BillCycle.objects.select_for_update().filter(id=cycle_id).first()
    if cycle is None:
        raise UnknownCycle(f"There is no cycle {cycle_id}.")
    was = {"run_day": cycle.run_day, "is_unattended": cycle.is_unattended}
    cycle.run_day, cycle.is_unattended = run_day, is_unattended
    cycle.save(update_fields=["run_day", "is_unattended"])
    audit.record(
        actor, "edit", "bill_cycle", cycle_id,
        code=cycle.code, before=was, run_day=run_day, is_unattended=is_unattended,
    )  # fmt: skip


@opens_transaction
def assign(*, account_id: int, cycle_code: str, actor: Actor) -> None:
    """
    Put an account into a cycle, or move it there; what was billed stays.

    :raises UnknownCycle: there is none of that code.
    """
    put(account_id=account_id, cycle_code=cycle_code, actor=actor)


@joins_transaction
def put(*, account_id: int, cycle_code: str, actor: Actor) -> None:
    """Put an account into a cycle as a step of a larger use case; see ``assign``."""
    cycle = BillCycle.objects.filter(code=cycle_code).first()
    if cycle is None:
        raise UnknownCycle(f"There is no cycle {cycle_code}.")
    CycleMember.objects.update_or_create(account_id=account_id, defaults={"cycle": cycle})
    audit.record(actor, "assign_cycle", "account", account_id, cycle=cycle_code)


@opens_transaction
def set_rule(*, district: str, use_class: str, cycle_code: str, actor: Actor) -> None:
    """
    Say which cycle bills new supplies of a district and class; "" = all of them. A rule for the same is replaced.

    :raises UnknownCycle: there is no such cycle.
    """
    cycle = BillCycle.objects.filter(code=cycle_code).first()
    if cycle is None:
        raise UnknownCycle(f"There is no cycle {cycle_code}.")
    row, _ = CycleRule.objects.update_or_create(
        district=district.strip(), use_class=use_class, defaults={"cycle": cycle}
    )
    audit.record(actor, "set", "cycle_rule", row.id, district=row.district, use_class=use_class, cycle=cycle_code)


@opens_transaction
def drop_rule(*, rule_id: int, actor: Actor) -> None:
    """Take a rule away that chooses the cycle of new supplies; nothing happens if there is none."""
    row = CycleRule.objects.filter(id=rule_id).first()
    if row is not None:
        row.delete()
        audit.record(actor, "drop", "cycle_rule", rule_id, district=row.district, use_class=row.use_class)


def code_of_new(*, account_id: int, service_point_id: int, use_class: str, asked: str) -> str:
    """
    Return the code of the cycle of an account, else the one asked for, else the one that a rule chooses.

    :raises NoCycle: none of these; UnknownCycle: there is no such cycle.
    """
    held = queries.of_account(account_id=account_id)
    if held is not None:
        return held.code
    district = places.districts(service_point_ids=[service_point_id]).get(service_point_id, "")
    found = asked or queries.chosen(district=district, use_class=use_class)
    if not found:
        raise NoCycle(
            f"No rule says which cycle bills a supply of the class {use_class or '–'} in {district or 'no district'}.",
            advice="Add a rule on the page of bill cycles, or name the cycle.", field="cycle",
        )  # fmt: skip
    if not BillCycle.objects.filter(code=found).exists():
        raise UnknownCycle(f"There is no cycle {found}.")
    return found
