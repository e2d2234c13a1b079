"""Energy given to the grid by period of use, out of export registers: split as energy that is drawn is."""

from collections.abc import Sequence

import numpy as np

from billing.domain import hourly, measured, sharing
from billing.domain.daily import LocalDays
from billing.domain.facts import NOT_MEASURED
from billing.domain.findings import Obstacle, Obstacles
from billing.domain.pieces import Mask, Pieces, PlanVersion
from billing.queries import profiles, reading, sources
from billing.queries.reading import Metered
from cis.kernel.fixed import Int64
from metering.domain.usage_rules import RuleBook
from tariffs.domain.inputs import Input


class Exports:
    """
    What pieces gave to the grid, where their plans ask for it.

    Statements: usage; where interval days are split, one for their newer versions and one for each month of them.
    """

    def __init__(self, *, pieces: Pieces, versions: Sequence[PlanVersion], book: RuleBook) -> None:
        self.count = len(pieces)
        self.rows = np.flatnonzero(hourly.wants(pieces=pieces, versions=versions, need=Input.EXPORT_WH))
        self.redelivered = np.zeros(self.count, dtype=np.int64)
        self.of: Metered | None = None
        if len(self.rows):
            mine = pieces.take(self.rows)
            usage = sharing.without_check_meters(usage=sources.usage_of(mine, book, sources.GIVEN), book=book)
            found, drawn = Obstacles(), sharing.as_approved(usage)
            drawn = profiles.split(drawn=drawn, pieces=mine, versions=versions, obstacles=found)
            self.of = reading.metered(pieces=mine, versions=versions, drawn=drawn, obstacles=found)
            nothing = np.zeros(len(mine), dtype=np.bool_)
            self.redelivered[self.rows] = reading.redelivered(of=self.of, also=nothing)

    def finish(self, *, local: LocalDays, obstacles: Obstacles) -> tuple[dict[Input, Int64], Mask]:
        """
        Return the energy by period of use, (m, p), and the pieces of which some was not wholly measured. [Wh]

        Accounts of which some is missing are noted.
        """
        estimated = np.zeros(self.count, dtype=np.bool_)
        if self.of is None:
            return {}, estimated
        of = self.of
        energy = reading.split(of=of, local=local)
        for account, one in of.obstacles.of_account.items():
            message = f"The tariff prices energy given to the grid. {one.message}"
            obstacles.add(account, Obstacle(code=NOT_MEASURED, message=message, advice=one.advice))
        width = max(len(one.plan.periods) for one in of.versions)
        column = np.zeros((self.count, width), dtype=np.int64)
        column[self.rows] = measured.by_period(energy_wh=energy, version=of.pieces.version, lanes=of.lanes, width=width)
        estimated[self.rows] = reading.is_estimated(of)
        return {Input.EXPORT_WH: column}, estimated
