"""
What falls due of programmes each day: begins, becomes a charge, is over.

All of it looks for itself in the database, by set, in a constant number of statements for each thousand; so it may run
at any time and again, and what a worker left when it died the next one does.
"""

from collections import defaultdict
from datetime import date, datetime

from accounts.operations import notices
from accounts.operations.notice_drafts import NewNotice
from accounts.queries import accounts, supplier
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.platform import audit, db
from cis.platform.db import opens_transaction
from contracts.domain.programs import CHARGE_KINDS, EnrollmentAction, ProgramKind
from contracts.operations import charges
from contracts.operations.charges import NewCharge
from contracts.operations.enrollment_steps import SUBJECT, reason_of

WORK = "programs"
"""Name of the daily work."""
BATCH = 1_000
_DUE = """
    SELECT r.id, r.seq, r.principal_minor + r.interest_minor, e.id, e.account_id, e.agreement_id, p.kind, p.months,
           p.name_zh, p.name_en, p.legal_source
    FROM contracts_schedulerow r
    JOIN contracts_enrollment e ON e.id = r.enrollment_id
    JOIN contracts_program p ON p.id = e.program_id
    WHERE r.charge_id IS NULL AND NOT r.is_waived AND r.is_ours AND r.due_date <= %(today)s
      AND e.state IN ('running', 'ended', 'settled')
    ORDER BY r.due_date, r.id LIMIT %(most)s
    FOR UPDATE OF r SKIP LOCKED
"""
_START = """
    UPDATE contracts_enrollment SET state = 'running' WHERE id IN (
        SELECT e.id FROM contracts_enrollment e JOIN contracts_program p ON p.id = e.program_id
        LEFT JOIN contracts_financing f ON f.enrollment_id = e.id
        WHERE e.state = 'signed' AND lower(e.period) <= %(today)s
          AND (NOT p.is_financed OR f.state IN ('accepted', 'paid'))
        ORDER BY e.id LIMIT %(most)s FOR UPDATE OF e SKIP LOCKED)
    RETURNING id
"""
_END = """
    UPDATE contracts_enrollment SET state = 'ended', closed_at = now() WHERE id IN (
        SELECT e.id FROM contracts_enrollment e
        WHERE e.state = 'running' AND upper(e.period) <= %(today)s AND NOT EXISTS (
            SELECT 1 FROM contracts_schedulerow r
            WHERE r.enrollment_id = e.id AND r.charge_id IS NULL AND NOT r.is_waived AND r.is_ours)
        ORDER BY e.id LIMIT %(most)s FOR UPDATE OF e SKIP LOCKED)
    RETURNING id
"""
_EXPIRE = """
    UPDATE contracts_enrollment SET state = 'cancelled', closed_at = now(), reason = %(reason)s WHERE id IN (
        SELECT e.id FROM contracts_enrollment e WHERE e.state = 'offered' AND e.valid_until < %(today)s
        ORDER BY e.id LIMIT %(most)s FOR UPDATE OF e SKIP LOCKED)
    RETURNING id
"""
_OVER = """
    SELECT e.id, e.account_id, e.customer_id, e.valid_until, p.name_zh, p.name_en
    FROM contracts_enrollment e JOIN contracts_program p ON p.id = e.program_id WHERE e.id = ANY(%(ids)s) ORDER BY e.id
"""
EXPIRED = "未在有效期内签署 not signed in time"
_CHARGED = """
    UPDATE contracts_schedulerow r SET charge_id = n.charge_id
    FROM unnest(%(rows)s::bigint[], %(charges)s::bigint[]) AS n (id, charge_id) WHERE r.id = n.id
"""


def night(at: datetime) -> None:
    """Do all that is due on the local day of an instant."""
    day(today=local_clock(supplier.current().time_zone).local_date(at))


def day(*, today: date) -> int:
    """End offers that nobody signed in time; begin, charge and end what is due; return how many charges were made."""
    while expire_due(today=today):
        pass
    while start_due(today=today):
        pass
    made = 0
    while done := charge_due(today=today):
        made += done
    while end_due(today=today):
        pass
    return made


@opens_transaction
def start_due(*, today: date, most: int = BATCH) -> int:
    """Let signed enrolments run whose day has come, those of a bank once it has accepted them; return how many."""
    return len(_moved(_START, EnrollmentAction.START, today=today, most=most))


@opens_transaction
def expire_due(*, today: date, most: int = BATCH) -> int:
    """End offers whose last day has passed unsigned, and tell their customers; return how many."""
    ids = _moved(_EXPIRE, EnrollmentAction.EXPIRE, today=today, most=most, reason=EXPIRED)
    rows = db.fetch(_OVER, {"ids": ids}) if ids else []
    languages = _languages({account_id for _, account_id, *_ in rows}, today)
    told = [
        NewNotice(
            key=f"{SUBJECT}:{row_id}",
            facts={
                "program": reason_of(zh, en, languages.get(account_id, "")),
                "until": until,
                "link": f"/portal/programmes/{row_id}",
            },
            customer_id=customer_id,
            account_id=account_id,
        )
        for row_id, account_id, customer_id, until, zh, en in rows
    ]
    if told:
        notices.queue_many_step(event="program_offer_over", notices=told, actor=SYSTEM)
    return len(ids)


@opens_transaction
def end_due(*, today: date, most: int = BATCH) -> int:
    """End enrolments whose months are over and whose rows are all charged; return how many."""
    return len(_moved(_END, EnrollmentAction.END, today=today, most=most))


@opens_transaction
def charge_due(*, today: date, most: int = BATCH) -> int:
    """
    Make one charge of each row of a schedule that is due and has none; return how many.

    Each row has its key, so that it is charged once however often this runs, and whoever dies in between leaves none
    half done.

    :raises MissingRule: the pack has no tax for such a charge: nothing is charged.
    """
    rows = db.fetch(_DUE, {"today": today, "most": most})
    if not rows:
        return 0
    languages = _languages({row[4] for row in rows}, today)
    groups: dict[tuple[str, str], list[NewCharge]] = defaultdict(list)
    keys = {}
    for row_id, seq, amount, enrollment_id, account_id, agreement_id, kind, months, zh, en, source in rows:
        keys[row_id] = f"{SUBJECT}-{enrollment_id}-{seq}"
        groups[kind, source].append(
            NewCharge(
                account_id=account_id,
                agreement_id=agreement_id,
                amount_minor=amount,
                reason=reason_of(zh, en, languages.get(account_id, ""), f"{seq}/{months}" if seq else ""),
                subject_id=enrollment_id,
                key=keys[row_id],
            )
        )
    made: dict[str, int] = {}
    for (kind, source), new in groups.items():
        made |= charges.agree_many_step(
            kind=CHARGE_KINDS[ProgramKind(kind)],
            subject=SUBJECT,
            charges=new,
            legal_source=source,
            today=today,
            actor=SYSTEM,
        )
    db.execute(_CHARGED, {"rows": list(keys), "charges": [made[key] for key in keys.values()]})
    return len(rows)


def _moved(sql: str, action: EnrollmentAction, *, today: date, most: int, reason: str = "") -> list[int]:
    ids = [one for (one,) in db.fetch(sql, {"today": today, "most": most, "reason": reason})]
    audit.record_many(SYSTEM, action.value, SUBJECT, ids)
    return ids


def _languages(account_ids: set[int], today: date) -> dict[int, str]:
    found = accounts.addressees(account_ids=sorted(account_ids), at_date=today)
    return {account_id: one.language for account_id, one in found.items()}
