"""Where personal data of customers stand in this room; what is said of our people is no part of an export."""

from collections.abc import Iterable, Mapping, Sequence

from cis.platform.personal import (
    BY_CUSTOMER,
    CUSTOMER_GONE,
    KEY_GONE,
    ROW,
    Held,
    Obstacle,
    Way,
    actors,
    by_account,
    either,
    struck,
    within,
)
from complaints.domain.case_workflow import LIVE
from complaints.models.case import Case

_ACCOUNT = by_account(f"{ROW}.taken_at::date")
_UNNAMED = Way(
    f"({ROW}.customer_id IS NULL AND {_ACCOUNT.whose})",
    f"CASE WHEN {ROW}.customer_id IS NULL THEN {_ACCOUNT.owner} END",
)
CASE = Held(
    table="complaints_case", way=either(BY_CUSTOMER, _UNNAMED), subject="case",
    about=("'case'", "t.id::text"),
    nobody=f"""t.customer_id IS NULL AND t.account_id IS NULL AND t.state_since < %(before)s::date
        AND t.state <> ALL('{{{",".join(LIVE)}}}'::text[])""",
    told=f"{ROW}.title <> '–'",
    erased={
        "search_grams": "'{}'",
        **struck("title", "text", "caller_name", "caller_phone", "caller_email", "place", "authority_number"),
        **actors("taker_name"),
    },
)  # fmt: skip


def _of_case(table: str, erased: Mapping[str, str], *, documents: tuple[str, ...] = (), exported: bool = True) -> Held:
    return Held(
        table=table, way=within(CASE, "case_id"), about=("'case'", "t.case_id::text"), erased=erased,
        documents=documents, exported=exported,
    )  # fmt: skip


def _unknown(column: str) -> Way:
    """Return the way of what came from somebody who was not known: by the case, or where it came from."""
    by_case = within(CASE, "case_id")
    return Way(
        f"""({ROW}.customer_id IS NULL AND ({by_case.whose} OR {ROW}.{column} IN (
            SELECT c.value FROM accounts_contactpoint c WHERE c.customer_id = %(customer)s::bigint)))""",
        f"""coalesce({by_case.owner},
            (SELECT min(c.customer_id) FROM accounts_contactpoint c WHERE c.value = {ROW}.{column}))""",
        by_case.depth, by_case.links,
    )  # fmt: skip


MAIL = Held(
    table="complaints_casemail", way=either(BY_CUSTOMER, _unknown("sender_address")), subject="case_mail",
    nobody="t.customer_id IS NULL AND t.case_id IS NULL AND t.taken_at < %(before)s::date",
    told=f"{ROW}.key NOT LIKE 'erased:%%'",
    about=("'case'", "coalesce(t.case_id, 0)::text"),
    erased={
        "key": KEY_GONE, **struck("sender_name", "sender_address", "subject", "text", "left_out", "detail"),
    },
)  # fmt: skip
CALL = Held(
    table="complaints_callrequest", way=either(BY_CUSTOMER, _unknown("phone")), subject="call_request",
    nobody="t.customer_id IS NULL AND t.case_id IS NULL AND t.ended_at < %(before)s::date",
    told=f"{ROW}.phone NOT LIKE 'erased:%%'",
    about=("'case'", "coalesce(t.case_id, 0)::text"), erased={
        "phone": KEY_GONE, **struck("name", "about"),
        "taker_name": "CASE WHEN t.taker_kind = 'customer' THEN '–' ELSE t.taker_name END",
    },
)  # fmt: skip
CHOSEN = _of_case("complaints_chosencase", {}, exported=False)

HELD = (
    CASE,
    _of_case("complaints_casemove", struck("reason") | actors("actor_name"), exported=False),
    _of_case("complaints_finding", struck("text", "shown_by"), exported=False),
    _of_case("complaints_casereply", struck("text") | actors("actor_name")),
    _of_case("complaints_callback", struck("note") | actors("actor_name")),
    _of_case("complaints_casephoto", CUSTOMER_GONE, documents=("document_id",)),
    _of_case("complaints_casedeed", {}, documents=("document_id",), exported=False),
    _of_case("complaints_lesson", struck("text", "done_note"), exported=False),
    CHOSEN,
    Held(
        table="complaints_evaluation",
        way=within(CHOSEN, "chosen_id"),
        erased=struck("note", "reason"),
        exported=False,
    ),
    MAIL,
    CALL,
    Held(table="complaints_callattempt", way=within(CALL, "request_id"), erased=struck("note"), exported=False),
    Held(table="complaints_callercheck", way=BY_CUSTOMER, erased=struck("phone")),
)


def obstacles(customer_id: int, account_ids: Sequence[int]) -> Iterable[Obstacle]:  # noqa: ARG001 (a port)
    """
    Return what stands against it in this room: a case that is open.

    It is not said which, nor that it is a case: who may not know of it would.
    """
    if Case.objects.filter(customer_id=customer_id, state__in=[str(one) for one in LIVE]).exists():
        yield Obstacle(code="matter_open")
