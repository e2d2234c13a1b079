"""What estimated use would cost at the tariffs of the price book, by the rating kernel."""

from dataclasses import dataclass
from datetime import date

from cis.kernel.errors import Refused
from contracts.domain import estimates
from contracts.domain.estimates import Use
from tariffs.domain import cases
from tariffs.queries import plans, versions

OBSTACLE_MOST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """
    What a year would cost at one version. [minor unit]

    months_minor  twelve amounts, from the month on that begins on or after the start; () = it cannot be told
    obstacle      why not; "" = it can
    """

    tariff_id: int
    version_id: int
    months_minor: tuple[int, ...]
    obstacle: str


def of_tariff(*, tariff_id: int, use: Use, start: date) -> Estimate:
    """
    Return what a year of estimated use would cost at a tariff, at the prices of its first day.

    What the tariff asks for and nobody knows is named, never taken as nothing.

    :raises NoPrice: the tariff has no published version on the first day.
    """
    version = plans.version_on(tariff_id=tariff_id, day=start)
    document = versions.document_of(version.version_id)
    months: tuple[int, ...] = ()
    obstacle = ""
    try:
        wanted = estimates.cases(plan=document.plan, use=use, start=start)
        months = tuple(cases.rated(document=document, values=values).total_minor for values in wanted)
    except Refused as refusal:
        obstacle = _said(refusal)
    return Estimate(tariff_id=tariff_id, version_id=version.version_id, months_minor=months, obstacle=obstacle)


def _said(refusal: Refused) -> str:
    findings = refusal.detail.get("findings", ())
    words = "; ".join(str(finding) for finding in findings) or refusal.message
    return words[:OBSTACLE_MOST] or "It cannot be estimated."
