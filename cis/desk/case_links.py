"""What a case may be about, to choose from and as links: bills, reads, work orders, applications, faults and alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.queries import bills
from cis.desk import case_words
from cis.desk.words import word
from cis.platform import typed
from cis.platform.templatetags.local import kwh, plain_money
from complaints.domain.kinds import Evidence
from complaints.operations.findings import BadLink
from complaints.queries.cases import CaseDetail
from contracts.queries import applications
from metering.queries import linkable
from metering.queries.linkable import SpokenAlarm, SpokenFault, SpokenOrder, SpokenRead

BILLS_MOST, APPLICATIONS_MOST = 24, 10
NAMES = ("bill", "read", "work_order", "application", "fault_report", "meter_alarm")
Group = tuple[str, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Link:
    """What a case is about; ``url`` "": it has no page of its own."""

    text: str
    url: str


def things(row: Any) -> list[Group]:
    """Return what belongs to the account, the place and the customer of a case, in groups; six statements at most."""
    point, found = row.service_point_id, []
    if row.account_id is not None:
        own = bills.of_account(account_id=row.account_id, most=BILLS_MOST)
        shown = [(f"bill:{one.id}", f"{one.number} · {plain_money(one.amount_minor)}") for one in own if one.number]
        found.append((_("Bills"), shown))
    if point is not None:
        found.append(
            (_("Reads"), [(f"read:{one.id}", _read(one)) for one in linkable.reads_at(service_point_id=point)])
        )
        orders = linkable.orders_at(service_point_id=point)
        found.append((_("Work orders"), [(f"work_order:{one.id}", _order(one)) for one in orders]))
        faults = linkable.faults_at(service_point_id=point)
        alarms = [(f"meter_alarm:{one.id}", _alarm(one)) for one in linkable.alarms_at(service_point_id=point)]
        found.append((_("Faults and alarms"), [*((f"fault_report:{one.id}", _fault(one)) for one in faults), *alarms]))
    if row.customer_id is not None:
        own_ones = applications.of_customers([row.customer_id], most=APPLICATIONS_MOST)
        found.append((_("Applications"), [(f"application:{one.id}", one.number) for one in own_ones]))
    return [group for group in found if group[1]]


def chosen(thing: str, number: str) -> dict[str, int]:
    """
    Return what was chosen, or typed, as the operation takes it: a bill, an application, or a work order by its number.

    :raises BadLink: nothing was chosen, or nothing has this number.
    :raises UnknownBill, UnknownApplication: nothing has this number.
    """
    name, _colon, given = thing.partition(":")
    thing_id = typed.number(given)
    if name in NAMES and thing_id is not None:
        return {f"{name}_id": thing_id}
    plain = number.strip().lstrip("#")
    if number.strip().startswith("#") and (order_id := typed.number(plain)) is not None:
        return {"work_order_id": order_id}
    if plain and not plain.isdigit():
        return {"application_id": applications.id_of_number(plain)}
    if not plain:
        raise BadLink("Nothing is named.", advice="Choose something, or type a number.", field="thing")
    return {"bill_id": bills.id_of_number(plain)}


def shown(detail: CaseDetail) -> list[Link]:
    """Return what a case is about, as links; three statements at most beside those of the case."""
    reads = {one.id: one for one in linkable.reads(read_ids=_ids(detail, "read_id"))}
    faults = {one.id: one for one in linkable.faults(fault_ids=_ids(detail, "fault_report_id"))}
    alarms = {one.id: one for one in linkable.alarms(alarm_ids=_ids(detail, "meter_alarm_id"))}
    return [_link(one, reads, faults, alarms) for one in detail.links]


def findings(detail: CaseDetail) -> list[tuple[Any, str, str]]:
    """Return what was found, in words, with the page that shows it; "": none does, as of what somebody said."""
    return [(one, case_words.found(one), _evidence(one, detail)) for one in detail.findings]


def _evidence(one: Any, detail: CaseDetail) -> str:
    row, said = detail.row, one.shown_by.strip()
    match one.evidence:
        case Evidence.READS if row.account_id is not None:
            return reverse("desk:account", args=[row.account_id]) + "#usage"
        case Evidence.BILL:
            own = [row.bill] if row.bill is not None else []
            named = [bill for bill in (*own, *(link.bill for link in detail.links if link.bill)) if bill.number == said]
            chosen = named or (own if not said else [])
            return reverse("desk:explain_bill", args=[chosen[0].id]) if chosen else ""
        case Evidence.VISIT:
            linked = {link.work_order_id for link in detail.links} | {deed.work_order_id for deed in detail.deeds}
            order_id = typed.number(said.removeprefix("#"))
            return reverse("desk:work_order", args=[order_id]) if order_id in linked - {None} else ""
        case _:
            return ""


def _link(
    row: Any, reads: dict[int, SpokenRead], faults: dict[int, SpokenFault], alarms: dict[int, SpokenAlarm]
) -> Link:
    if row.bill is not None:
        return Link(f"{_('Bill')} {row.bill.number}", reverse("desk:bill", args=[row.bill_id]))
    if row.application is not None:
        return Link(row.application.number, reverse("desk:application", args=[row.application_id]))
    if row.work_order is not None:
        name = f"{_('Work order')} {row.work_order_id}"
        return Link(name, reverse("desk:work_order", args=[row.work_order_id]))
    if row.read_id in reads:
        read = reads[row.read_id]
        return Link(f"{_('Read')} {_read(read)}", reverse("desk:meter", args=[read.meter_id]))
    if row.meter_alarm_id in alarms:
        alarm = alarms[row.meter_alarm_id]
        return Link(_alarm(alarm), reverse("desk:meter", args=[alarm.meter_id]))
    fault = faults[row.fault_report_id]
    url = "" if fault.outage_id is None else reverse("desk:outage", args=[fault.outage_id])
    return Link(_fault(fault), url)


def _ids(detail: CaseDetail, name: str) -> Sequence[int]:
    return [getattr(one, name) for one in detail.links if getattr(one, name) is not None]


def _read(one: SpokenRead) -> str:
    code = word("register", one.register_code)
    return f"{one.read_date} · {one.serial} · {code} · {kwh(one.reading_wh)}"


def _order(one: SpokenOrder) -> str:
    return f"#{one.id} · {word('work_kind', one.kind)} · {one.due_date}"


def _alarm(one: SpokenAlarm) -> str:
    return f"{word('alarm_kind', one.kind)} · {one.serial} · {timezone.localtime(one.occurred_at):%Y-%m-%d %H:%M}"


def _fault(one: SpokenFault) -> str:
    return f"{word('fault_kind', one.kind)} · {timezone.localtime(one.reported_at):%Y-%m-%d %H:%M}"
