"""
When a measured value comes, what was guessed before it is dealt anew.

The energy between two measured values is certain; how it lies between them was guessed. So the guessed values between
them are set again in the ratio of what was guessed, and the energy of the whole is what was measured, exactly.
"""

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.estimation import dealt
from metering.domain.usage import Reads


def true_up(*, measured: Reads, guessed: Reads) -> Reads:
    """
    Return guessed counter values set anew, in their order; those that nothing measured encloses stay as they are.

    Rule: from a measured value over guessed ones to the next measured one, each step gets its part of the measured
    energy in the ratio of the guessed steps. A guessed value of the very day of the second measured one says what the
    last step was guessed to be; without it, the last step has the mean a day of those before. Steps that were guessed
    downward count as 0; where all are 0, days count. Where the measured value fell (a dial that turned, a wrong read),
    nothing is set anew.

    measured, guessed  counter values of any registers in the order of register and day [Wh]
    """
    readings = guessed.reading_wh.copy()
    for register in np.unique(guessed.register_id).tolist():
        mine = np.flatnonzero(guessed.register_id == register)
        fixed = np.flatnonzero(measured.register_id == register)
        for left, right in zip(fixed[:-1].tolist(), fixed[1:].tolist(), strict=True):
            first, last = int(measured.day[left]), int(measured.day[right])
            total = int(measured.reading_wh[right]) - int(measured.reading_wh[left])
            days = guessed.day[mine]
            inside = mine[(days > first) & (days < last)]
            if not inside.size or total < 0:
                continue
            at_end = mine[days == last]
            end = int(guessed.reading_wh[at_end[0]]) if at_end.size else None
            steps = _steps(int(measured.reading_wh[left]), guessed.reading_wh[inside], end)
            lengths = np.diff(np.concatenate(([first], guessed.day[inside], [last])))
            weights = _weights(steps, lengths)
            parts = dealt(total_wh=total, weights=weights if weights.any() else lengths)
            readings[inside] = int(measured.reading_wh[left]) + np.cumsum(parts)[:-1]
    return Reads(
        register_id=guessed.register_id, day=guessed.day, reading_wh=readings, is_estimated=guessed.is_estimated
    )


def fit_days(*, energy_wh: int, guessed: Int64) -> Int64:
    """
    Return guessed intervals of a span set anew so that they add up to what was measured over it, (n,). [Wh]

    Rule: in the ratio of what was guessed, exactly; in equal parts where nothing was.

    guessed  (n,) none negative [Wh]
    """
    return dealt(total_wh=energy_wh, weights=guessed)


def _steps(start_wh: int, guessed: Int64, end_wh: int | None) -> Int64:
    """Return the guessed steps, the last one -1 where it was not guessed."""
    values = np.concatenate(([start_wh], guessed, [] if end_wh is None else [end_wh])).astype(np.int64)
    steps = np.maximum(np.diff(values), 0)
    return steps if end_wh is not None else np.append(steps, -1)


def _weights(steps: Int64, lengths: Int64) -> Int64:
    """Return the weights of steps; a last one that was not guessed has the mean a day of those before it."""
    if steps[-1] >= 0:
        return steps
    known, days = int(steps[:-1].sum()), int(lengths[:-1].sum())
    # All by the days before, so that the mean a day needs no rounding.
    return np.append(steps[:-1] * days, known * int(lengths[-1]))
