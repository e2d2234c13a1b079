"""The register of important customers: entered, changed, looked at again, ended; every change and look is audited."""

from dataclasses import replace
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import opens_transaction
from contracts.domain import important as rules
from contracts.domain.important import Backup, Entry
from contracts.domain.inspection import Grade
from contracts.domain.inspection_workflow import REGISTRARS
from contracts.models.inspection import ImportantCustomer
from contracts.queries import inspection_rules
from contracts.queries.important import UnknownEntry

SUBJECT = "important_customer"


class InvalidEntry(Refused):
    """The entry cannot be made; ``detail["findings"]`` says why."""

    code = "invalid_entry"


class EntryExists(Refused):
    """The place is in the register already."""

    code = "important_customer_exists"


class EntryEnded(Refused):
    """The entry holds no more."""

    code = "important_customer_ended"


@opens_transaction
def enter(*, entry: Entry, today: date, actor: Actor) -> int:
    """
    Enter a place into the register; return the id of the entry.

    :raises InvalidEntry: something is missing or cannot be; EntryExists: the place is there for these days.
    :raises NotAllowed: the actor may not.
    """
    _check(entry, actor)
    same = ImportantCustomer.objects.filter(
        service_point_id=entry.service_point_id, period__overlap=DateRange(entry.start_date, entry.end_date)
    )
    if same.exists():
        raise EntryExists("This place is in the register already.", advice="Change its entry.")
    return _write(entry, today, actor, "enter")


@opens_transaction
def change(*, entry_id: int, entry: Entry, today: date, actor: Actor) -> int:
    """
    Let an entry hold as changed from today on; return the id of the new row, the old one ends today.

    An entry that began today is replaced. It counts as looked at.

    :raises UnknownEntry: there is none; EntryEnded: it holds no more; InvalidEntry; NotAllowed.
    """
    old = _lock(entry_id, today)
    start = max(today, old.period.lower)
    new = replace(entry, service_point_id=old.service_point_id, start_date=start)
    _check(new, actor)
    if old.period.lower >= today:
        audit.record(actor, "replace", SUBJECT, old.id, **_facts(old))
        old.delete()
    else:
        old.period = DateRange(old.period.lower, today)
        old.save(update_fields=["period"])
        audit.record(actor, "end", SUBJECT, old.id, end_date=today)
    return _write(new, today, actor, "change")


@opens_transaction
def review(*, entry_id: int, today: date, actor: Actor) -> None:
    """
    Note that an entry was looked at and stays as it is.

    :raises UnknownEntry: there is none; EntryEnded: it holds no more; NotAllowed: the actor may not.
    """
    row = _lock(entry_id, today)
    _may(actor)
    row.reviewed_date = today
    row.review_due_date = rules.review_due(reviewed_date=today, months=inspection_rules.review_months(at=today))
    row.save(update_fields=["reviewed_date", "review_due_date"])
    audit.record(actor, "review", SUBJECT, row.id, review_due_date=row.review_due_date)


@opens_transaction
def end(*, entry_id: int, end_date: date, today: date, actor: Actor) -> None:
    """
    End an entry: it does not hold on ``end_date`` any more.

    :raises UnknownEntry: there is none; EntryEnded: it holds no more; InvalidEntry: it would have no day.
    :raises NotAllowed: the actor may not.
    """
    row = _lock(entry_id, today)
    _may(actor)
    if end_date <= row.period.lower:
        raise InvalidEntry("The entry would end before it has a day.", advice="Choose a later day.", field="end_date")
    row.period = DateRange(row.period.lower, end_date)
    row.save(update_fields=["period"])
    audit.record(actor, "end", SUBJECT, row.id, end_date=end_date)


def record_look(*, entry_id: int, actor: Actor) -> None:
    """Record that somebody looked at an entry: where a supply matters most is not for everybody."""
    audit.record(actor, "look", SUBJECT, entry_id)


def record_look_at_list(*, actor: Actor, entries: int) -> None:
    """Record that somebody looked at, or took away, a list of entries."""
    audit.record(actor, "look", SUBJECT, None, entries=entries)


def _write(entry: Entry, today: date, actor: Actor, action: str) -> int:
    months = inspection_rules.review_months(at=today)
    row = ImportantCustomer.objects.create(
        service_point_id=entry.service_point_id, grade=Grade(entry.grade).value, reason=entry.reason.strip(),
        backup=Backup(entry.backup).value, backup_va=entry.backup_va, security_va=entry.security_va,
        period=DateRange(entry.start_date, entry.end_date), reviewed_date=today,
        review_due_date=rules.review_due(reviewed_date=today, months=months), actor_id=actor.id,
    )  # fmt: skip
    audit.record(actor, action, SUBJECT, row.id, **_facts(row))
    return row.id


def _facts(row: ImportantCustomer) -> dict[str, object]:
    return {
        "place": row.service_point_id, "grade": row.grade, "reason": row.reason, "backup": row.backup,
        "backup_va": row.backup_va, "security_va": row.security_va, "start_date": row.period.lower,
        "end_date": row.period.upper,
    }  # fmt: skip


def _check(entry: Entry, actor: Actor) -> None:
    _may(actor)
    findings = Findings()
    rules.check(entry, findings=findings)
    findings.raise_if_any(InvalidEntry)


def _may(actor: Actor) -> None:
    if not actor.is_one_of(REGISTRARS):
        raise NotAllowed(f"{actor.name} may not change the register.", advice="Ask metering or a supervisor.")


def _lock(entry_id: int, today: date) -> ImportantCustomer:
    row = ImportantCustomer.objects.select_for_update().filter(id=entry_id).first()
    if row is None:
        raise UnknownEntry(f"The register has no entry {entry_id}.")
    if row.period.upper is not None and row.period.upper <= today:
        raise EntryEnded("This entry holds no more.", advice="Enter the place anew.")
    return row
