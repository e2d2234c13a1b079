"""Many agreements at once: checked as a whole, loaded by COPY."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit
from cis.platform.db import copy_rows, joins_transaction, take_ids
from contracts.domain import agreements as rules
from contracts.domain.agreements import NOTHING, NewAgreement, Supplied
from contracts.operations import asked_facts
from contracts.operations.agreements import columns_of
from contracts.queries import agreements as queries


class InvalidLoad(Refused):
    """The delivery has findings; nothing of it was written."""

    code = "invalid_load"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedLoad:
    """A checked delivery with everything found in it; only one without findings can be loaded."""

    agreements: tuple[NewAgreement, ...]
    tariff_ids: Mapping[str, int]
    findings: Findings


def prepare(
    *, agreements: Sequence[NewAgreement], accounts: Collection[str], service_points: Collection[str]
) -> PreparedLoad:
    """
    Check a whole delivery of agreements; five statements, and the texts of tariffs once each; nothing is written.

    :param accounts: external ids of all accounts that exist or are loaded with it.
    :param service_points: likewise of service points.
    """
    findings = Findings()
    prices = asked_facts.FirstPrices(agreements=agreements)
    kept = queries.ids_by_external_id(new.external_id for new in agreements)
    seen: set[str] = set()
    for new in agreements:
        rules.check(new, findings=findings)
        prices.note_missing(new, findings=findings)
        for field, code, is_wrong, value in (
            ("external_id", "external_id_taken", new.external_id in kept, new.external_id),
            ("external_id", "external_id_twice", new.external_id in seen, new.external_id),
            ("account", "unknown_account", new.account not in accounts, new.account),
            ("service_point", "unknown_service_point", new.service_point not in service_points, new.service_point),
            ("tariff", "unknown_tariff", new.tariff not in prices.ids, new.tariff),
        ):
            if is_wrong:
                findings.add(f"{new.where}: {field}", code, f"{value}: {_SAID[code]}")
        seen.add(new.external_id)
    times = queries.times_supplied({new.service_point for new in agreements})
    kept_times = [(point, Supplied(since, until, agreement)) for point, agreement, since, until in times]
    rules.check_overlaps(delivered=agreements, kept=kept_times, findings=findings)
    return PreparedLoad(agreements=tuple(agreements), tariff_ids=prices.ids, findings=findings)


@joins_transaction
def load(
    *, prepared: PreparedLoad, account_ids: Mapping[str, int], service_point_ids: Mapping[str, int], actor: Actor
) -> dict[str, int]:
    """
    Write a prepared delivery by COPY; nothing is announced, since no room has data yet that could depend on it.

    :param account_ids, service_point_ids: ids by external id.
    :returns: ids of the agreements, by external id.
    :raises InvalidLoad: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidLoad)
    ids = take_ids("contracts_serviceagreement", len(prepared.agreements))
    rows = list(zip(prepared.agreements, ids, strict=True))
    now = timezone.now()
    copy_rows(
        table="contracts_serviceagreement",
        columns=("id", "external_id", "account_id", "service_point_id", "period", "created_at"),
        rows=(
            (
                new_id,
                new.external_id,
                account_ids[new.account],
                service_point_ids[new.service_point],
                DateRange(new.start_date, new.end_date),
                now,
            )
            for new, new_id in rows
        ),
    )
    copy_rows(
        table="contracts_agreementterm",
        columns=("agreement_id", "tariff_id", "household", "period", *columns_of(NOTHING)),
        rows=(
            (
                new_id,
                prepared.tariff_ids[new.tariff],
                new.household,
                DateRange(new.start_date, new.end_date),
                *columns_of(new.agreed).values(),
            )
            for new, new_id in rows
        ),
    )
    audit.record(actor, "load", "agreement", None, agreements=len(rows))
    return {new.external_id: new_id for new, new_id in rows}


_SAID = {
    "external_id_taken": "this agreement exists already.",
    "external_id_twice": "this agreement stands twice in the delivery.",
    "unknown_account": "there is no such account.",
    "unknown_service_point": "there is no such service point.",
    "unknown_tariff": "the price book has no such tariff.",
}
