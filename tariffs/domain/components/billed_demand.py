"""Demand that is billed in place of what was measured, for all that is priced by it: charges, and kWh per kW."""

from dataclasses import dataclass, replace

import numpy as np

from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.demand import Ratchet, rounded_part
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Adjusting, Charge, LineSlot, Unit


@dataclass(frozen=True, slots=True)
class PartOfMonth:
    """
    A part of the peak that is billed in some months.

    months   calendar months, 1 to 12
    part_e6  0.6 = 600_000
    """

    months: frozenset[int]
    part_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledDemand(Adjusting):
    """
    The demand that is billed, which stands in place of the peak for every other component.

    Rule: the largest of the month's own peak (or the part of it that the month's rule bills), of each ratchet, and of
    the least demand; each rounded half up to the W. [source: NREL SAM, Utilityrate5, ``ur_billing_demand_minimum``,
    ``ur_billing_demand_lookback_percentages``; there a look-back percentage holds for the current month too, unless
    the month bills its actual peak]

    own       months in which only a part of the own peak is billed; () = all of it in every month
    ratchets  what past peaks ask for at the least
    least_w   [W]
    """

    own: tuple[PartOfMonth, ...] = ()
    ratchets: tuple[Ratchet, ...] = ()
    least_w: int = 0

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the peak, and what its parts and ratchets ask for."""
        past = (Input.PAST_PEAKS_W,) if self.ratchets else ()
        months = self.own or any(ratchet.months for ratchet in self.ratchets)
        return (Input.PEAK_W, *past, *((Input.MONTH,) if months else ()))

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot that informs: the billed demand."""
        return (replace(self.slot(Unit.KW, 0), in_total=False),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return no amount, and the billed demand, (n, 1)."""
        billed_w = self.billed_w(batch)[:, None]
        return Charge(np.zeros_like(billed_w), billed_w)

    def added_wh(self, batch: RatingBatch) -> Int64:
        """Return no energy, (n, p)."""
        return np.zeros_like(batch.used_wh)

    def added_peak_w(self, batch: RatingBatch) -> Int64:
        """Return the billed demand less the measured one, for the demand at whatever time alone, (n, q). [W]"""
        added_w = np.zeros_like(batch.inputs[Input.PEAK_W])
        added_w[:, 0] = self.billed_w(batch) - batch.inputs[Input.PEAK_W][:, 0]
        return added_w

    def billed_w(self, batch: RatingBatch) -> Int64:
        """Return the billed demand, (n,). [W]"""
        measured_w = np.maximum(batch.inputs[Input.PEAK_W][:, 0], 0)
        billed_w = measured_w
        for one in self.own:
            holds = np.isin(batch.inputs[Input.MONTH], list(one.months))
            billed_w = np.where(holds, rounded_part(power_w=measured_w, part_e6=one.part_e6), billed_w)
        for ratchet in self.ratchets:
            billed_w = np.maximum(billed_w, ratchet.least_w(batch, 0))
        return np.maximum(billed_w, self.least_w)
