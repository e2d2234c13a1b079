"""Opening values of agreements that are taken over from other books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings
from cis.platform import audit
from cis.platform.db import copy_rows, joins_transaction
from contracts.domain import openings as rules
from contracts.domain.agreements import NewAgreement
from contracts.domain.openings import Begun, NewOpening, Opening, OpeningKind
from contracts.models.opening import OpeningValue
from contracts.operations.agreement_loads import InvalidLoad
from contracts.operations.asked_facts import FirstPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedOpenings:
    """Checked values with everything found in the delivery; only one without findings can be loaded."""

    values: tuple[Opening, ...]
    findings: Findings


def prepare(*, delivered: Sequence[NewOpening], agreements: Sequence[NewAgreement]) -> PreparedOpenings:
    """
    Check opening values against the prices that hold on the first day of their agreements; nothing is written.

    Two statements, and the texts of tariffs once each.

    :param agreements: those that are loaded with them.
    """
    findings = Findings()
    named = {new.agreement for new in delivered}
    mine = [one for one in agreements if one.external_id in named]
    prices = FirstPrices(agreements=mine)
    begun = {one.external_id: Begun(start_date=one.start_date, plan=prices.of(one)) for one in mine}
    values = rules.checked(delivered=delivered, begun=begun, findings=findings)
    return PreparedOpenings(values=values, findings=findings)


@joins_transaction
def carry_count(*, agreement_id: int, counted_wh: int, source: str, actor: Actor) -> None:
    """
    Let the count of steps of another agreement go on in one that followed it; a value that is there is replaced.

    counted_wh  energy since the tier cycle began, on the first day of the agreement [Wh]
    """
    OpeningValue.objects.update_or_create(
        agreement_id=agreement_id,
        kind=OpeningKind.COUNTED.value,
        name="",
        month_date=None,
        defaults={"value": counted_wh, "source": source, "actor_id": actor.id},
    )
    audit.record(actor, "carry_count", "agreement", agreement_id, counted_wh=counted_wh, source=source)


@joins_transaction
def load(*, prepared: PreparedOpenings, agreement_ids: Mapping[str, int], actor: Actor) -> None:
    """
    Write prepared opening values by COPY.

    :param agreement_ids: ids by external id.
    :raises InvalidLoad: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidLoad)
    if not prepared.values:
        return
    now = timezone.now()
    copy_rows(
        table="contracts_openingvalue",
        columns=("agreement_id", "kind", "name", "month_date", "value", "source", "actor_id", "created_at"),
        rows=(
            (agreement_ids[one.agreement], one.kind.value, one.name, one.month, one.value, one.source, actor.id, now)
            for one in prepared.values
        ),
    )
    audit.record(actor, "load", "opening_value", None, values=len(prepared.values))
