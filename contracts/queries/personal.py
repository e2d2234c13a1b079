"""Where personal data of customers stand in this room, and in work at the places that it supplies."""

from collections.abc import Iterable, Sequence

from cis.platform.personal import (
    BY_CUSTOMER,
    KEY_GONE,
    ROW,
    Held,
    Link,
    Obstacle,
    Way,
    actors,
    by_account,
    either,
    struck,
    within,
)
from contracts.domain.application_workflow import OPEN
from contracts.domain.changes import OPEN_STATES
from contracts.domain.openadr import RESERVED
from contracts.domain.programs import EnrollmentState
from contracts.models.application import ServiceApplication
from contracts.models.change import ChangeSet
from contracts.models.program import Enrollment

APPLICATION = Held(
    table="contracts_serviceapplication", way=BY_CUSTOMER, subject="application",
    nobody="t.customer_id IS NULL AND t.ended_at < %(before)s::date", told=f"{ROW}.name <> '–'",
    erased={
        "link_sha256": "''", "search_grams": "'{}'",
        **struck("name", "id_number", "phone", "email", "agent_name", "agent_id_number", "agent_phone", "address",
                 "note", "external_id"),
    },
)  # fmt: skip
AGREEMENT = Held(
    table="contracts_serviceagreement", way=by_account(f"coalesce(upper({ROW}.period) - 1, current_date)"),
    subject="agreement",
)  # fmt: skip
CONTRACT = Held(
    table="contracts_supplycontract", way=BY_CUSTOMER, subject="supply_contract",
    documents=("document_id", "scan_id"),
    erased={"search_text": "''", "search_grams": "'{}'", **struck("signed_by", "special", "end_reason", "address")},
)  # fmt: skip
ENROLLMENT = Held(
    table="contracts_enrollment", way=BY_CUSTOMER, subject="enrollment", documents=("paper_id", "scan_id"),
    erased=struck("signed_name", "reason"),
)  # fmt: skip
EVENT_PART = Held(
    table="contracts_eventpart", way=within(ENROLLMENT, "enrollment_id"), subject="demand_event_part",
    erased=struck("reason"),
)  # fmt: skip
_OWN = ENROLLMENT.way.mine("own")
OPENADR = Held(
    table="contracts_openadrobject",
    way=either(
        within(ENROLLMENT, "enrollment_id"),
        Way(  # a report on several; its targets say on whom
            f"({ROW}.kind = 'report' AND {ROW}.targets && "
            f"ARRAY(SELECT '{RESERVED[0]}' || own.id FROM {ENROLLMENT.table} own WHERE {_OWN})::varchar[])"
        ),
    ),
    erased={"document": "'{}'", "name": KEY_GONE, "deleted_at": "coalesce(t.deleted_at, now())"},
    shown_as={
        "document": "CASE WHEN t.kind = 'report' AND cardinality(t.targets) > 1 THEN '–' ELSE t.document END",
        "targets": "CASE WHEN t.kind = 'report' THEN '{}' ELSE t.targets END",
    },
)  # fmt: skip
"""
A device that answers for a customer, and what it reported: gone for its client too, as nothing is left to show.

Of a report on several, nobody is told what it says of the others; it goes with the first who is erased.
"""
CHANGE = Held(
    table="contracts_changeset", way=BY_CUSTOMER, subject="change",
    erased=struck("name", "position", "reason", "stuck_message"),
)  # fmt: skip
BREACH = Held(
    table="contracts_breachcase", way=within(AGREEMENT, "agreement_id"), subject="breach_case",
    erased=struck("evidence", "owed_reason", "cancel_reason"),
)  # fmt: skip
INSPECTION = Held(
    table="contracts_safetyinspection", subject="inspection",
    way=either(within(AGREEMENT, "agreement_id"), within(APPLICATION, "application_id")),
    erased=struck("customer_name", "reason"),
)  # fmt: skip
USAGE_INSPECTION = Held(
    table="contracts_usageinspection", way=within(AGREEMENT, "agreement_id"), subject="usage_inspection",
    erased=struck("dispute", "reason"),
)  # fmt: skip
USAGE_SUSPICION = Held(
    table="contracts_usagesuspicion", way=within(USAGE_INSPECTION, "inspection_id"), subject="usage_suspicion",
    erased={"reference": f"CASE WHEN t.reference = '' THEN '' ELSE {KEY_GONE} END", **struck("words")},
    exported=False,  # that somebody told, and in which case, stays with who told
)  # fmt: skip
DEFECT = Held(
    table="contracts_defect", way=within(INSPECTION, "inspection_id"), subject="defect",
    erased=struck("note", "claim_note", "reason"),
)  # fmt: skip
OFFER = Held(
    table="contracts_offer", way=either(BY_CUSTOMER, by_account(f"{ROW}.created_at::date")), subject="offer",
    erased=struck("recipient", "note"),
)  # fmt: skip
FINANCING = Held(
    table="contracts_financing", way=within(ENROLLMENT, "enrollment_id"), erased=struck("reason"), subject="financing"
)


def _at_place(day: str, *, when: str = "true") -> Way:
    """Return the way of what is of a place to whoever held the account that was supplied there on a day."""
    account = f"""(SELECT a.account_id FROM contracts_serviceagreement a
        WHERE a.service_point_id = {ROW}.service_point_id AND lower(a.period) <= {day}
        ORDER BY lower(a.period) DESC LIMIT 1)"""
    holder = f"""(SELECT h.customer_id FROM accounts_accountholder h WHERE h.account_id = {account}
        AND lower(h.period) <= {day} ORDER BY lower(h.period) DESC LIMIT 1)"""
    places = """SELECT s.service_point_id FROM contracts_serviceagreement s JOIN accounts_accountholder o
        ON o.account_id = s.account_id WHERE o.customer_id = %(customer)s::bigint"""
    whose = f"{when} AND {ROW}.service_point_id IN ({places}) AND {holder} = %(customer)s::bigint"
    return Way(whose, f"CASE WHEN {when} THEN {holder} END", 1)


CORRECTION = Held(
    table="metering_usagecorrection", way=_at_place(f"{ROW}.end_date - 1"), subject="usage_correction", exported=False,
    erased=struck("evidence", "undo_reason"),
)  # fmt: skip
"""What shows that energy was counted wrong: who the customer was stands there in words, if anywhere."""
EXCEPTION = Held(
    table="metering_usageexception", way=_at_place(f"{ROW}.start_date"), subject="usage_exception", exported=False,
    erased=struck("reason"),
)  # fmt: skip
"""Why doubtful energy is right: "her daughter moved in" is said of a customer."""
ANOMALY = Held(
    table="metering_anomaly", way=_at_place(f"{ROW}.since_date"), subject="anomaly", exported=False,
    erased=struck("reason"),
)  # fmt: skip
"""Why an unusual load is right, or what a crew was sent for: it may say who lives there, and how."""
BEHAVIOUR = Held(table="metering_behaviourmonth", way=_at_place(f"{ROW}.month_date"), gone=True)
"""When somebody sleeps, cooks and is away can be seen in the hours of a home: they get it, and it goes with them."""
WORK = Held(
    table="metering_workorder", subject="work_order", about=("t.subject", "t.subject_id::text"),
    way=either(
        Way(
            f"""{ROW}.subject = 'application' AND {ROW}.subject_id IN (SELECT p.id FROM contracts_serviceapplication p
                WHERE p.customer_id = %(customer)s::bigint)""",
            f"""(SELECT p.customer_id FROM contracts_serviceapplication p
                WHERE {ROW}.subject = 'application' AND p.id = {ROW}.subject_id)""",
            1,
            (Link(APPLICATION, "subject_id", f"{ROW}.subject = 'application'"),),
        ),
        _at_place(f"{ROW}.created_at::date", when=f"{ROW}.subject <> 'application'"),
    ),
    erased={"facts": "'{}'", **struck("note")},
)  # fmt: skip
"""
Work at the place of a customer while they were supplied there, and work for their applications: what is done there for
the application of somebody else is not theirs.
"""

HELD = (
    APPLICATION,
    Held(
        table="contracts_applicationitem", way=within(APPLICATION, "application_id"),
        erased={"conflict_key": "'erased:' || t.id"},
    ),
    Held(
        table="contracts_applicationpaper", way=within(APPLICATION, "application_id"), documents=("document_id",),
        erased=struck("name", "actor_name"),
    ),
    Held(
        table="contracts_applicationmove", way=within(APPLICATION, "application_id"),
        erased=struck("reason") | actors("actor_name"),
    ),
    Held(
        table="contracts_applicationmessage", way=within(APPLICATION, "application_id"),
        erased=struck("text", "actor_name"),
    ),
    Held(
        table="contracts_surveyreport", way=within(APPLICATION, "application_id"), erased=struck("works", "note"),
    ),
    AGREEMENT,
    OFFER,
    CONTRACT,
    Held(
        table="contracts_contractclause", way=within(CONTRACT, "contract_id"), erased=struck("body_zh", "body_en"),
    ),
    ENROLLMENT,
    FINANCING,
    EVENT_PART,
    OPENADR,
    Held(table="contracts_baselineday", way=within(EVENT_PART, "part_id")),
    Held(table="contracts_eventhour", way=within(EVENT_PART, "part_id")),
    CHANGE,
    Held(
        table="contracts_changemove", way=within(CHANGE, "change_id"), erased=struck("reason") | actors("actor_name"),
    ),
    Held(
        table="contracts_changepaper", way=within(CHANGE, "change_id"), documents=("document_id",),
        erased=struck("file_name"),
    ),
    Held(table="contracts_changeeffect", way=within(CHANGE, "change_id"), erased=struck("old_name", "text")),
    BREACH,
    Held(table="contracts_breachstep", way=within(BREACH, "case_id"), erased=struck("text")),
    Held(
        table="contracts_oneoffcharge", way=by_account(f"coalesce({ROW}.agreed_date, current_date)"), subject="charge",
        erased=struck("reason", "cancel_reason"),
    ),
    INSPECTION,
    USAGE_INSPECTION,
    USAGE_SUSPICION,
    DEFECT,
    Held(table="contracts_defectphoto", way=within(DEFECT, "defect_id"), documents=("document_id",)),
    Held(
        table="contracts_rectificationnotice", way=within(INSPECTION, "inspection_id"), subject="rectification_notice",
        documents=("signature_id", "document_id"), erased=struck("signer_name", "refusal", "witness"),
    ),
    CORRECTION,
    EXCEPTION,
    ANOMALY,
    BEHAVIOUR,
    WORK,
    Held(
        table="metering_workordermove", way=within(WORK, "work_order_id"), exported=False,
        erased=struck("note") | actors("actor_name"),
    ),
    Held(
        table="metering_workanswer", way=within(WORK, "work_order_id"), exported=False,
        erased=struck("value", "value_en", "value_zh"),
    ),
    Held(table="metering_workphoto", way=within(WORK, "work_order_id"), documents=("document_id",)),
    Held(
        table="metering_appointment", way=within(WORK, "work_order_id"), erased=struck("reason"), subject="appointment",
    ),
)  # fmt: skip


def obstacles(customer_id: int, account_ids: Sequence[int]) -> Iterable[Obstacle]:
    """Return what stands against it in this room: an application or a change under way, a supply, a programme."""
    applications = ServiceApplication.objects.filter(customer_id=customer_id, state__in=[str(one) for one in OPEN])
    changes = ChangeSet.objects.filter(account_id__in=list(account_ids), state__in=[str(one) for one in OPEN_STATES])
    if applications.exists() or changes.filter(customer_id=customer_id).exists():
        yield Obstacle(code="application_open")
    running = [EnrollmentState.OFFERED.value, EnrollmentState.SIGNED.value, EnrollmentState.RUNNING.value]
    if Enrollment.objects.filter(customer_id=customer_id, state__in=running).exists():
        yield Obstacle(code="programme_runs")
