"""Agreements in force: columns for a billing run, rows for a page."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.platform import db
from contracts.domain.agreements import Agreed, AgreementColumns
from contracts.models.agreement import AgreementTerm, ServiceAgreement

FIELDS = tuple(name for name in AgreementColumns.__dataclass_fields__ if name != "feature_sets")


class UnknownAgreement(Refused):
    """There is no such agreement."""

    code = "unknown_agreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermCard:
    """What holds over [start_date, end_date); end_date None = until further notice."""

    id: int
    tariff_id: int
    tariff_code: str
    tariff_name_zh: str
    tariff_name_en: str
    household: int
    agreed: Agreed
    start_date: date
    end_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCard:
    """An agreement as a page shows it; ``terms`` in the order of time."""

    id: int
    external_id: str
    account_id: int
    service_point_id: int
    start_date: date
    end_date: date | None
    terms: tuple[TermCard, ...]

    def term_on(self, day: date) -> TermCard | None:
        """Return the term that holds on a date, None outside the agreement."""
        return next((t for t in self.terms if t.start_date <= day and (t.end_date is None or day < t.end_date)), None)


def in_force(*, account_ids: Sequence[int] | np.ndarray, start_date: date, end_date: date) -> AgreementColumns:
    """
    Return the agreements of some accounts in [start_date, end_date), one row per piece of agreement x term.

    One statement for any number of accounts, and one value: all rows packed, 96 bytes each.
    """
    wanted = np.asarray(account_ids, dtype=np.int64).tolist()
    ((packed, sets),) = db.fetch(_IN_FORCE, {"accounts": wanted, "start": start_date, "end": end_date})
    rows = np.frombuffer(packed or b"", dtype=">i8").reshape(-1, len(FIELDS))
    columns = np.ascontiguousarray(rows.T.astype(np.int64))
    feature_sets = tuple(tuple(words.split()) for words in sets or [""])
    return AgreementColumns(**dict(zip(FIELDS, columns, strict=True)), feature_sets=feature_sets)


def lives(*, agreement_ids: Sequence[int] | np.ndarray) -> tuple[Int64, Int64, Int64]:
    """
    Return (id, first day, first day without supply) of some agreements, ascending by id, (g,) each; one statement.

    Days are ordinals; the end of one that goes on until further notice is the largest int64.
    """
    wanted = np.asarray(agreement_ids, dtype=np.int64).tolist()
    columns = db.read_columns(_LIVES, [wanted], columns=3)
    return columns[0], columns[1], columns[2]


def suspensions(*, agreement_ids: Sequence[int] | np.ndarray) -> tuple[Int64, Int64, Int64, Int64]:
    """
    Return (agreement, first day, end day, suspended VA) of terms in which capacity is suspended; one statement.

    By agreement and start, whole terms, (n,) each; the end of one that goes on until further notice is far away.
    """
    wanted = np.asarray(agreement_ids, dtype=np.int64).tolist()
    columns = db.read_columns(_SUSPENSIONS, [wanted], columns=4)
    return columns[0], columns[1], columns[2], columns[3]


def of_account(*, account_id: int) -> tuple[AgreementCard, ...]:
    """Return all agreements of an account, latest first; two statements."""
    return _cards(ServiceAgreement.objects.filter(account_id=account_id).order_by("-period", "id"))


def card(*, agreement_id: int) -> AgreementCard:
    """
    Return one agreement; two statements.

    :raises UnknownAgreement: there is none.
    """
    found = _cards(ServiceAgreement.objects.filter(id=agreement_id))
    if not found:
        raise UnknownAgreement(f"There is no agreement {agreement_id}.", agreement_id=agreement_id)
    return found[0]


def cards(*, agreement_ids: Iterable[int]) -> tuple[AgreementCard, ...]:
    """Return some agreements, those that exist, in the order of their ids; two statements."""
    return _cards(ServiceAgreement.objects.filter(id__in=list(agreement_ids)).order_by("id"))


def account_ids_in_force(*, start_date: date, end_date: date) -> np.ndarray:
    """Return the ids of all accounts with an agreement in [start_date, end_date), ascending, int64 (n,)."""
    rows = db.fetch(
        "SELECT DISTINCT account_id FROM contracts_serviceagreement "
        "WHERE period && daterange(%s, %s) ORDER BY account_id",
        [start_date, end_date],
    )
    return np.fromiter((account_id for (account_id,) in rows), dtype=np.int64, count=len(rows))


def ids_by_external_id(external_ids: Iterable[str]) -> dict[str, int]:
    """Return the ids of those agreements that exist, by external id; one statement."""
    rows = ServiceAgreement.objects.filter(external_id__in=list(external_ids))
    return dict(rows.values_list("external_id", "id"))


def times_supplied(service_points: Collection[str]) -> list[tuple[str, str, date, date | None]]:
    """Return (service point, agreement, start, end) of what exists, by external ids; one statement."""
    rows = ServiceAgreement.objects.filter(service_point__external_id__in=list(service_points))
    return [
        (service_point, agreement, period.lower, period.upper)
        for service_point, agreement, period in rows.values_list("service_point__external_id", "external_id", "period")
    ]


def _cards(rows: Iterable[ServiceAgreement]) -> tuple[AgreementCard, ...]:
    agreements = list(rows)
    terms: dict[int, list[TermCard]] = {agreement.id: [] for agreement in agreements}
    for term in AgreementTerm.objects.filter(agreement__in=agreements).select_related("tariff").order_by("period"):
        terms[term.agreement_id].append(
            TermCard(
                id=term.id,
                tariff_id=term.tariff_id,
                tariff_code=term.tariff.code,
                tariff_name_zh=term.tariff.name_zh,
                tariff_name_en=term.tariff.name_en,
                household=term.household,
                agreed=Agreed(
                    capacity_va=term.capacity_va,
                    contract_w=term.contract_w,
                    features=tuple(term.features),
                    green_blocks=term.green_blocks,
                    suspended_va=term.suspended_va,
                ),
                start_date=term.period.lower,
                end_date=term.period.upper,
            )
        )
    return tuple(
        AgreementCard(
            id=agreement.id,
            external_id=agreement.external_id,
            account_id=agreement.account_id,
            service_point_id=agreement.service_point_id,
            start_date=agreement.period.lower,
            end_date=agreement.period.upper,
            terms=tuple(terms[agreement.id]),
        )
        for agreement in agreements
    )


_LIVES = """
    SELECT id, (lower(period) - DATE '0001-01-01' + 1)::bigint,
           coalesce((upper(period) - DATE '0001-01-01' + 1)::bigint, 9223372036854775807)
    FROM contracts_serviceagreement WHERE id = ANY(%s) ORDER BY id
"""

_SUSPENSIONS = """
SELECT agreement_id, (lower(period) - DATE '0001-01-01' + 1)::bigint,
       (coalesce(upper(period), DATE '9999-12-31') - DATE '0001-01-01' + 1)::bigint, suspended_va
FROM contracts_agreementterm WHERE agreement_id = ANY(%s) AND suspended_va > 0 ORDER BY agreement_id, lower(period)
"""
# int8send gives big-endian 8 bytes; a date less 0001-01-01, plus 1, is Python's ordinal.
_IN_FORCE = """
WITH pieces AS (
    SELECT * FROM (
        SELECT g.account_id, g.id AS agreement_id, g.service_point_id, t.tariff_id, t.household,
               coalesce(t.capacity_va, -1) AS capacity_va, coalesce(t.contract_w, -1) AS contract_w,
               t.suspended_va, t.green_blocks::bigint AS green_blocks, array_to_string(t.features, ' ') AS features,
               g.period * t.period * daterange(%(start)s, %(end)s) AS piece
        FROM contracts_serviceagreement g JOIN contracts_agreementterm t ON t.agreement_id = g.id
        WHERE g.account_id = ANY(%(accounts)s)
    ) all_pieces
    WHERE NOT isempty(piece)
), sets AS (
    SELECT array_agg(DISTINCT features ORDER BY features) AS known FROM pieces
)
SELECT string_agg(
    int8send(account_id) || int8send(agreement_id) || int8send(service_point_id) || int8send(tariff_id)
    || int8send(household) || int8send(capacity_va) || int8send(contract_w) || int8send(suspended_va)
    || int8send(green_blocks)
    || int8send(array_position(sets.known, features) - 1)
    || int8send(lower(piece) - DATE '0001-01-01' + 1) || int8send(upper(piece) - DATE '0001-01-01' + 1),
    ''::bytea ORDER BY account_id, agreement_id, lower(piece)), (SELECT known FROM sets)
FROM pieces, sets
"""


def exist() -> bool:
    """Return whether there is any agreement."""
    return ServiceAgreement.objects.exists()
