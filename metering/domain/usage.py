"""Approved energy of spans, and how it follows from counter values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class UsageColumns(Columns):
    """
    Approved energy, n spans in the order of service point, register and start.

    period_codes      codes of periods of use, "" = all hours; ``period_of_use`` counts in them
    service_point_id  (n,)
    register_id       (n,)
    period_of_use     (n,) place in period_codes
    start_day         (n,) first local date, ``date.toordinal``
    end_day           (n,) first local date after the span
    energy_wh         (n,) multiplier included [Wh]
    is_estimated      (n,) a value it was computed from was not measured
    is_interval       (n,) computed from interval days, so that it can be split by time of day
    """

    period_codes: tuple[str, ...]
    service_point_id: Int64
    register_id: Int64
    period_of_use: Int64
    start_day: Int64
    end_day: Int64
    energy_wh: Int64
    is_estimated: Flags
    is_interval: Flags
