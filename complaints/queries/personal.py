"""Where personal data of customers stand in this room; what is said of our people is no part of an export."""

from collections.abc import Iterable, Mapping, Sequence

from cis.platform.personal import (
    BY_CUSTOMER,
    CUSTOMER_GONE,
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


HELD = (
    CASE,
    _of_case("complaints_casemove", struck("reason") | actors("actor_name"), exported=False),
    _of_case("complaints_finding", struck("text", "shown_by"), exported=False),
    _of_case("complaints_casereply", struck("text") | actors("actor_name")),
    _of_case("complaints_callback", struck("note") | actors("actor_name")),
    _of_case("complaints_casephoto", CUSTOMER_GONE, documents=("document_id",)),
    _of_case("complaints_casedeed", {}, documents=("document_id",), exported=False),
)


def obstacles(customer_id: int, account_ids: Sequence[int]) -> Iterable[Obstacle]:  # noqa: ARG001 (a port)
    """
    Return what stands against it in this room: a case that is open.

    It is not said which, nor that it is a case: who may not know of it would.
    """
    if Case.objects.filter(customer_id=customer_id, state__in=[str(one) for one in LIVE]).exists():
        yield Obstacle(code="matter_open")
