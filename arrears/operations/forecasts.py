"""Forecasts of the weather: without one that is known and reaches far enough, nobody is cut off."""

from datetime import datetime

from arrears.models.collection import Forecast
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import opens_transaction

FORECASTERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))
COLDEST_TENTHS, HOTTEST_TENTHS = -700, 600
"""What was ever measured lies between."""


class BadForecast(Refused):
    """It has no source, ends before it begins, or its temperatures cannot be."""

    code = "bad_forecast"


@opens_transaction
def enter(
    *, made_at: datetime, until_at: datetime, coldest_tenths: int, hottest_tenths: int, source: str, at: datetime,
    actor: Actor,
) -> int:  # fmt: skip
    """
    Enter a forecast; the latest one that was made counts. Return its id. [1/10 degree Celsius]

    :raises NotAllowed: the actor has no role for it.
    :raises BadForecast: no source, made later than now or twice, an end that has passed, or impossible temperatures.
    """
    if not actor.is_one_of(FORECASTERS):
        raise NotAllowed(f"{actor.name} may not enter forecasts.", advice="Ask billing or a supervisor.")
    if not source.strip():
        raise BadForecast("Nobody is named whose forecast it is.", field="source")
    if made_at > at or until_at <= at or Forecast.objects.filter(made_at=made_at).exists():
        raise BadForecast("It is made later than now, is known already, or its end has passed.", field="until")
    if not COLDEST_TENTHS <= coldest_tenths <= hottest_tenths <= HOTTEST_TENTHS:
        raise BadForecast("These temperatures cannot be.", field="coldest")
    row = Forecast.objects.create(
        made_at=made_at, until_at=until_at, coldest_tenths=coldest_tenths, hottest_tenths=hottest_tenths,
        source=source.strip()[:200], actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "enter", "forecast", row.id, until_at=until_at, coldest=coldest_tenths, hottest=hottest_tenths)
    return row.id
