"""Hours that load forecasts suggest for events of demand response, area by area."""

from dataclasses import dataclass
from datetime import date

from contracts.domain import event_proposals
from contracts.domain.event_proposals import Proposal
from metering.queries import forecasts

DAYS = 28
"""Days before whose peaks say what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaProposal:
    """
    Hours of an area that stand out.

    feeder_id  None: the whole supplier; ``feeder`` its name, ""
    forecast_id  the forecast that suggests them
    """

    feeder_id: int | None
    feeder: str
    forecast_id: int
    target_date: date
    proposal: Proposal


def of_day(*, target: date) -> tuple[AreaProposal, ...]:
    """Return what the forecasts of a day suggest, the whole supplier first; two statements."""
    before = forecasts.days_before(target=target, days=DAYS)
    found = []
    for card in forecasts.of_day(target=target):
        proposal = event_proposals.propose(values_w=card.values_w, days_w=before.get(card.feeder_id, ()))
        if proposal is not None:
            found.append(
                AreaProposal(
                    feeder_id=card.feeder_id, feeder=card.feeder, forecast_id=card.id, target_date=target,
                    proposal=proposal,
                )
            )  # fmt: skip
    return tuple(found)
