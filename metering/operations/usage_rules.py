"""
Usage rules: begin, change, end, load many.

They are written one at a time, since whether a rule fits depends on others: all shares of a meter, and what hangs
behind what. Interval usage that was approved over a day on which shares change is approved anew, so that it ends there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit, db
from cis.platform.db import copy_rows, joins_transaction, opens_transaction
from metering.domain import usage_rules as rules
from metering.domain.usage_rules import Rule, RuleKind
from metering.models.device import Installation
from metering.models.place import ServicePoint
from metering.models.rule import UsageRule
from metering.models.usage import Usage
from metering.operations import usage
from metering.operations.places import InvalidLoad
from metering.queries import usage_rules as queries
from metering.queries.places import UnknownServicePoint


class InvalidUsageRule(Refused):
    """The rule is wrong, alone or beside others; ``detail["findings"]`` has one entry for each fault."""

    code = "invalid_usage_rule"


class RuleNotInForce(Refused):
    """The rule does not hold on the date."""

    code = "rule_not_in_force"


class NothingChanges(Refused):
    """The rule says this already."""

    code = "nothing_changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRules:
    """A checked delivery with everything found in it; only one without findings can be loaded."""

    rules: tuple[Rule[str], ...]
    findings: Findings


@opens_transaction
def begin(*, rule: Rule[int], actor: Actor) -> int:
    """
    Let a rule hold; its service point, source and meter are ids.

    :returns: id of the rule.
    :raises UnknownServicePoint: place or source does not exist.
    :raises InvalidUsageRule: a field is wrong or missing; the shares of the meter come to more than 100 %; a rule for
        the same holds already; energy would go round in a circle, or a share be shared again; the check meter does not
        hang at the place, or no meter hangs where one must count.
    """
    return begin_step(rule=rule, actor=actor)


@joins_transaction
def begin_step(*, rule: Rule[int], actor: Actor) -> int:
    """Let a rule hold as a step of a larger case; see ``begin``."""
    _serialise()
    _check_places(rule)
    findings = Findings()
    rules.check(rule, findings=findings)
    _check_meters(rule, findings)
    findings.raise_if_any(InvalidUsageRule)
    _check_beside_others(rule)
    made = UsageRule.objects.create(**_columns_of(rule))
    _approve_anew(rule)
    audit.record(actor, "begin", "usage_rule", made.id, **_facts_of(rule))
    return made.id


@opens_transaction
def change(
    *,
    rule_id: int,
    from_date: date,
    share_e6: int | None = None,
    quantity_wh: int | None = None,
    per: str = "",
    actor: Actor,
) -> int:
    """
    Let another share or quantity hold from a local date on; the rule ends there and a new one takes the rest of it.

    :returns: id of the rule that holds from the date on.
    :raises UnknownUsageRule: there is no such rule.
    :raises RuleNotInForce: it does not hold on the date.
    :raises NothingChanges: it says this already.
    :raises InvalidUsageRule: it has no share or quantity to change, or the new one does not fit; see ``begin``.
    """
    return change_step(
        rule_id=rule_id, from_date=from_date, share_e6=share_e6, quantity_wh=quantity_wh, per=per, actor=actor
    )


@joins_transaction
def change_step(
    *,
    rule_id: int,
    from_date: date,
    share_e6: int | None = None,
    quantity_wh: int | None = None,
    per: str = "",
    actor: Actor,
) -> int:
    """Let another share or quantity hold as a step of a larger case; see ``change``."""
    _serialise()
    held = _lock(rule_id)
    if not held.holds(from_date):
        raise RuleNotInForce(f"The rule does not hold on {from_date}.", rule_id=rule_id)
    wanted = replace(held, id=0, where="", start_date=from_date, share_e6=share_e6, quantity_wh=quantity_wh, per=per)
    if (held.share_e6, held.quantity_wh, held.per) == (share_e6, quantity_wh, per):
        raise NothingChanges("The rule says this already.", rule_id=rule_id)
    findings = Findings()
    rules.check(wanted, findings=findings)
    findings.raise_if_any(InvalidUsageRule)
    _cut_short(held, from_date, actor)
    _check_beside_others(wanted)
    made = UsageRule.objects.create(**_columns_of(wanted))
    _approve_anew(wanted)
    audit.record(actor, "change", "usage_rule", made.id, before=rule_id, **_facts_of(wanted))
    return made.id


@opens_transaction
def end(*, rule_id: int, end_date: date, actor: Actor) -> None:
    """
    End a rule: ``end_date`` is the first local date on which it holds no more. On its first day: it never held.

    :raises UnknownUsageRule: there is no such rule.
    :raises RuleNotInForce: the date is before its first day, or it ends by then anyway.
    """
    end_step(rule_id=rule_id, end_date=end_date, actor=actor)


@joins_transaction
def end_step(*, rule_id: int, end_date: date, actor: Actor) -> None:
    """End a rule as a step of a larger case; see ``end``."""
    _serialise()
    held = _lock(rule_id)
    if end_date < held.start_date or (held.end_date is not None and held.end_date <= end_date):
        raise RuleNotInForce(
            f"The rule holds from {held.start_date} to {held.end_date or 'further notice'}.", rule_id=rule_id
        )
    _cut_short(held, end_date, actor)
    _approve_anew(replace(held, start_date=end_date))
    audit.record(actor, "end", "usage_rule", rule_id, end_date=end_date.isoformat(), **_facts_of(held))


def prepare(
    *, delivered: Sequence[Rule[str]], service_points: Collection[str], meters: Collection[str]
) -> PreparedRules:
    """
    Check a whole delivery of rules whose places and meters are external ids; nothing is asked or written.

    :param service_points: external ids of all service points that are loaded with it.
    :param meters: external ids of all meters likewise.
    """
    findings = Findings()
    for rule in delivered:
        rules.check(rule, findings=findings)
        for field, value, known, code in (
            ("service_point", rule.service_point, service_points, "unknown_service_point"),
            ("source", rule.source, service_points, "unknown_service_point"),
            ("meter", rule.meter, meters, "unknown_meter"),
        ):
            if value is not None and value not in known:
                what = "meter" if field == "meter" else "service point"
                findings.add(f"{rule.where}: {field}", code, f"There is no {what} {value}.", "Deliver it too.")
    rules.check_together(delivered, findings=findings)
    return PreparedRules(rules=tuple(delivered), findings=findings)


@joins_transaction
def load(
    *, prepared: PreparedRules, service_point_ids: Mapping[str, int], meter_ids: Mapping[str, int], actor: Actor
) -> int:
    """
    Write a prepared delivery by COPY; no usage is approved yet that it could bear on.

    :param service_point_ids: ids by external id.
    :param meter_ids: ids by external id.
    :returns: how many there are.
    :raises InvalidLoad: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidLoad)
    if not prepared.rules:
        return 0
    rows = [
        {
            **_columns_of(rule),
            "service_point_id": service_point_ids[rule.service_point],
            "source_id": rule.source and service_point_ids[rule.source],
            "meter_id": rule.meter and meter_ids[rule.meter],
        }
        for rule in prepared.rules
    ]
    now = db.fetch("SELECT now()")[0][0]
    copy_rows(
        table="metering_usagerule",
        columns=(*rows[0], "created_at"),
        rows=((*row.values(), now) for row in rows),
    )
    audit.record(actor, "load", "usage_rule", None, usage_rules=len(rows))
    return len(rows)


def _serialise() -> None:
    """Let one rule be written at a time: two shares of 60 % of a meter must not pass each other by."""
    db.execute("LOCK TABLE metering_usagerule IN SHARE ROW EXCLUSIVE MODE")


def _lock(rule_id: int) -> Rule[int]:
    return queries.card(rule_id=rule_id).rule


def _check_places(rule: Rule[int]) -> None:
    known = set(ServicePoint.objects.filter(id__in=[rule.service_point, rule.source or 0]).values_list("id", flat=True))
    for point in (rule.service_point, rule.source):
        if point is not None and point not in known:
            raise UnknownServicePoint(f"There is no service point {point}.", advice="Check the number.")


def _check_meters(rule: Rule[int], findings: Findings) -> None:
    """Note a check meter that hangs elsewhere, and places where no meter counts what the rule is about."""
    if rule.kind is RuleKind.LEFT_OUT:
        if not _hangs(service_point_id=rule.service_point, on=rule.start_date, meter_id=rule.meter):
            findings.add("meter", "not_installed", f"The meter does not hang there on {rule.start_date}.")
        return
    counting = {RuleKind.SUBMETER: (rule.service_point, rule.source), RuleKind.UNMETERED: ()}
    for point in counting.get(rule.kind, (rule.source,)):
        if point is not None and not _hangs(service_point_id=point, on=rule.start_date):
            field = "source" if point == rule.source else "service_point"
            message = f"No meter hangs at the {'source' if field == 'source' else 'place'} on {rule.start_date}."
            findings.add(field, "no_meter_there", message)


def _hangs(*, service_point_id: int, on: date, meter_id: int | None = None) -> bool:
    hung = Installation.objects.filter(service_point_id=service_point_id, period__contains=on)
    return (hung if meter_id is None else hung.filter(meter_id=meter_id)).exists()


def _check_beside_others(rule: Rule[int]) -> None:
    """Refuse a rule that does not fit to those that are kept."""
    points = [point for point in (rule.service_point, rule.source) if point is not None]
    others = queries.touching(service_point_ids=points)
    findings = Findings()
    rules.check_together([*(replace(other, where="") for other in others), rule], findings=findings)
    findings.raise_if_any(InvalidUsageRule)


def _cut_short(held: Rule[int], end_date: date, actor: Actor) -> None:
    """Retire the row that holds, and write what stays of the rule anew; both at one instant, so no gap is between."""
    now = timezone.now()
    UsageRule.objects.filter(Q(id=held.id, first=None) | Q(first_id=held.id), retired_at=None).update(
        retired_at=now, retirer_id=actor.id
    )
    if held.start_date < end_date:
        kept = replace(held, end_date=end_date)
        UsageRule.objects.create(**_columns_of(kept), first_id=held.id, created_at=now)


def _approve_anew(rule: Rule[int]) -> None:
    """Approve interval usage anew that runs over the first or the last day of a rule, so that it ends there."""
    points = [rule.service_point] if rule.kind is RuleKind.LEFT_OUT else [rule.source]
    if rule.source is not None:
        behind = UsageRule.objects.filter(source_id=rule.source, kind=RuleKind.SUBMETER.value, retired_at=None)
        points += list(behind.values_list("service_point_id", flat=True))
    for day in (rule.start_date, rule.end_date):
        if day is None or rule.kind is RuleKind.UNMETERED:
            continue
        over = Usage.objects.filter(
            service_point_id__in=[point for point in points if point is not None],
            is_current=True, basis="interval", start_date__lt=day, end_date__gt=day,
        )  # fmt: skip
        for point, start, until in over.values_list("service_point_id", "start_date", "end_date"):
            usage.approve_step(start_date=start, end_date=until, service_point_ids=[point], boundaries=())


def _columns_of(rule: Rule[Any]) -> dict[str, object]:
    return {
        "service_point_id": rule.service_point,
        "kind": rule.kind.value,
        "source_id": rule.source,
        "meter_id": rule.meter,
        "share_e6": rule.share_e6,
        "quantity_wh": rule.quantity_wh,
        "per": rule.per,
        "excess": rule.excess,
        "period": DateRange(rule.start_date, rule.end_date),
    }


def _facts_of(rule: Rule[int]) -> dict[str, object]:
    facts = {name: value for name, value in _columns_of(rule).items() if value not in (None, "") and name != "period"}
    return facts | {"from_date": rule.start_date.isoformat()}
